//! The clock of the endpoint, and the `Date` header with its time.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use http::HeaderValue;
use invoke_model_protocol::Timestamp;
use invoke_model_protocol::timestamp::{self, Format};

/// A source of the current time.
#[derive(Clone)]
pub(crate) struct Clock(Arc<dyn Fn() -> SystemTime + Send + Sync>);

impl Clock {
    pub(crate) fn new(now: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        Self(Arc::new(now))
    }

    pub(crate) fn now(&self) -> SystemTime {
        (self.0)()
    }
}

impl Default for Clock {
    #[expect(
        clippy::disallowed_methods,
        reason = "a running endpoint needs the time, because signatures expire"
    )]
    fn default() -> Self {
        Self::new(SystemTime::now)
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Clock")
    }
}

/// Formats a time as an IMF-fixdate (RFC 9110 section 5.6.7). Returns `None` for years that the format cannot
/// express.
pub(crate) fn http_date(time: SystemTime) -> Option<HeaderValue> {
    let seconds = Timestamp::try_from(time).ok()?.as_second();
    let truncated = Timestamp::from_second(seconds).ok()?;
    HeaderValue::from_str(&timestamp::write(&truncated, Format::HttpDate)).ok()
}

/// Returns `time` plus `seconds`. `seconds` may be negative. Returns `time` itself if the result is out of
/// range.
pub(crate) fn shifted(time: SystemTime, seconds: i64) -> SystemTime {
    let distance = Duration::from_secs(seconds.unsigned_abs());
    let shifted = if seconds < 0 { time.checked_sub(distance) } else { time.checked_add(distance) };
    shifted.unwrap_or(time)
}
