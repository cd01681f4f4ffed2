//! What is measured, row by row.

use std::fs;

use bench_workload::{LARGE_LENGTH, Measured};

use crate::programs::{measure, workspace};
use crate::roots::Roots;
use crate::row::{CLIENTS, Row};
use crate::samples::Samples;
use crate::server::{Server, Servers};
use crate::{Result, callgrind, heap, single_step, start, targets};

/// A thousand, as in KiB.
const KIBI: f64 = 1024.0;

/// Calls of a run that is counted: few and more.
const COUNTED: (u64, u64) = (100, 600);

/// The same where each instruction is a step, and a step takes microseconds.
const STEPPED: (u64, u64) = (2, 12);

/// Events of a stream that is counted: few and more.
const COUNTED_EVENTS: (u64, u64) = (500, 3000);

/// The same, stepped.
const STEPPED_EVENTS: (u64, u64) = (50, 250);

/// Plain hyper-util has no TLS of its own.
const SPEAK_TLS: &[&str] = &["ours", "official"];

/// Every row but those of clean builds; says on standard error which one is being measured.
pub(crate) fn all(servers: &Servers, rounds: usize) -> Result<Vec<Row>> {
    let Servers { timing, valgrind, stepping } = servers;
    let measuring = Measuring { server: timing, rounds };
    let counting = Measuring { server: valgrind, rounds: rounds.min(3) };
    let stepped = Measuring { server: stepping, rounds: 1 };
    let starting = Measuring { server: timing, rounds: rounds * 4 };
    let roots = Roots::with(timing.certificate())?;
    let request = large_request()?;
    Ok(vec![
        stepped
            .row("instructions a call, as executed", 0, |client| {
                single_step::each(&format!("bench-{client}"), stepping, &["calls"], STEPPED)
            })?
            .held_to(targets::CALL),
        counting.row("instructions a call, Callgrind (SHA-256 in software)", 0, |client| {
            callgrind::each(&format!("bench-{client}"), valgrind, &["calls"], COUNTED)
        })?,
        counting
            .row("heap allocations a call", 1, |client| {
                heap::each(&format!("bench-{client}"), valgrind, &["calls"], COUNTED)
            })?
            .held_to(targets::CALL_ALLOCATIONS),
        measuring
            .work("processor time a call, µs", 1, &["calls", "5000"], |measured| {
                measured.cpu.as_secs_f64() * 1e6 / 5_000.0
            })?
            .held_to(targets::CALL_TIME),
        measuring
            .rate("calls a second, one core, 64 at once", &["at-once", "150", "64"], 9_600.0)?
            .held_to(targets::CALL_RATE),
        measuring
            .work("25 MB there and 25 MB back, ms", 1, &["large"], |measured| {
                measured.wall.as_secs_f64() * 1e3
            })?
            .held_to(targets::LARGE_TIME),
        measuring.work("the same, processor time, ms", 1, &["large"], |measured| {
            measured.cpu.as_secs_f64() * 1e3
        })?,
        measuring
            .work("the same, peak memory above both bodies, MiB", 1, &["large"], above_the_answer)?
            .held_to(targets::LARGE_MEMORY),
        measuring
            .work(
                "25 MB from a file, peak memory above the answer, MiB",
                1,
                &["large-file", &request],
                above_the_answer,
            )?
            .held_to(targets::FILE_MEMORY),
        counting.row("instructions an event, Callgrind", 0, |client| {
            callgrind::each(&format!("bench-{client}"), valgrind, &["stream"], COUNTED_EVENTS)
        })?,
        stepped
            .row("instructions an event, as executed", 0, |client| {
                single_step::each(&format!("bench-{client}"), stepping, &["stream"], STEPPED_EVENTS)
            })?
            .held_to(targets::EVENT),
        counting.row("heap allocations an event", 1, |client| {
            heap::each(&format!("bench-{client}"), valgrind, &["stream"], COUNTED_EVENTS)
        })?,
        measuring.rate("events a second", &["stream", "30000"], 30_000.0)?,
        starting
            .row("process start to first answer over http, ms", 2, |client| {
                start::to_first_answer(client, timing.url(), &roots)
            })?
            .held_to(targets::START_HTTP),
        starting
            .row_of(SPEAK_TLS, "process start to first answer over https, ms", 2, |client| {
                start::to_first_answer(client, timing.tls_url(), &roots)
            })?
            .held_to(targets::START_HTTPS),
        measuring
            .work("memory of an idle client with its connection, KiB", 0, &["idle", "100"], |measured| {
                measured.after.saturating_sub(measured.before) as f64 / 100.0 / KIBI
            })?
            .held_to(targets::IDLE_MEMORY),
        measuring
            .work("memory of a call in flight, 1,000 at once, KiB", 1, &["in-flight", "1000"], |measured| {
                measured.peak.saturating_sub(measured.before) as f64 / 1000.0 / KIBI
            })?
            .held_to(targets::IN_FLIGHT_MEMORY),
    ])
}

/// What a call needed beyond what was resident before it and the answer, in MiB.
fn above_the_answer(measured: &Measured) -> f64 {
    (measured.peak.saturating_sub(measured.before) as f64 - LARGE_LENGTH as f64) / (KIBI * KIBI)
}

/// A file with the request of the large call, and where it is.
fn large_request() -> Result<String> {
    let path = workspace().join("target/large-request");
    fs::write(&path, vec![b'a'; LARGE_LENGTH])?;
    Ok(path.into_os_string().into_string().map_err(|path| format!("{}: is not UTF-8", path.display()))?)
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
        eprintln!("{what}");
        let samples = Samples::alternating(clients, self.rounds, take)?;
        Ok(Row { what, samples, digits, more_is_better: false, target: None })
    }

    /// What the client programs say of their work.
    fn work(
        &self,
        what: &'static str,
        digits: usize,
        work: &[&str],
        value: impl Fn(&Measured) -> f64,
    ) -> Result<Row> {
        self.row(what, digits, |client| Ok(value(&measure(client, self.server, work)?)))
    }

    /// How many of something are done in a second.
    fn rate(&self, what: &'static str, work: &[&str], count: f64) -> Result<Row> {
        let row = self.work(what, 0, work, |measured| count / measured.wall.as_secs_f64())?;
        Ok(Row { more_is_better: true, ..row })
    }
}
