//! Computes the backoff before a retry.

use std::time::{Duration, SystemTime};

use http::header::RETRY_AFTER;
use http::{HeaderMap, HeaderValue};
use httpdate::parse_http_date;

/// The upper bound of the first backoff.
const FIRST_BOUND: Duration = Duration::from_secs(1);

/// Returns a random duration below a bound ("full jitter"). The bound doubles with each attempt.
/// <https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/>
pub(super) fn backoff(attempts: u32, max_backoff: Duration, random: f64) -> Duration {
    let doublings = attempts.saturating_sub(1).min(30);
    let bound = FIRST_BOUND.saturating_mul(1 << doublings).min(max_backoff);
    bound.mul_f64(random.clamp(0.0, 1.0))
}

/// Returns the backoff that the service requests. The header `x-amz-retry-after` contains the backoff in
/// milliseconds. The header `Retry-After` contains it in seconds or as a date.
/// <https://www.rfc-editor.org/rfc/rfc9110#section-10.2.3>
pub(crate) fn retry_after(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let text = |value: &HeaderValue| value.to_str().ok().map(|text| text.trim().to_owned());
    let milliseconds = headers.get("x-amz-retry-after").and_then(text).and_then(|text| text.parse().ok());
    if let Some(milliseconds) = milliseconds {
        return Some(Duration::from_millis(milliseconds));
    }
    let text = headers.get(RETRY_AFTER).and_then(text)?;
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = parse_http_date(&text).ok()?;
    Some(date.duration_since(now).unwrap_or_default())
}
