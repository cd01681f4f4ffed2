//! Values from text.

use std::str::FromStr;

use crate::{ParseErrorKind, blob};
use crate::{Timestamp, timestamp, timestamp::Format};

/// A string, as it is.
///
/// # Errors
/// None.
pub fn string(text: &str) -> Result<String, ParseErrorKind> {
    Ok(text.to_owned())
}

/// An open enum; a value that the model does not list is kept.
///
/// # Errors
/// None.
pub fn string_enum<T: for<'a> From<&'a str>>(text: &str) -> Result<T, ParseErrorKind> {
    Ok(T::from(text))
}

/// A string with a media type, from base64.
///
/// # Errors
/// Not base64, or not UTF-8.
pub fn media_type(text: &str) -> Result<String, ParseErrorKind> {
    let bytes = blob::decode(text.as_bytes()).ok_or(ParseErrorKind::Base64)?;
    String::from_utf8(bytes).map_err(|_| ParseErrorKind::Text { expected: "UTF-8 in base64" })
}

/// `true` or `false`.
///
/// # Errors
/// Anything else.
pub fn boolean(text: &str) -> Result<bool, ParseErrorKind> {
    text.parse().map_err(|_| ParseErrorKind::Text { expected: "true or false" })
}

/// An integer of any width.
///
/// # Errors
/// Not an integer, or outside its range.
pub fn integer<T: FromStr>(text: &str) -> Result<T, ParseErrorKind> {
    text.parse().map_err(|_| ParseErrorKind::Text { expected: "an integer in the range of its type" })
}

/// An int enum; a value that the model does not list is kept.
///
/// # Errors
/// Not an integer of 32 bits.
pub fn int_enum<T: From<i32>>(text: &str) -> Result<T, ParseErrorKind> {
    integer::<i32>(text).map(T::from)
}

/// A float or double, or `NaN`, `Infinity`, `-Infinity`.
///
/// # Errors
/// Anything else.
pub fn float<T: FromStr>(text: &str) -> Result<T, ParseErrorKind> {
    let invalid = ParseErrorKind::Text { expected: "a number, NaN, Infinity or -Infinity" };
    // Rust also reads `inf`, `nan` and `infinity`, which the protocol does not know.
    let named = matches!(text, "NaN" | "Infinity" | "-Infinity");
    let numeric = text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E'));
    if named || numeric { text.parse().map_err(|_| invalid) } else { Err(invalid) }
}

/// A timestamp in the format that the model states.
///
/// # Errors
/// Not of the format.
pub fn timestamp(format: Format) -> impl Fn(&str) -> Result<Timestamp, ParseErrorKind> {
    move |text| timestamp::read(text, format)
}
