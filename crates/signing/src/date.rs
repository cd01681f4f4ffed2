//! The time of signing as SigV4 writes it: `20150830T123600Z`.

use std::fmt;
use std::str::FromStr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::ascii::Ascii;
use crate::calendar::Date;

/// In seconds.
const DAY: u64 = 24 * 60 * 60;

/// A value of `x-amz-date`: UTC, ISO 8601 basic format, whole seconds, from 1970 to 9999.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AmzDate {
    text: Ascii<16>,
    seconds: u64,
}

/// Not a time that `x-amz-date` can express.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a time of the form 20150830T123600Z between 1970 and 9999")]
pub struct AmzDateError;

impl AmzDate {
    /// The whole text, `20150830T123600Z`.
    pub fn as_str(&self) -> &str {
        self.text.as_str()
    }

    /// The day, `20150830`, as it stands in the credential scope.
    pub fn day(&self) -> &str {
        &self.as_str()[..8]
    }

    pub(crate) fn is_of_the_day_of(&self, other: &Self) -> bool {
        self.seconds / DAY == other.seconds / DAY
    }

    /// Milliseconds since 1970.
    pub(crate) fn milliseconds(&self) -> i64 {
        // Up to the year 9999, so far from the end of the range.
        i64::try_from(self.seconds * 1000).unwrap_or(i64::MAX)
    }

    /// The same instant for the standard library.
    pub fn system_time(&self) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(self.seconds)
    }
}

impl TryFrom<SystemTime> for AmzDate {
    type Error = AmzDateError;

    /// Fractions of a second are cut off.
    fn try_from(time: SystemTime) -> Result<Self, AmzDateError> {
        let seconds = time.duration_since(UNIX_EPOCH).map_err(|_| AmzDateError)?.as_secs();
        let (date, second) = (Date::of(seconds / DAY), seconds % DAY);
        if date.year > 9999 {
            return Err(AmzDateError);
        }
        Ok(Self { text: text(date, second), seconds })
    }
}

impl FromStr for AmzDate {
    type Err = AmzDateError;

    fn from_str(text: &str) -> Result<Self, AmzDateError> {
        let seconds = seconds(text).ok_or(AmzDateError)?;
        let text = text.as_bytes().try_into().map_err(|_| AmzDateError)?;
        Ok(Self { text: Ascii::new(text), seconds })
    }
}

impl fmt::Display for AmzDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

fn text(date: Date, second: u64) -> Ascii<16> {
    let digit = |number: u64| b'0' + (number % 10) as u8;
    let two = |number: u64| [digit(number / 10), digit(number)];
    let ([y1, y2], [y3, y4]) = (two(date.year / 100), two(date.year));
    let ([m1, m2], [d1, d2]) = (two(date.month), two(date.day));
    let ([h1, h2], [n1, n2], [s1, s2]) = (two(second / 3_600), two(second / 60 % 60), two(second % 60));
    Ascii::new([y1, y2, y3, y4, m1, m2, d1, d2, b'T', h1, h2, n1, n2, s1, s2, b'Z'])
}

/// Seconds since 1970.
fn seconds(text: &str) -> Option<u64> {
    let (date, time) = text.strip_suffix('Z')?.split_once('T')?;
    let digits = |text: &str, length| text.len() == length && text.bytes().all(|b| b.is_ascii_digit());
    if !digits(date, 8) || !digits(time, 6) {
        return None;
    }
    let two = |text: &str, at: usize| text[at..at + 2].parse::<u64>().ok();
    let date = Date { year: date[..4].parse().ok()?, month: two(date, 4)?, day: two(date, 6)? };
    let (hour, minute, second) = (two(time, 0)?, two(time, 2)?, two(time, 4)?);
    let is_time = hour < 24 && minute < 60 && second < 60;
    is_time.then_some(date.days()? * DAY + hour * 3_600 + minute * 60 + second)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_and_back() {
        let check = |seconds, expected: &str| {
            let time = UNIX_EPOCH + Duration::from_secs(seconds);
            let date = AmzDate::try_from(time + Duration::from_millis(999)).unwrap();
            assert_eq!(date.as_str(), expected);
            assert_eq!(date.day(), &expected[..8]);
            assert_eq!(date.system_time(), time);
            assert_eq!(expected.parse(), Ok(date));
        };
        check(0, "19700101T000000Z");
        check(1_440_938_160, "20150830T123600Z");
        check(1_709_210_096, "20240229T123456Z");
        check(253_370_764_800, "99990101T000000Z");
    }

    #[test]
    fn times_that_the_field_cannot_express() {
        let before = UNIX_EPOCH - Duration::from_nanos(1);
        let after = UNIX_EPOCH + Duration::from_secs(253_402_300_800);
        for time in [before, after] {
            assert_eq!(AmzDate::try_from(time), Err(AmzDateError));
        }
    }

    #[test]
    fn texts_that_are_no_date() {
        for text in [
            "",
            "Z",
            "T",
            "20150830T123600",
            "2015-08-30T12:36:00Z",
            "20150830T123600Z ",
            "20150230T123600Z",
            "20150830T246000Z",
            "20150830T123660Z",
            "+0150830T123600Z",
            "19691231T235959Z",
            "00000101T000000Z",
            "2015083é0T123600Z",
            "201508301T23600Z",
        ] {
            assert_eq!(text.parse::<AmzDate>(), Err(AmzDateError), "{text:?}");
        }
    }
}
