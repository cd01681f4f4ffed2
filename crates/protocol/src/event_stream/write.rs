//! Conversion of members to event headers.
//!
//! <https://smithy.io/2.0/spec/streaming.html#eventheader-trait>

use bytes::Bytes;

use super::header::HeaderValue;

/// Converts a boolean.
pub fn boolean(value: &bool) -> HeaderValue<'_> {
    HeaderValue::Boolean(*value)
}

/// Converts a byte.
pub fn byte(value: &i8) -> HeaderValue<'_> {
    HeaderValue::Byte(*value)
}

/// Converts a short.
pub fn short(value: &i16) -> HeaderValue<'_> {
    HeaderValue::Short(*value)
}

/// Converts an integer.
pub fn integer(value: &i32) -> HeaderValue<'_> {
    HeaderValue::Integer(*value)
}

/// Converts an int enum.
pub fn int_enum<T: Copy + Into<i32>>(value: &T) -> HeaderValue<'_> {
    HeaderValue::Integer((*value).into())
}

/// Converts a long.
pub fn long(value: &i64) -> HeaderValue<'_> {
    HeaderValue::Long(*value)
}

/// Converts a blob.
pub fn blob(value: &Bytes) -> HeaderValue<'_> {
    HeaderValue::ByteArray(value)
}

/// Converts a string or open enum.
pub fn string<T: AsRef<str>>(value: &T) -> HeaderValue<'_> {
    HeaderValue::String(value.as_ref())
}

/// Converts a timestamp. Discards fractions of a millisecond.
pub fn timestamp(value: &crate::Timestamp) -> HeaderValue<'_> {
    HeaderValue::Timestamp(value.as_millisecond())
}
