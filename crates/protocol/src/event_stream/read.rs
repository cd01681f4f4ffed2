//! Parsers of members in event headers. Each function accepts exactly one header type.
//!
//! <https://smithy.io/2.0/spec/streaming.html#eventheader-trait>

use bytes::Bytes;

use super::header::HeaderValue;
use crate::error::ParseErrorKind;

/// Defines one parser for each line. A line contains the name of the function, the variant of `HeaderValue`,
/// the Rust type, and the name of the type in error texts.
macro_rules! read {
    ($(#[$doc:meta] $name:ident $variant:ident -> $type:ty, $expected:literal;)*) => {$(
        #[$doc]
        ///
        /// # Errors
        /// Returns an error if the header has another type.
        pub fn $name(value: HeaderValue<'_>) -> Result<$type, ParseErrorKind> {
            match value {
                HeaderValue::$variant(value) => Ok(value),
                other => Err(ParseErrorKind::Type { expected: $expected, found: other.type_name() }),
            }
        }
    )*};
}

read! {
    /// Parses a boolean.
    boolean Boolean -> bool, "a boolean";
    /// Parses a byte.
    byte Byte -> i8, "a byte";
    /// Parses a short.
    short Short -> i16, "a short";
    /// Parses an integer.
    integer Integer -> i32, "an integer";
    /// Parses a long.
    long Long -> i64, "a long";
}

/// Parses an int enum. Keeps values that are not in the model.
///
/// # Errors
/// Returns an error if the header has another type.
pub fn int_enum<T: From<i32>>(value: HeaderValue<'_>) -> Result<T, ParseErrorKind> {
    integer(value).map(T::from)
}

/// Parses a blob.
///
/// # Errors
/// Returns an error if the header has another type.
pub fn blob(value: HeaderValue<'_>) -> Result<Bytes, ParseErrorKind> {
    match value {
        HeaderValue::ByteArray(bytes) => Ok(Bytes::copy_from_slice(bytes)),
        other => Err(ParseErrorKind::Type { expected: "a blob", found: other.type_name() }),
    }
}

/// Parses a string or open enum. Keeps values that are not in the model.
///
/// # Errors
/// Returns an error if the header has another type.
pub fn string<T: From<String>>(value: HeaderValue<'_>) -> Result<T, ParseErrorKind> {
    match value {
        HeaderValue::String(text) => Ok(T::from(text.to_owned())),
        other => Err(ParseErrorKind::Type { expected: "a string", found: other.type_name() }),
    }
}

/// Parses a timestamp.
///
/// # Errors
/// Returns an error if the header has another type, or if the time is outside the years -9999 to 9999.
pub fn timestamp(value: HeaderValue<'_>) -> Result<crate::Timestamp, ParseErrorKind> {
    match value {
        HeaderValue::Timestamp(milliseconds) => crate::Timestamp::from_millisecond(milliseconds)
            .map_err(|_| ParseErrorKind::Range { expected: "a timestamp" }),
        other => Err(ParseErrorKind::Type { expected: "a timestamp", found: other.type_name() }),
    }
}
