//! Targets for this client, and their comparison with a run.

use std::fmt;

use crate::figures::{multiple, number, part};
use crate::row::Row;

/// Executed instructions per call.
pub(crate) const CALL: Target = Target::Part(OFFICIAL, 1, 6);
/// Processor time per call.
pub(crate) const CALL_TIME: Target = Target::Part(PLAIN, 13, 10);
/// Heap allocations per call.
pub(crate) const CALL_ALLOCATIONS: Target = Target::AtMost(30);
/// Calls per second on one core, with 64 concurrent calls over HTTP/1.1.
pub(crate) const CALL_RATE: Target = Target::Times(OFFICIAL, 5.0);
/// The same row, compared with plain hyper-util.
pub(crate) const CALL_RATE_OF_PLAIN: Target = Target::Times(PLAIN, 0.9);
/// Calls per second on one core over HTTP/2.
pub(crate) const HTTP2_CALL_RATE: Target = Target::Times(OFFICIAL, 4.0);
/// Memory per concurrent call over HTTP/2.
pub(crate) const HTTP2_MEMORY: Target = Target::Below(OFFICIAL);
/// Time of a call with a 25 MB request and a 25 MB response.
pub(crate) const LARGE_TIME: Target = Target::Part(PLAIN, 21, 10);
/// Peak memory of a call in MiB, without its 25 MB request and 25 MB response.
pub(crate) const LARGE_MEMORY: Target = Target::AtMost(12);
/// Peak memory in MiB of a call with a request from a file, without the 25 MB response.
pub(crate) const FILE_MEMORY: Target = Target::AtMost(2);
/// Executed instructions per event.
pub(crate) const EVENT: Target = Target::AtMost(6_400);
/// Events per second.
pub(crate) const EVENT_RATE: Target = Target::Times(OFFICIAL, 1.5);
/// Events per second, compared with plain hyper-util, which does not decode the events.
pub(crate) const EVENT_RATE_OF_PLAIN: Target = Target::Times(PLAIN, 0.95);
/// Latency of an event that the server sends alone.
pub(crate) const EVENT_LATENCY: Target = Target::WithinSpread(OFFICIAL);
/// Executed instructions per call of `Converse` with 10 messages: twice the 47,300 instructions of an earlier
/// `InvokeModel`.
pub(crate) const CONVERSE: Target = Target::AtMost(94_600);
/// Executed instructions per event of `ConverseStream`.
pub(crate) const CONVERSE_EVENT: Target = Target::AtMost(6_500);
/// Time from process start to the first response over HTTP.
pub(crate) const START_HTTP: Target = Target::Part(OFFICIAL, 1, 2);
/// Time in milliseconds from process start to the first response over HTTPS.
pub(crate) const START_HTTPS: Target = Target::AtMost(6);
/// Time in milliseconds from process start to the first streamed token over HTTPS.
pub(crate) const START_STREAM: Target = Target::AtMost(6);
/// Time from process start to the first streamed token over HTTPS, compared with the official crate.
pub(crate) const START_STREAM_OF_OFFICIAL: Target = Target::Part(OFFICIAL, 1, 4);
/// Memory of an idle client.
pub(crate) const IDLE_MEMORY: Target = Target::Below(OFFICIAL);
/// Memory per concurrent call.
pub(crate) const CONCURRENT_MEMORY: Target = Target::Below(OFFICIAL);
/// Crates of a clean release build.
pub(crate) const BUILD_CRATES: Target = Target::AtMost(80);
/// Processor time of a clean release build.
pub(crate) const BUILD_TIME: Target = Target::Part(OFFICIAL, 1, 3);
/// Size of the program without symbols.
pub(crate) const BUILD_SIZE: Target = Target::Part(OFFICIAL, 1, 3);

const OFFICIAL: Other = Other { client: "official", name: "the official crate" };
const PLAIN: Other = Other { client: "plain", name: "plain hyper-util" };

/// Bound on a median of this client.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Target {
    /// Maximum, in the unit of the row.
    AtMost(u32),
    /// Maximum as a fraction of the value of another client: numerator and denominator.
    Part(Other, u32, u32),
    /// Minimum as a multiple of the value of another client.
    Times(Other, f64),
    /// Less than the value of another client.
    Below(Other),
    /// Maximum: the value of another client, plus the spread of this value.
    WithinSpread(Other),
}

/// Another client.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Other {
    client: &'static str,
    name: &'static str,
}

/// Returns a table of the rows that have a target, with a title for the first column.
pub(crate) fn table(title: &str, rows: &[Row]) -> String {
    let head = format!("| {title} | target | this run | |\n|---|---|---:|---|\n");
    let lines = rows.iter().flat_map(|row| row.targets.iter().map(|target| target.line(row)));
    [head].into_iter().chain(lines).collect()
}

impl Target {
    fn line(self, row: &Row) -> String {
        let (value, met) = self.verdict(row).unwrap_or_else(|| ("not measured".to_owned(), false));
        let verdict = match met {
            _ if self.is_undecided(row) => "not decided, because the spread is more than 15 %",
            true => "met",
            false => "missed",
        };
        format!("| {} | {self} | {value} | {verdict} |\n", row.what)
    }

    /// Returns `true` if the spread of a value is so large that the target says nothing. A large spread of the other
    /// client would otherwise help our client to meet a target.
    fn is_undecided(self, row: &Row) -> bool {
        let Self::WithinSpread(other) = self else { return false };
        ["ours", other.client]
            .iter()
            .any(|client| row.samples(client).is_some_and(|samples| !samples.is_steady()))
    }

    /// Returns the measured value in the form of the target: a number, or a ratio to another client. Also
    /// returns `true` if the value meets the target. Returns `None` if a value is missing.
    fn verdict(self, row: &Row) -> Option<(String, bool)> {
        let ours = row.median("ours")?;
        let ratio_to = |other: Other| row.median(other.client).map(|other| ours / other);
        Some(match self {
            Self::AtMost(most) => (number(ours, row.digits), ours <= f64::from(most)),
            Self::Part(other, numerator, denominator) => {
                let ratio = ratio_to(other)?;
                (part(ratio, 2), ratio <= f64::from(numerator) / f64::from(denominator))
            }
            Self::Times(other, least) => {
                let ratio = ratio_to(other)?;
                (multiple(ratio), ratio >= least)
            }
            Self::Below(other) => {
                let ratio = ratio_to(other)?;
                (part(ratio, 2), ratio < 1.0)
            }
            Self::WithinSpread(other) => {
                let other = row.samples(other.client)?;
                let most = other.median() + other.spread();
                let [value, bound] = [ours, most].map(|value| number(value, row.digits));
                (format!("{value}, bound {bound}"), ours <= most)
            }
        })
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AtMost(most) => write!(f, "at most {}", number(f64::from(*most), 0)),
            Self::Part(Other { name, .. }, numerator, denominator) if numerator < denominator => {
                write!(f, "at most {numerator}/{denominator} of {name}")
            }
            Self::Part(Other { name, .. }, numerator, denominator) => {
                write!(f, "at most {}x {name}", f64::from(*numerator) / f64::from(*denominator))
            }
            Self::Times(Other { name, .. }, least) => write!(f, "at least {least}x {name}"),
            Self::Below(Other { name, .. }) => write!(f, "below {name}"),
            Self::WithinSpread(Other { name, .. }) => write!(f, "at most {name} plus its spread"),
        }
    }
}

#[cfg(test)]
mod tests;
