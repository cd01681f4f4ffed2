//! How far this machine's clock is from the service's.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime};

use http::HeaderMap;
use http::header::DATE;
use httpdate::parse_http_date;

/// Less than this is no skew: a signature is good for five minutes either way.
const TOLERANCE: i64 = 4 * 60;

/// Codes of refusals that a wrong clock can be the cause of.
const CODES: &[&str] = &[
    "AuthFailure",
    "InvalidSignatureException",
    "RequestExpired",
    "RequestInTheFuture",
    "RequestTimeTooSkewed",
    "SignatureDoesNotMatch",
];

/// The seconds by which the service's clock is ahead, learnt from the `Date` of a refusal; shared by all calls of a
/// client.
#[derive(Debug, Default)]
pub(crate) struct Skew(AtomicI64);

impl Skew {
    /// The time as the service has it.
    pub(crate) fn correct(&self, now: SystemTime) -> SystemTime {
        match self.0.load(Ordering::Relaxed) {
            0 => now,
            ahead => moved(now, ahead),
        }
    }

    /// Learns from a refusal, at a time by this machine's clock. Whether the corrected time is another than the one
    /// that was signed, so that the call is worth a second attempt.
    pub(crate) fn learn(&self, code: Option<&str>, headers: &HeaderMap, now: SystemTime) -> bool {
        if !code.is_some_and(|code| CODES.contains(&code)) {
            return false;
        }
        let date = headers.get(DATE).and_then(|date| date.to_str().ok());
        let date = date.and_then(|date| parse_http_date(date).ok()).and_then(seconds);
        let (Some(date), Some(now)) = (date, seconds(now)) else { return false };
        let ahead = date - now;
        let was = self.0.load(Ordering::Relaxed);
        if (ahead - was).abs() <= TOLERANCE {
            return false;
        }
        self.0.store(ahead, Ordering::Relaxed);
        true
    }
}

fn seconds(time: SystemTime) -> Option<i64> {
    i64::try_from(time.duration_since(SystemTime::UNIX_EPOCH).ok()?.as_secs()).ok()
}

fn moved(now: SystemTime, ahead: i64) -> SystemTime {
    let by = Duration::from_secs(ahead.unsigned_abs());
    let moved = if ahead < 0 { now.checked_sub(by) } else { now.checked_add(by) };
    moved.unwrap_or(now)
}
