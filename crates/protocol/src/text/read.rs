//! Parsers of simple values from text.

use std::str::FromStr;

use jiff::Timestamp;

use crate::error::ParseErrorKind;
use crate::timestamp::Format;
use crate::{blob, timestamp};

/// Returns the text as a string.
///
/// # Errors
/// This function never fails. It returns a `Result`, like all parsers.
pub fn string(text: &str) -> Result<String, ParseErrorKind> {
    Ok(text.to_owned())
}

/// Parses an open enum. Keeps values that are not in the model.
///
/// # Errors
/// This function never fails. It returns a `Result`, like all parsers.
pub fn string_enum<T: for<'a> From<&'a str>>(text: &str) -> Result<T, ParseErrorKind> {
    Ok(T::from(text))
}

/// Decodes a string that has the `mediaType` trait. In headers, such strings are base64.
///
/// <https://smithy.io/2.0/spec/http-bindings.html#httpheader-serialization-rules>
///
/// # Errors
/// Returns an error if the text is not base64 or the decoded bytes are not UTF-8.
pub fn media_type(text: &str) -> Result<String, ParseErrorKind> {
    let bytes = blob::decode(text.as_bytes()).ok_or(ParseErrorKind::Base64)?;
    String::from_utf8(bytes).map_err(|_| ParseErrorKind::Text { expected: "UTF-8 in base64" })
}

/// Parses `true` or `false`.
///
/// # Errors
/// Returns an error for other texts.
pub fn boolean(text: &str) -> Result<bool, ParseErrorKind> {
    text.parse().map_err(|_| ParseErrorKind::Text { expected: "true or false" })
}

/// Parses an integer.
///
/// # Errors
/// Returns an error if the text is not an integer or is outside the range of `T`.
pub fn integer<T: FromStr>(text: &str) -> Result<T, ParseErrorKind> {
    text.parse().map_err(|_| ParseErrorKind::Text { expected: "an integer in the range of its type" })
}

/// Parses an int enum. Keeps values that are not in the model.
///
/// # Errors
/// Returns an error if the text is not a 32-bit integer.
pub fn int_enum<T: From<i32>>(text: &str) -> Result<T, ParseErrorKind> {
    integer::<i32>(text).map(T::from)
}

/// Parses a float or double: a number, `NaN`, `Infinity` or `-Infinity`.
///
/// # Errors
/// Returns an error for other texts.
pub fn float<T: FromStr>(text: &str) -> Result<T, ParseErrorKind> {
    let invalid = ParseErrorKind::Text { expected: "a number, NaN, Infinity or -Infinity" };
    // Rust also parses `inf`, `nan` and `infinity`, but the protocol does not allow these texts.
    let named = matches!(text, "NaN" | "Infinity" | "-Infinity");
    let numeric = text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E'));
    if named || numeric { text.parse().map_err(|_| invalid) } else { Err(invalid) }
}

/// Returns a parser of timestamps in the given format.
///
/// # Errors
/// The parser returns an error if the text is not a timestamp in this format.
pub fn timestamp(format: Format) -> impl Fn(&str) -> Result<Timestamp, ParseErrorKind> {
    move |text| timestamp::read(text, format)
}
