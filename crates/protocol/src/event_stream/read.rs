//! Values from headers of events. Each function takes the type that the model says, and no other.
//! <https://smithy.io/2.0/spec/streaming.html#eventheader-trait>

use bytes::Bytes;

use super::HeaderValue;
use crate::ParseErrorKind;

/// Reads one type of header: its variant, and what the model calls it.
macro_rules! read {
    ($(#[$doc:meta] $name:ident $variant:ident -> $type:ty, $expected:literal;)*) => {$(
        #[$doc]
        ///
        /// # Errors
        /// Another type.
        pub fn $name(value: HeaderValue<'_>) -> Result<$type, ParseErrorKind> {
            match value {
                HeaderValue::$variant(value) => Ok(value),
                other => Err(ParseErrorKind::Type { expected: $expected, found: other.type_name() }),
            }
        }
    )*};
}

read! {
    /// A boolean.
    boolean Boolean -> bool, "a boolean";
    /// A byte.
    byte Byte -> i8, "a byte";
    /// A short.
    short Short -> i16, "a short";
    /// An integer.
    integer Integer -> i32, "an integer";
    /// A long.
    long Long -> i64, "a long";
}

/// An int enum; a value that the model does not list is kept.
///
/// # Errors
/// Another type.
pub fn int_enum<T: From<i32>>(value: HeaderValue<'_>) -> Result<T, ParseErrorKind> {
    integer(value).map(T::from)
}

/// A blob.
///
/// # Errors
/// Another type.
pub fn blob(value: HeaderValue<'_>) -> Result<Bytes, ParseErrorKind> {
    match value {
        HeaderValue::ByteArray(bytes) => Ok(Bytes::copy_from_slice(bytes)),
        other => Err(ParseErrorKind::Type { expected: "a blob", found: other.type_name() }),
    }
}

/// A string or string enum; a value that an enum does not list is kept.
///
/// # Errors
/// Another type.
pub fn string<T: From<String>>(value: HeaderValue<'_>) -> Result<T, ParseErrorKind> {
    match value {
        HeaderValue::String(text) => Ok(T::from(text.to_owned())),
        other => Err(ParseErrorKind::Type { expected: "a string", found: other.type_name() }),
    }
}

/// A timestamp.
///
/// # Errors
/// Another type, or a time outside years -9999 to 9999.
pub fn timestamp(value: HeaderValue<'_>) -> Result<crate::Timestamp, ParseErrorKind> {
    match value {
        HeaderValue::Timestamp(milliseconds) => crate::Timestamp::from_millisecond(milliseconds)
            .map_err(|_| ParseErrorKind::Range { expected: "a timestamp" }),
        other => Err(ParseErrorKind::Type { expected: "a timestamp", found: other.type_name() }),
    }
}
