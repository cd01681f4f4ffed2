//! The rows of the section *A run* in `docs/performance.md`, without clean builds.

use std::fs;
use std::time::Instant;

use bench_workload::{LARGE_LENGTH, Measured};

use crate::programs::{measure, workspace};
use crate::roots::Roots;
use crate::row::{CLIENTS, Row};
use crate::samples::Samples;
use crate::server::{Server, Servers};
use crate::{Result, callgrind, heap, single_step, start, targets};

/// Bytes in a KiB.
const KIBI: f64 = 1024.0;

/// Numbers of calls under Valgrind: in the short run, and in the long run.
const COUNTED: (u64, u64) = (100, 600);

/// Numbers of calls with single-stepping: in the short run, and in the long run. The numbers are small,
/// because each step takes microseconds.
const STEPPED: (u64, u64) = (2, 12);

/// Numbers of events under Valgrind: in the short run, and in the long run.
const COUNTED_EVENTS: (u64, u64) = (500, 3000);

/// Numbers of events with single-stepping: in the short run, and in the long run.
const STEPPED_EVENTS: (u64, u64) = (50, 250);

/// Clients that support TLS. The program of these rows with plain hyper-util has no TLS.
const TLS_CLIENTS: &[&str] = &["ours", "official"];

/// Clients whose benchmark programs call `Converse` and `ConverseStream`.
const CONVERSE_CLIENTS: &[&str] = &["ours"];

/// Measures these rows. Prints the name of each row, and the time of its measurement, to standard
/// error.
pub(crate) fn all(servers: &Servers, rounds: usize) -> Result<Vec<Row>> {
    let Servers { timing, valgrind, stepping } = servers;
    let measuring = Measuring { server: timing, rounds };
    let counting = Measuring { server: valgrind, rounds: rounds.min(3) };
    // Two runs of a program make the same number of allocations, and almost the same number of steps.
    let allocating = Measuring { server: valgrind, rounds: 1 };
    let stepped = Measuring { server: stepping, rounds: 1 };
    let starting = Measuring { server: timing, rounds: rounds * 4 };
    let roots = Roots::with(timing.certificate())?;
    let request = large_request()?;
    Ok(vec![
        stepped
            .row("instructions per call, executed", 0, |client| {
                single_step::each(&format!("bench-{client}"), stepping, &["calls"], STEPPED)
            })?
            .target(targets::CALL),
        counting.row("instructions per call, Callgrind (SHA-256 in software)", 0, |client| {
            callgrind::each(&format!("bench-{client}"), valgrind, &["calls"], COUNTED)
        })?,
        allocating
            .row("heap allocations per call", 1, |client| {
                heap::each(&format!("bench-{client}"), valgrind, &["calls"], COUNTED)
            })?
            .target(targets::CALL_ALLOCATIONS),
        measuring
            .work("processor time per call, µs", 1, &["calls", "5000"], |measured| {
                measured.cpu.as_secs_f64() * 1e6 / 5_000.0
            })?
            .target(targets::CALL_TIME),
        measuring
            .work("25 MB request and 25 MB response, ms", 1, &["large"], |measured| {
                measured.wall.as_secs_f64() * 1e3
            })?
            .target(targets::LARGE_TIME),
        measuring.work("25 MB request and response, processor time, ms", 1, &["large"], |measured| {
            measured.cpu.as_secs_f64() * 1e3
        })?,
        measuring
            .work(
                "25 MB request and response, peak memory without both bodies, MiB",
                1,
                &["large"],
                without_the_response,
            )?
            .target(targets::LARGE_MEMORY),
        measuring
            .work(
                "25 MB request from a file, peak memory without the response, MiB",
                1,
                &["large-file", &request],
                without_the_response,
            )?
            .target(targets::FILE_MEMORY),
        counting.row("instructions per event, Callgrind", 0, |client| {
            callgrind::each(&format!("bench-{client}"), valgrind, &["stream"], COUNTED_EVENTS)
        })?,
        stepped
            .row("instructions per event, executed", 0, |client| {
                single_step::each(&format!("bench-{client}"), stepping, &["stream"], STEPPED_EVENTS)
            })?
            .target(targets::EVENT),
        allocating.row("heap allocations per event", 1, |client| {
            heap::each(&format!("bench-{client}"), valgrind, &["stream"], COUNTED_EVENTS)
        })?,
        stepped
            .row_of(CONVERSE_CLIENTS, "instructions per Converse with 10 messages, executed", 0, |_| {
                single_step::each("bench-ours", stepping, &["converse"], STEPPED)
            })?
            .target(targets::CONVERSE),
        counting.row_of(
            CONVERSE_CLIENTS,
            "instructions per Converse with 10 messages, Callgrind",
            0,
            |_| callgrind::each("bench-ours", valgrind, &["converse"], COUNTED),
        )?,
        stepped
            .row_of(CONVERSE_CLIENTS, "instructions per event of ConverseStream, executed", 0, |_| {
                single_step::each("bench-ours", stepping, &["converse-stream"], STEPPED_EVENTS)
            })?
            .target(targets::CONVERSE_EVENT),
        counting.row_of(
            CONVERSE_CLIENTS,
            "instructions per event of ConverseStream, Callgrind",
            0,
            |_| callgrind::each("bench-ours", valgrind, &["converse-stream"], COUNTED_EVENTS),
        )?,
        starting
            .row("process start to first response over HTTP, ms", 2, |client| {
                start::to_first_response(client, timing.url(), &roots)
            })?
            .target(targets::START_HTTP),
        starting
            .row_of(TLS_CLIENTS, "process start to first response over HTTPS, ms", 2, |client| {
                start::to_first_response(client, timing.tls_url(), &roots)
            })?
            .target(targets::START_HTTPS),
        starting
            .row_of(TLS_CLIENTS, "process start to first streamed token over HTTPS, ms", 2, |client| {
                start::to_first_event(client, timing.tls_url(), &roots)
            })?
            .target(targets::START_STREAM)
            .target(targets::START_STREAM_OF_OFFICIAL),
        measuring
            .work("memory of an idle client with a connection, KiB", 0, &["idle", "100"], |measured| {
                measured.after.saturating_sub(measured.before) as f64 / 100.0 / KIBI
            })?
            .target(targets::IDLE_MEMORY),
        measuring
            .work("memory per call, 1,000 concurrent calls, KiB", 1, &["waiting", "1000"], |measured| {
                measured.peak.saturating_sub(measured.before) as f64 / 1000.0 / KIBI
            })?
            .target(targets::CONCURRENT_MEMORY),
    ])
}

/// Returns the peak memory of a call in MiB. Subtracts the memory before the call, and the length of the
/// response.
fn without_the_response(measured: &Measured) -> f64 {
    (measured.peak.saturating_sub(measured.before) as f64 - LARGE_LENGTH as f64) / (KIBI * KIBI)
}

/// Writes the request body of the large call into a file, and returns the path of the file.
fn large_request() -> Result<String> {
    let path = workspace().join("target/large-request");
    fs::write(&path, vec![b'a'; LARGE_LENGTH])?;
    Ok(path
        .into_os_string()
        .into_string()
        .map_err(|path| format!("{}: the path is not UTF-8", path.display()))?)
}

struct Measuring<'a> {
    server: &'a Server,
    rounds: usize,
}

impl Measuring<'_> {
    fn row(&self, what: &'static str, digits: usize, take: impl FnMut(&str) -> Result<f64>) -> Result<Row> {
        self.row_of(&CLIENTS, what, digits, take)
    }

    fn row_of(
        &self,
        clients: &[&str],
        what: &'static str,
        digits: usize,
        take: impl FnMut(&str) -> Result<f64>,
    ) -> Result<Row> {
        let start = Instant::now();
        let samples = Samples::alternating(clients, self.rounds, take)?;
        eprintln!("{what}: {:.0} seconds", start.elapsed().as_secs_f64());
        Ok(Row::new(what, digits, samples))
    }

    /// Runs the client programs, and computes a value from the output of each run.
    fn work(
        &self,
        what: &'static str,
        digits: usize,
        work: &[&str],
        value: impl Fn(&Measured) -> f64,
    ) -> Result<Row> {
        self.row(what, digits, |client| Ok(value(&measure(client, self.server, work)?)))
    }
}
