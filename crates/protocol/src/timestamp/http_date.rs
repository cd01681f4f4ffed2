//! The IMF-fixdate of RFC 9110: `Tue, 29 Apr 2014 18:30:38 GMT`.
//!
//! <https://www.rfc-editor.org/rfc/rfc9110#section-5.6.7>
//!
//! The parser is written by hand, because the general parsers of `jiff` would add ten times as much code to a
//! program.

use std::str::FromStr;

use jiff::Timestamp;
use jiff::civil::{Date, DateTime, Time};
use jiff::tz::Offset;

use super::convert::{decimals, from_decimals};

const WEEKDAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

pub(super) fn write(value: &Timestamp) -> String {
    let time = Offset::UTC.to_datetime(*value);
    let (weekday, month) = (weekday(time.date()), MONTHS[time.month() as usize - 1]);
    let (day, year, hour, minute, second) =
        (time.day(), time.year(), time.hour(), time.minute(), time.second());
    let fraction = decimals(time.subsec_nanosecond());
    format!("{weekday}, {day:02} {month} {year:04} {hour:02}:{minute:02}:{second:02}{fraction} GMT")
}

/// Parses an IMF-fixdate with an optional fraction of a second. Returns `None` for other texts and invalid
/// dates.
pub(super) fn read(text: &str) -> Option<Timestamp> {
    let (name, rest) = text.strip_suffix(" GMT")?.split_once(", ")?;
    let (day, rest) = rest.split_once(' ')?;
    let (month, rest) = rest.split_once(' ')?;
    let (year, rest) = rest.split_once(' ')?;
    let (hour, rest) = rest.split_once(':')?;
    let (minute, second) = rest.split_once(':')?;
    let (second, fraction) = second.split_once('.').unwrap_or((second, "0"));

    let month = (1..).zip(MONTHS).find_map(|(number, name)| (name == month).then_some(number))?;
    let date = Date::new(number(year, 4)?, month, number(day, 2)?).ok()?;
    // `Timestamp` cannot represent leap seconds, so second 60 becomes second 59.
    let second = number(second, 2)?;
    let second = if second == 60 { 59 } else { second };
    let time = Time::new(number(hour, 2)?, number(minute, 2)?, second, from_decimals(fraction)?).ok()?;
    let timestamp = Offset::UTC.to_timestamp(DateTime::from_parts(date, time)).ok()?;
    (weekday(date) == name).then_some(timestamp)
}

fn weekday(date: Date) -> &'static str {
    WEEKDAYS[date.weekday().to_monday_zero_offset() as usize]
}

/// Parses a number with exactly `count` digits.
fn number<T: FromStr>(digits: &str, count: usize) -> Option<T> {
    let exact = digits.len() == count && digits.bytes().all(|byte| byte.is_ascii_digit());
    exact.then(|| digits.parse().ok())?
}
