//! The difference between the local clock and the clock of the server.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime};

use http::HeaderMap;
use http::header::DATE;
use httpdate::parse_http_date;

/// The tolerance in seconds. The client ignores smaller differences, because the service accepts a signature
/// if its time differs by at most five minutes.
const TOLERANCE: i64 = 4 * 60;

/// Error codes that a wrong clock can cause.
const CODES: &[&str] = &[
    "AuthFailure",
    "InvalidSignatureException",
    "RequestExpired",
    "RequestInTheFuture",
    "RequestTimeTooSkewed",
    "SignatureDoesNotMatch",
];

/// The number of seconds by which the clock of the server is ahead of the local clock. The client computes
/// this number from the `Date` header of an error response. All calls of the client share the number.
#[derive(Debug, Default)]
pub(crate) struct ClockSkew(AtomicI64);

impl ClockSkew {
    /// Converts a local time into the time of the server.
    pub(crate) fn correct(&self, now: SystemTime) -> SystemTime {
        match self.0.load(Ordering::Relaxed) {
            0 => now,
            seconds => shift(now, seconds),
        }
    }

    /// Computes the difference again from the `Date` header of an error response. `now` is the local time at
    /// which the response arrived. Keeps the old difference if [`CODES`] does not contain the error code, if
    /// the response has no valid `Date` header, or if the change is within [`TOLERANCE`]. Returns `true` if
    /// the difference has changed. In this case, the signature of a retry contains the
    /// corrected time.
    pub(crate) fn learn(&self, code: Option<&str>, headers: &HeaderMap, now: SystemTime) -> bool {
        if !code.is_some_and(|code| CODES.contains(&code)) {
            return false;
        }
        let date = headers.get(DATE).and_then(|date| date.to_str().ok());
        let date = date.and_then(|date| parse_http_date(date).ok()).and_then(unix_seconds);
        let (Some(date), Some(now)) = (date, unix_seconds(now)) else { return false };
        let seconds = date - now;
        let previous = self.0.load(Ordering::Relaxed);
        if (seconds - previous).abs() <= TOLERANCE {
            return false;
        }
        self.0.store(seconds, Ordering::Relaxed);
        true
    }
}

fn unix_seconds(time: SystemTime) -> Option<i64> {
    i64::try_from(time.duration_since(SystemTime::UNIX_EPOCH).ok()?.as_secs()).ok()
}

fn shift(time: SystemTime, seconds: i64) -> SystemTime {
    let duration = Duration::from_secs(seconds.unsigned_abs());
    let shifted = if seconds < 0 { time.checked_sub(duration) } else { time.checked_add(duration) };
    shifted.unwrap_or(time)
}
