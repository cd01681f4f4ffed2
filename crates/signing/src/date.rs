//! The signing time in the format of SigV4: `20150830T123600Z`.

use std::fmt;
use std::str::FromStr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::Offset;

use crate::hex::AsciiArray;

const SECONDS_PER_DAY: u64 = 24 * 60 * 60;

/// A value of the `x-amz-date` header. The value is a UTC time in ISO 8601 basic format with whole seconds.
/// The time is in the years 1970 to 9999.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AmzDate {
    text: AsciiArray<16>,
    /// Seconds since 1970-01-01T00:00:00Z.
    seconds: u64,
}

/// The error for a text that does not have the form `20150830T123600Z`, or for a time outside the years 1970
/// to 9999.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the time must have the form 20150830T123600Z and be in the years 1970 to 9999")]
pub struct AmzDateError;

impl AmzDate {
    /// Returns the text, for example `20150830T123600Z`.
    pub fn as_str(&self) -> &str {
        self.text.as_str()
    }

    /// Returns the day, for example `20150830`. The credential scope contains this text.
    pub fn day(&self) -> &str {
        &self.as_str()[..8]
    }

    pub(crate) fn is_same_day(&self, other: &Self) -> bool {
        self.seconds / SECONDS_PER_DAY == other.seconds / SECONDS_PER_DAY
    }

    /// Returns the milliseconds since 1970-01-01T00:00:00Z.
    pub(crate) fn milliseconds(&self) -> i64 {
        // Times up to the year 9999 do not overflow.
        i64::try_from(self.seconds * 1000).unwrap_or(i64::MAX)
    }

    /// Converts the date into a [`SystemTime`].
    pub fn system_time(&self) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(self.seconds)
    }
}

impl TryFrom<SystemTime> for AmzDate {
    type Error = AmzDateError;

    /// Converts a time. Discards fractions of a second.
    fn try_from(time: SystemTime) -> Result<Self, AmzDateError> {
        let seconds = time.duration_since(UNIX_EPOCH).map_err(|_| AmzDateError)?.as_secs();
        let signed = i64::try_from(seconds).map_err(|_| AmzDateError)?;
        let timestamp = Timestamp::from_second(signed).map_err(|_| AmzDateError)?;
        Ok(Self { text: format(Offset::UTC.to_datetime(timestamp)), seconds })
    }
}

impl FromStr for AmzDate {
    type Err = AmzDateError;

    fn from_str(text: &str) -> Result<Self, AmzDateError> {
        let seconds = parse(text).ok_or(AmzDateError)?;
        let text = text.as_bytes().try_into().map_err(|_| AmzDateError)?;
        Ok(Self { text: AsciiArray::new(text), seconds })
    }
}

impl fmt::Display for AmzDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Formats a date without the general formatter of `jiff`, because that formatter adds much more code and
/// allocates memory.
fn format(time: DateTime) -> AsciiArray<16> {
    let digit = |number: i16| b'0' + (number % 10) as u8;
    let two_digits = |number: i16| [digit(number / 10), digit(number)];
    let ([y1, y2], [y3, y4]) = (two_digits(time.year() / 100), two_digits(time.year()));
    let ([m1, m2], [d1, d2]) = (two_digits(time.month().into()), two_digits(time.day().into()));
    let ([h1, h2], [n1, n2]) = (two_digits(time.hour().into()), two_digits(time.minute().into()));
    let [s1, s2] = two_digits(time.second().into());
    AsciiArray::new([y1, y2, y3, y4, m1, m2, d1, d2, b'T', h1, h2, n1, n2, s1, s2, b'Z'])
}

/// Parses a date and returns the seconds since 1970-01-01T00:00:00Z.
fn parse(text: &str) -> Option<u64> {
    let (date, time) = text.strip_suffix('Z')?.split_once('T')?;
    let digits = |text: &str, length| text.len() == length && text.bytes().all(|b| b.is_ascii_digit());
    if !digits(date, 8) || !digits(time, 6) {
        return None;
    }
    let two_digits = |text: &str, start: usize| text[start..start + 2].parse::<i8>().ok();
    let (year, month, day) = (date[..4].parse().ok()?, two_digits(date, 4)?, two_digits(date, 6)?);
    let (hour, minute, second) = (two_digits(time, 0)?, two_digits(time, 2)?, two_digits(time, 4)?);
    let time = DateTime::new(year, month, day, hour, minute, second, 0).ok()?;
    u64::try_from(Offset::UTC.to_timestamp(time).ok()?.as_second()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn converts_between_text_and_system_time() {
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
        check(4_107_542_399, "21000228T235959Z");
        check(253_370_764_800, "99990101T000000Z");
    }

    #[test]
    fn rejects_times_outside_the_range() {
        let before = UNIX_EPOCH - Duration::from_nanos(1);
        let after = UNIX_EPOCH + Duration::from_secs(253_402_300_800);
        for time in [before, after] {
            assert_eq!(AmzDate::try_from(time), Err(AmzDateError));
        }
    }

    #[test]
    fn rejects_other_texts() {
        for text in [
            "",
            "Z",
            "T",
            "20150830T123600",
            "2015-08-30T12:36:00Z",
            "20150830T123600Z ",
            "20150230T123600Z",
            "20230229T123600Z",
            "21000229T123600Z",
            "20240431T123600Z",
            "20240001T123600Z",
            "20241301T123600Z",
            "20240100T123600Z",
            "20150830T246000Z",
            "20150830T240000Z",
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
