//! The `Date` of an answer: by the endpoint's clock, so that callers can learn how far off theirs is.

use std::time::SystemTime;

use http::HeaderValue;
use invoke_model_protocol::Timestamp;
use invoke_model_protocol::timestamp::{self, Format};

/// The time as a field value, an IMF-fixdate (RFC 9110 section 5.6.7). None for years that it cannot express.
pub(crate) fn field(time: SystemTime) -> Option<HeaderValue> {
    let seconds = Timestamp::try_from(time).ok()?.as_second();
    let whole = Timestamp::from_second(seconds).ok()?;
    HeaderValue::from_str(&timestamp::write(&whole, Format::HttpDate)).ok()
}

/// The time so many seconds later, or earlier. The same where there is no such time.
pub(crate) fn shifted(time: SystemTime, seconds: i64) -> SystemTime {
    let distance = std::time::Duration::from_secs(seconds.unsigned_abs());
    let shifted = if seconds < 0 { time.checked_sub(distance) } else { time.checked_add(distance) };
    shifted.unwrap_or(time)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_date_has_whole_seconds() {
        let time = SystemTime::UNIX_EPOCH + Duration::from_millis(1_440_938_160_999);
        assert_eq!(field(time).unwrap(), "Sun, 30 Aug 2015 12:36:00 GMT");
        assert_eq!(field(shifted(time, -3_600)).unwrap(), "Sun, 30 Aug 2015 11:36:00 GMT");
        assert_eq!(field(shifted(time, 60)).unwrap(), "Sun, 30 Aug 2015 12:37:00 GMT");
        assert_eq!(shifted(time, i64::MAX), time);
    }
}
