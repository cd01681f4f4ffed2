//! Dates.

use std::time::{Duration, SystemTime};

use crate::clock::{http_date, shifted};

#[test]
fn dates_are_truncated_to_seconds() {
    let time = SystemTime::UNIX_EPOCH + Duration::from_millis(1_440_938_160_999);
    assert_eq!(http_date(time).unwrap(), "Sun, 30 Aug 2015 12:36:00 GMT");
    assert_eq!(http_date(shifted(time, -3_600)).unwrap(), "Sun, 30 Aug 2015 11:36:00 GMT");
    assert_eq!(http_date(shifted(time, 60)).unwrap(), "Sun, 30 Aug 2015 12:37:00 GMT");
    assert_eq!(shifted(time, i64::MAX), time);
}
