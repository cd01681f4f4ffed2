//! What ours is held to, all of it; and whether a run keeps it.

use std::fmt;

use crate::figures::{multiple, number, part};
use crate::row::Row;

/// Instructions a call, as executed.
pub(crate) const CALL: Target = Target::Part(OFFICIAL, 1, 6);
/// Processor time a call.
pub(crate) const CALL_TIME: Target = Target::Part(PLAIN, 13, 10);
/// Heap allocations a call.
pub(crate) const CALL_ALLOCATIONS: Target = Target::AtMost(30);
/// Calls a second, on one core, 64 at once.
pub(crate) const CALL_RATE: Target = Target::Times(OFFICIAL, 5);
/// Time of 25 MB there and back.
pub(crate) const LARGE_TIME: Target = Target::Part(PLAIN, 21, 10);
/// Memory above 25 MB there and back, in MiB.
pub(crate) const LARGE_MEMORY: Target = Target::AtMost(12);
/// Memory above the answer where the request is in a file, in MiB.
pub(crate) const FILE_MEMORY: Target = Target::AtMost(2);
/// Instructions an event, as executed.
pub(crate) const EVENT: Target = Target::AtMost(6_400);
/// Start of a process to its first answer over http.
pub(crate) const START_HTTP: Target = Target::Part(OFFICIAL, 1, 2);
/// The same over https.
pub(crate) const START_HTTPS: Target = Target::Part(OFFICIAL, 3, 4);
/// Memory of an idle client.
pub(crate) const IDLE_MEMORY: Target = Target::Below(OFFICIAL);
/// Memory of a call in flight.
pub(crate) const IN_FLIGHT_MEMORY: Target = Target::Below(OFFICIAL);
/// Crates of a clean release build.
pub(crate) const BUILD_CRATES: Target = Target::AtMost(70);
/// Its processor time.
pub(crate) const BUILD_TIME: Target = Target::Part(OFFICIAL, 1, 3);
/// What it makes, without symbols.
pub(crate) const BUILD_SIZE: Target = Target::Part(OFFICIAL, 1, 3);

const OFFICIAL: Other = Other { client: "official", whose: "the official crate's" };
const PLAIN: Other = Other { client: "plain", whose: "plain hyper-util's" };

/// A bound on a median of ours.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Target {
    /// So much, in the unit of the row.
    AtMost(u32),
    /// This part of another's, numerator and denominator.
    Part(Other, u32, u32),
    /// So many times another's.
    Times(Other, u32),
    /// Less than another's.
    Below(Other),
}

/// Whom ours is compared with.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Other {
    client: &'static str,
    whose: &'static str,
}

/// A table of the rows that have a target; `of` says of what.
pub(crate) fn table(of: &str, rows: &[Row]) -> String {
    let head = format!("| {of} | target | this run | |\n|---|---|---:|---|\n");
    let lines = rows.iter().filter_map(|row| Some(row.target?.line(row)));
    [head].into_iter().chain(lines).collect()
}

impl Target {
    fn line(self, row: &Row) -> String {
        let (this, kept) = self.verdict(row).unwrap_or_else(|| ("not measured".to_owned(), false));
        format!("| {} | {self} | {this} | {} |\n", row.what, if kept { "met" } else { "missed" })
    }

    /// What the run has, as the target has it, and whether that will do; nothing where one side is not measured.
    fn verdict(self, row: &Row) -> Option<(String, bool)> {
        let ours = row.median("ours")?;
        let beside = |other: Other| row.median(other.client).map(|other| ours / other);
        Some(match self {
            Self::AtMost(most) => (number(ours, row.digits), ours <= f64::from(most)),
            Self::Part(other, numerator, denominator) => {
                let ratio = beside(other)?;
                (part(ratio, 2), ratio <= f64::from(numerator) / f64::from(denominator))
            }
            Self::Times(other, least) => {
                let ratio = beside(other)?;
                (multiple(ratio), ratio >= f64::from(least))
            }
            Self::Below(other) => {
                let ratio = beside(other)?;
                (part(ratio, 2), ratio < 1.0)
            }
        })
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AtMost(most) => write!(f, "at most {}", number(f64::from(*most), 0)),
            Self::Part(Other { whose, .. }, numerator, denominator) if numerator < denominator => {
                write!(f, "at most {numerator}/{denominator} of {whose}")
            }
            Self::Part(Other { whose, .. }, numerator, denominator) => {
                write!(f, "at most {}x {whose}", f64::from(*numerator) / f64::from(*denominator))
            }
            Self::Times(Other { whose, .. }, least) => write!(f, "at least {least}x {whose}"),
            Self::Below(Other { whose, .. }) => write!(f, "below {whose}"),
        }
    }
}

#[cfg(test)]
mod tests;
