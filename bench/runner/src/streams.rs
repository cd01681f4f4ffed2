//! The speed of event streams: events per second, and the latency of an event.

use crate::document::{self, Part};
use crate::programs::{self, build, measure};
use crate::rates::rate;
use crate::row::{CLIENTS, Row};
use crate::samples::Samples;
use crate::server::{Pause, Server};
use crate::{Result, machine, table, targets};

/// Rates: name of the row, events of a stream, and number of concurrent streams.
const RATES: [(&str, u32, u32); 3] = [
    ("events per second, 1 stream", 200_000, 1),
    ("events per second, 16 concurrent streams", 12_500, 16),
    ("events per second, 256 concurrent streams", 800, 256),
];

/// Number of events of the stream whose latencies are measured.
const PACED: &str = "1000";

/// Measures and prints the rows. Writes their part of the page if `docs` is set.
pub(crate) fn run(rounds: usize, docs: bool) -> Result<()> {
    build(&["bench-server"])?;
    for client in CLIENTS {
        build(&[&format!("bench-{client}")])?;
    }
    let server = Server::start(Pause::None)?;
    let mut rows = Vec::new();
    for (what, events, width) in RATES {
        let work = ["streams", &events.to_string(), &width.to_string()];
        let row =
            rate(&server, rounds, what, f64::from(events * width), |client| measure(client, &server, &work));
        rows.push(row?.target(targets::EVENT_RATE).target(targets::EVENT_RATE_OF_PLAIN));
    }
    let [median, percentile] = latencies(&server, rounds)?;
    rows.extend([
        Row::new("latency of an event, p50, µs", 1, median).target(targets::EVENT_LATENCY),
        Row::new("latency of an event, p99, µs", 1, percentile).target(targets::EVENT_LATENCY),
    ]);
    let text = format!(
        "{}\n\n{}\n{}",
        machine::description()?,
        table::of(&rows),
        targets::table("measurement", &rows)
    );
    println!("{text}");
    if docs { document::write(&[(Part::Streams, &text)]) } else { Ok(()) }
}

/// Measures the latency of an event. Returns the medians and the 99th percentiles of the clients, in microseconds.
fn latencies(server: &Server, rounds: usize) -> Result<[Vec<Samples>; 2]> {
    eprintln!("latency of an event");
    Samples::alternating_pairs(&CLIENTS, rounds, |client| {
        let output = programs::run(client, server, &["paced", PACED])?;
        let (median, percentile) = output.trim().split_once(' ').ok_or("a client printed no latencies")?;
        Ok([median.parse::<f64>()? / 1e3, percentile.parse::<f64>()? / 1e3])
    })
}
