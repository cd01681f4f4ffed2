//! The speed of the local endpoint.

use std::process::Command;

use crate::document::{self, Part};
use crate::figures::number;
use crate::programs::{build, program};
use crate::row::cell;
use crate::samples::Samples;
use crate::server::{Pause, Server};
use crate::{Result, callgrind, machine};

const PACKAGE: &str = "bench-endpoint";

/// Counted calls, and counted events: name of the row, work of the program, short run and long run.
const COUNTS: [(&str, &str, (u64, u64)); 2] = [
    ("instructions per served call", "calls", (100, 600)),
    ("instructions per served event", "stream", (500, 3000)),
];

/// Rates: unit, conditions, work of the program, and the target for the rate per second of processor time.
const RATES: [(&str, &str, &[&str], &str); 3] = [
    ("calls", "64 connections", &["call-rate", "300", "64", "1"], "20,000"),
    ("calls", "64 connections, endpoint on two threads", &["call-rate", "300", "64", "2"], "-"),
    ("events", "16 concurrent streams of 2,000 events", &["event-rate", "5", "16", "2000"], "300,000"),
];

/// Numbers of calls after which the peak memory is read.
const MEMORY_CALLS: [&str; 2] = ["10,000", "1,000,000"];

/// Returns the instructions of a served call and of a served event, with the names of their budgets.
pub(crate) fn counts(server: &Server) -> Result<Vec<(&'static str, f64)>> {
    let counts = COUNTS
        .iter()
        .map(|(name, work, times)| Ok((*name, callgrind::each(PACKAGE, server, &[work], *times)?)));
    counts.collect()
}

/// Measures and prints the costs of the endpoint. Writes their part of the page if `docs` is set.
pub(crate) fn run(rounds: usize, docs: bool) -> Result<()> {
    build(&["bench-server", PACKAGE])?;
    let server = Server::start(Pause::None)?;
    let mut table = "| measurement | | target |\n|---|---:|---:|\n".to_owned();
    for (name, count) in counts(&server)? {
        table.push_str(&format!("| {name}, Callgrind (SHA-256 in software) | {} | - |\n", number(count, 0)));
    }
    for (unit, conditions, work, target) in RATES {
        let (mut elapsed, mut spent) = (Vec::new(), Vec::new());
        for _ in 0..rounds.max(1) {
            let [wall, cpu] = rates(server.url(), work)?;
            elapsed.push(wall);
            spent.push(cpu);
        }
        let [elapsed, spent] = [elapsed, spent].map(|rates| cell(&Samples::of(rates), 0));
        table.push_str(&format!(
            "| {unit} per second of processor time, {conditions} | {spent} | {target} |\n"
        ));
        table.push_str(&format!("| {unit} per second, {conditions} | {elapsed} | - |\n"));
    }
    for (calls, peak) in
        MEMORY_CALLS.into_iter().zip(rates(server.url(), &["memory", "10000", "1000000", "64"])?)
    {
        let peak = number(peak / 1024.0 / 1024.0, 1);
        table.push_str(&format!("| peak memory after {calls} calls, MiB | {peak} | - |\n"));
    }
    let text = format!("{}\n\n{table}", machine::description()?);
    println!("{text}");
    if docs { document::write(&[(Part::Endpoint, &text)]) } else { Ok(()) }
}

/// Runs the program, and parses the two numbers that it prints.
fn rates(url: &str, work: &[&str]) -> Result<[f64; 2]> {
    let output = Command::new(program(PACKAGE)).arg(url).args(work).output()?;
    let (stdout, stderr) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    let numbers: Vec<f64> = stdout.split_whitespace().filter_map(|word| word.parse().ok()).collect();
    let rates = <[f64; 2]>::try_from(numbers);
    rates.map_err(|_| format!("{PACKAGE} {}: {}\n{stderr}", work.join(" "), output.status).into())
}
