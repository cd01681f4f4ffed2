//! The latency that interceptors, metrics and quota limiters add to a call.

use std::process::Command;

use crate::cores::{self, Core};
use crate::document::{self, Part};
use crate::programs::{build, program};
use crate::redis::Redis;
use crate::row::cell;
use crate::samples::Samples;
use crate::server::{Pause, Server};
use crate::{Result, machine};

/// Number of calls of each client in a round.
const CALLS: usize = 2_000;

/// The clients of the program, and their names in the table. The first client has none of the features.
const CLIENTS: [(&str, &str); 5] = [
    ("plain", "none"),
    ("interceptor", "an interceptor that adds a header and counts tokens"),
    ("metrics", "metrics with a reader of the OpenTelemetry SDK"),
    ("memory", "a quota limiter in memory"),
    ("redis", "a quota limiter with a `RedisQuotaStore`"),
];

/// Measures and prints the latencies. Writes their part of the page if `docs` is set.
pub(crate) fn run(rounds: usize, docs: bool) -> Result<()> {
    build(&["bench-server", "bench-platform"])?;
    let (server, redis) = (Server::start(Pause::None)?, Redis::start()?);
    let mut command = Command::new(program("bench-platform"));
    command.args([server.url(), &redis.url(), &CALLS.to_string(), &rounds.max(1).to_string()]);
    let output = cores::on(Core::Client, || command.output())??;
    if !output.status.success() {
        let stderr = String::from_utf8_lossy(&output.stderr);
        return Err(format!("bench-platform: {}\n{stderr}", output.status).into());
    }
    let table = table(&String::from_utf8_lossy(&output.stdout))?;
    let text = format!("{}\n\n{table}", machine::description()?);
    println!("{text}");
    if docs { document::write(&[(Part::Features, &text)]) } else { Ok(()) }
}

/// Converts the output of the program into a table. The added latency is the difference to the first client in the
/// same round.
fn table(output: &str) -> Result<String> {
    let mut table =
        "| feature | p50, µs | p99, µs | added to p50, µs | added to p99, µs |\n|---|---:|---:|---:|---:|\n"
            .to_owned();
    let [plain_p50, plain_p99] = latencies(output, CLIENTS[0].0)?;
    for (client, name) in CLIENTS {
        let [p50, p99] = latencies(output, client)?;
        let mut cells = vec![name.to_owned()];
        cells.extend([&p50, &p99].map(|values| cell(&Samples::of(values.clone()), 1)));
        cells.extend([(&p50, &plain_p50), (&p99, &plain_p99)].map(|(values, plain)| {
            let added = values.iter().zip(plain).map(|(value, plain)| value - plain);
            if client == CLIENTS[0].0 { "-".to_owned() } else { cell(&Samples::of(added.collect()), 1) }
        }));
        table.push_str(&format!("| {} |\n", cells.join(" | ")));
    }
    Ok(table)
}

/// Returns the medians and the 99th percentiles of a client in each round, in microseconds.
fn latencies(output: &str, client: &str) -> Result<[Vec<f64>; 2]> {
    let (mut p50, mut p99) = (Vec::new(), Vec::new());
    for line in output.lines().filter_map(|line| line.strip_prefix(client)?.strip_prefix(' ')) {
        let (first, second) =
            line.split_once(' ').ok_or("bench-platform printed a line without two numbers")?;
        p50.push(first.parse::<f64>()? / 1e3);
        p99.push(second.parse::<f64>()? / 1e3);
    }
    if p50.is_empty() {
        Err(format!("bench-platform printed no line for {client}").into())
    } else {
        Ok([p50, p99])
    }
}

#[cfg(test)]
mod tests {
    use super::table;

    #[test]
    fn added_latency_is_the_difference_within_a_round() {
        let round = |plain: u32| {
            let clients =
                ["plain 0 0", "interceptor 1000 2000", "metrics 2000 0", "memory 0 0", "redis 90000 95000"];
            let line = |line: &str| {
                let mut words = line.split(' ');
                let name = words.next().unwrap();
                let values: Vec<_> =
                    words.map(|word| (word.parse::<u32>().unwrap() + plain).to_string()).collect();
                format!("{name} {}\n", values.join(" "))
            };
            clients.map(line).concat()
        };
        let table = table(&[10_000, 20_000, 60_000].map(round).concat()).unwrap();
        let lines: Vec<_> = table.lines().skip(2).collect();
        assert_eq!(lines[0], "| none | 20.0 ± 40.0 † | 20.0 ± 40.0 † | - | - |");
        assert!(lines[1].ends_with(" | 21.0 ± 40.0 † | 22.0 ± 40.0 † | 1.0 | 2.0 |"), "{}", lines[1]);
        assert!(lines[4].ends_with(" | 90.0 | 95.0 |"), "{}", lines[4]);
        assert!(super::table("plain 1 1\n").is_err());
    }
}
