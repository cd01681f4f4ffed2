//! Calls per second with many concurrent calls, over HTTP/1.1 and HTTP/2.

use bench_workload::Measured;

use crate::document::{self, Part};
use crate::programs::{build, command, measure, output};
use crate::roots::Roots;
use crate::row::{CLIENTS, Row};
use crate::samples::Samples;
use crate::server::{Pause, Server};
use crate::{Result, machine, table, targets};

/// Number of calls of each client in a round. Every width is a divisor.
const CALLS: usize = 64_000;

/// Number of concurrent calls whose memory is measured.
const WAITING: usize = 1_000;

/// Measures and prints the rows. Writes their part of the page if `docs` is set.
pub(crate) fn run(rounds: usize, docs: bool) -> Result<()> {
    build(&["bench-server"])?;
    for client in CLIENTS.into_iter().chain(["ours-http2", "plain-http2"]) {
        build(&[&format!("bench-{client}")])?;
    }
    let server = Server::start(Pause::None)?;
    let roots = Roots::with(server.certificate())?;
    let http1 = |what, width: usize| {
        let work = at_once(width);
        rate(&server, rounds, what, CALLS as f64, |client| {
            measure(client, &server, &work.each_ref().map(String::as_str))
        })
    };
    let http2 = |what, width: usize| {
        let work = at_once(width);
        rate(&server, rounds, what, CALLS as f64, |client| over_http2(client, &server, &roots, &work, CALLS))
    };
    let rows = vec![
        http1("calls per second over HTTP/1.1, 64 concurrent calls", 64)?
            .target(targets::CALL_RATE)
            .target(targets::CALL_RATE_OF_PLAIN),
        http2("calls per second over HTTP/2, 64 concurrent calls", 64)?.target(targets::HTTP2_CALL_RATE),
        http2("calls per second over HTTP/2, 1,000 concurrent calls", 1_000)?
            .target(targets::HTTP2_CALL_RATE),
        memory(&server, rounds, &roots)?.target(targets::HTTP2_MEMORY),
    ];
    let text = format!(
        "{}\n\n{}\n{}",
        machine::description()?,
        table::of(&rows),
        targets::table("measurement", &rows)
    );
    println!("{text}");
    if docs { document::write(&[(Part::Rates, &text)]) } else { Ok(()) }
}

/// Returns the arguments of a client for all calls of a round.
fn at_once(width: usize) -> [String; 3] {
    ["at-once".to_owned(), (CALLS / width).to_string(), width.to_string()]
}

/// Measures a rate per second: `run` runs a client, which does `count` units of work. Also measures the time in which
/// the server ran, because the server must not limit the rate.
pub(crate) fn rate(
    server: &Server,
    rounds: usize,
    what: &'static str,
    count: f64,
    mut run: impl FnMut(&str) -> Result<Measured>,
) -> Result<Row> {
    eprintln!("{what}");
    let [samples, server] = Samples::alternating_pairs(&CLIENTS, rounds, |client| {
        let before = server.processor_time()?;
        let wall = run(client)?.wall.as_secs_f64();
        Ok([count / wall, (server.processor_time()? - before) / wall])
    })?;
    Ok(Row { more_is_better: true, server, ..Row::new(what, 0, samples) })
}

fn memory(server: &Server, rounds: usize, roots: &Roots) -> Result<Row> {
    let what = "memory per call over HTTP/2, 1,000 concurrent calls, KiB";
    eprintln!("{what}");
    let work = ["waiting".to_owned(), WAITING.to_string()];
    let samples = Samples::alternating(&CLIENTS, rounds, |client| {
        let measured = over_http2(client, server, roots, &work, WAITING)?;
        Ok(measured.peak.saturating_sub(measured.before) as f64 / WAITING as f64 / 1024.0)
    })?;
    Ok(Row::new(what, 1, samples))
}

/// Runs a client over HTTP/2. Returns an error unless one connection carried all its calls.
fn over_http2(
    client: &str,
    server: &Server,
    roots: &Roots,
    work: &[String],
    calls: usize,
) -> Result<Measured> {
    let before = server.http2_counts()?;
    let program = match client {
        // The official crate always supports HTTP/2. The other clients have separate programs.
        "official" => client.to_owned(),
        _ => format!("{client}-http2"),
    };
    let work: Vec<_> = work.iter().map(String::as_str).collect();
    let mut command = command(&program, server.http2_url(), &work);
    roots.configure(&mut command);
    let measured = output(command)?.trim().parse()?;
    let after = server.http2_counts()?;
    let [connections, requests] = [0, 1].map(|index| after[index] - before[index]);
    if connections != 1 || requests < calls as u64 {
        return Err(
            format!("bench-{program}: {connections} HTTP/2 connections carried {requests} calls").into()
        );
    }
    Ok(measured)
}
