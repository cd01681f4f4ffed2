//! Values to headers of events. <https://smithy.io/2.0/spec/streaming.html#eventheader-trait>

use bytes::Bytes;

use super::HeaderValue;

/// A boolean.
pub fn boolean(value: &bool) -> HeaderValue<'_> {
    HeaderValue::Boolean(*value)
}

/// A byte.
pub fn byte(value: &i8) -> HeaderValue<'_> {
    HeaderValue::Byte(*value)
}

/// A short.
pub fn short(value: &i16) -> HeaderValue<'_> {
    HeaderValue::Short(*value)
}

/// An integer.
pub fn integer(value: &i32) -> HeaderValue<'_> {
    HeaderValue::Integer(*value)
}

/// An int enum.
pub fn int_enum<T: Copy + Into<i32>>(value: &T) -> HeaderValue<'_> {
    HeaderValue::Integer((*value).into())
}

/// A long.
pub fn long(value: &i64) -> HeaderValue<'_> {
    HeaderValue::Long(*value)
}

/// A blob.
pub fn blob(value: &Bytes) -> HeaderValue<'_> {
    HeaderValue::ByteArray(value)
}

/// A string or string enum.
pub fn string<T: AsRef<str>>(value: &T) -> HeaderValue<'_> {
    HeaderValue::String(value.as_ref())
}

/// A timestamp, to the millisecond.
pub fn timestamp(value: &crate::Timestamp) -> HeaderValue<'_> {
    HeaderValue::Timestamp(value.as_millisecond())
}
