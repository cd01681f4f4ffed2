//! Conversion between timestamps and text.

use std::fmt::Display;

use jiff::Timestamp;

use super::{Format, http_date};
use crate::error::ParseErrorKind;

/// Formats a timestamp.
pub fn write(value: &Timestamp, format: Format) -> String {
    match format {
        Format::EpochSeconds => epoch_seconds(value),
        Format::DateTime => value.to_string(),
        Format::HttpDate => http_date::write(value),
    }
}

/// Parses a timestamp. [`Format::DateTime`] accepts an offset from UTC.
///
/// # Errors
/// Returns an error if the text is not a timestamp in this format, or if the time is outside the years -9999
/// to 9999.
pub fn read(text: &str, format: Format) -> Result<Timestamp, ParseErrorKind> {
    let read = match format {
        Format::EpochSeconds => from_epoch_text(text),
        Format::DateTime => text.parse().ok(),
        Format::HttpDate => http_date::read(text),
    };
    read.ok_or(ParseErrorKind::Timestamp { format })
}

/// Converts a JSON number of seconds into a timestamp.
///
/// # Errors
/// Returns an error if the time is outside the years -9999 to 9999.
pub(crate) fn from_epoch_number(number: &serde_json::Number) -> Result<Timestamp, ParseErrorKind> {
    let read = match number.as_i64() {
        Some(seconds) => Timestamp::from_second(seconds).ok(),
        // `Display` writes the shortest decimal number that parses to the same `f64`. If the number in the
        // message has at most 15 digits, `Display` writes the same number.
        None => number.as_f64().and_then(|seconds| from_epoch_text(&format!("{seconds}"))),
    };
    read.ok_or(ParseErrorKind::Timestamp { format: Format::EpochSeconds })
}

fn epoch_seconds(value: &Timestamp) -> String {
    let nanoseconds = value.as_nanosecond();
    let sign = if nanoseconds < 0 { "-" } else { "" };
    let magnitude = nanoseconds.unsigned_abs();
    let (seconds, fraction) = (magnitude / 1_000_000_000, magnitude % 1_000_000_000);
    format!("{sign}{seconds}{}", decimals(fraction))
}

fn from_epoch_text(text: &str) -> Option<Timestamp> {
    let (magnitude, negative) = match text.strip_prefix('-') {
        Some(rest) => (rest, true),
        None => (text, false),
    };
    let (seconds, fraction) = magnitude.split_once('.').unwrap_or((magnitude, "0"));
    let seconds: u64 = seconds.parse().ok()?;
    let nanoseconds = i128::from(seconds) * 1_000_000_000 + i128::from(from_decimals(fraction)?);
    Timestamp::from_nanosecond(if negative { -nanoseconds } else { nanoseconds }).ok()
}

/// Formats the fraction of a second with a leading decimal point and without trailing zeros. Returns an empty
/// string for zero.
pub(super) fn decimals(nanoseconds: impl Display) -> String {
    let digits = format!(".{nanoseconds:09}");
    digits.trim_end_matches('0').trim_end_matches('.').to_owned()
}

pub(super) fn from_decimals(digits: &str) -> Option<i32> {
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    // Digits after the ninth are discarded, because nanoseconds have nine digits.
    let nine: String = digits.chars().chain("000000000".chars()).take(9).collect();
    nine.parse().ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(text: &str, format: Format, canonical: &str) {
        let value = read(text, format).unwrap();
        assert_eq!(write(&value, format), canonical);
        assert_eq!(read(canonical, format).unwrap(), value);
    }

    #[test]
    fn parses_and_formats_each_format() {
        check("1515531081", Format::EpochSeconds, "1515531081");
        check("1515531081.1230", Format::EpochSeconds, "1515531081.123");
        check("-1.5", Format::EpochSeconds, "-1.5");
        check("1985-04-12T23:20:50.520Z", Format::DateTime, "1985-04-12T23:20:50.52Z");
        check("2019-12-16T23:48:18+01:00", Format::DateTime, "2019-12-16T22:48:18Z");
        check("Tue, 29 Apr 2014 18:30:38 GMT", Format::HttpDate, "Tue, 29 Apr 2014 18:30:38 GMT");
        check("Sat, 31 Dec 2016 23:59:60 GMT", Format::HttpDate, "Sat, 31 Dec 2016 23:59:59 GMT");
        check("Sun, 02 Jan 2000 20:34:56.456 GMT", Format::HttpDate, "Sun, 02 Jan 2000 20:34:56.456 GMT");
    }

    #[test]
    fn rejects_other_texts() {
        for (text, format) in [
            ("", Format::EpochSeconds),
            ("1.", Format::EpochSeconds),
            ("1e3", Format::EpochSeconds),
            ("99999999999999999999", Format::EpochSeconds),
            ("1985-04-12", Format::DateTime),
            ("29 Apr 2014", Format::HttpDate),
            ("Wed, 29 Apr 2014 18:30:38 GMT", Format::HttpDate),
            ("Tue, 29 Apr 2014 18:30:38 UTC", Format::HttpDate),
            ("Tue, 29 apr 2014 18:30:38 GMT", Format::HttpDate),
            ("Tue, 29 Apr 2014 24:30:38 GMT", Format::HttpDate),
            ("Tue, 29 Apr 2014 18:30:38. GMT", Format::HttpDate),
            ("Tue, 29 Apr 2014 18:+1:38 GMT", Format::HttpDate),
            ("Sun, 30 Feb 2014 18:30:38 GMT", Format::HttpDate),
            ("Sunday, 06-Nov-94 08:49:37 GMT", Format::HttpDate),
        ] {
            assert_eq!(read(text, format), Err(ParseErrorKind::Timestamp { format }), "{text}");
        }
    }

    proptest! {
        #[test]
        fn timestamps_round_trip(nanoseconds in 0i128..253_402_207_200_000_000_000) {
            let value = Timestamp::from_nanosecond(nanoseconds).unwrap();
            for format in [Format::EpochSeconds, Format::DateTime, Format::HttpDate] {
                prop_assert_eq!(read(&write(&value, format), format), Ok(value));
            }
        }

        #[test]
        fn arbitrary_texts_do_not_panic(text in ".*") {
            for format in [Format::EpochSeconds, Format::DateTime, Format::HttpDate] {
                let _ = read(&text, format);
            }
        }
    }
}
