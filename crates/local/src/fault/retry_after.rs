//! When an answer says that its caller may try again.

use std::time::{Duration, SystemTime};

use http::header::{HeaderName, HeaderValue, RETRY_AFTER};
use serde::Deserialize;

use crate::date;

/// What an answer says of when to try again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum RetryAfter {
    /// `Retry-After` with so many seconds (RFC 9110 section 10.2.3).
    Seconds(u64),
    /// `Retry-After` with the date that is so many seconds after the answer's own.
    DateIn(u64),
    /// `x-amz-retry-after` with so many milliseconds, which AWS SDKs read.
    Milliseconds(u64),
}

impl RetryAfter {
    /// The header field, in an answer of that time. None for a date that cannot be written.
    pub(crate) fn field(self, now: SystemTime) -> Option<(HeaderName, HeaderValue)> {
        match self {
            Self::Seconds(seconds) => Some((RETRY_AFTER, seconds.into())),
            Self::DateIn(seconds) => {
                let then = now.checked_add(Duration::from_secs(seconds))?;
                Some((RETRY_AFTER, date::field(then)?))
            }
            Self::Milliseconds(milliseconds) => {
                Some((HeaderName::from_static("x-amz-retry-after"), milliseconds.into()))
            }
        }
    }
}
