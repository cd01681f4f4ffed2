//! The headers of a message. Each header has a name, a type and a value.
//!
//! <https://smithy.io/2.0/aws/amazon-eventstream.html>

use super::error::HeaderError;
use super::raw::{STRING, split};

/// The value of a header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeaderValue<'a> {
    /// Types 0 (`true`) and 1 (`false`).
    Boolean(bool),
    /// Type 2.
    Byte(i8),
    /// Type 3.
    Short(i16),
    /// Type 4.
    Integer(i32),
    /// Type 5.
    Long(i64),
    /// Type 6, up to 32,767 bytes.
    ByteArray(&'a [u8]),
    /// Type 7, up to 32,767 bytes of UTF-8.
    String(&'a str),
    /// Type 8: milliseconds since 1970-01-01T00:00:00Z.
    Timestamp(i64),
    /// Type 9.
    Uuid([u8; 16]),
}

impl HeaderValue<'_> {
    /// Returns the name of the type, for error texts.
    pub fn type_name(&self) -> &'static str {
        match self {
            Self::Boolean(_) => "a boolean",
            Self::Byte(_) => "a byte",
            Self::Short(_) => "a short",
            Self::Integer(_) => "an integer",
            Self::Long(_) => "a long",
            Self::ByteArray(_) => "a byte array",
            Self::String(_) => "a string",
            Self::Timestamp(_) => "a timestamp",
            Self::Uuid(_) => "a UUID",
        }
    }
}

/// An iterator over the headers of a message, in the order of the message. `Debug` does not print values.
#[derive(Clone)]
pub struct Headers<'a>(&'a [u8]);

impl std::fmt::Debug for Headers<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Show the types of values and not the values, because values may be sensitive.
        f.debug_map().entries(self.clone().map(|(name, value)| (name, value.type_name()))).finish()
    }
}

impl<'a> Headers<'a> {
    /// Wraps bytes that [`check`](super::raw::check) has accepted.
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }
}

impl<'a> Iterator for Headers<'a> {
    type Item = (&'a str, HeaderValue<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        let (header, rest) = split(self.0, |_| true).ok()?;
        self.0 = rest;
        Some((std::str::from_utf8(header.name).ok()?, header.value()?))
    }
}

/// Appends an encoded header to `out`.
pub(super) fn write(name: &str, value: HeaderValue<'_>, out: &mut Vec<u8>) -> Result<(), HeaderError> {
    let length = u8::try_from(name.len()).ok().filter(|length| *length > 0);
    let length = length.ok_or(HeaderError::Name(name.len()))?;
    let bytes = match value {
        HeaderValue::ByteArray(bytes) => bytes,
        HeaderValue::String(text) => text.as_bytes(),
        _ => &[],
    };
    // Some implementations read the length as a signed 16-bit number, so this function rejects values that
    // are longer than 32,767 bytes.
    let value_length = i16::try_from(bytes.len()).map_err(|_| HeaderError::Value(bytes.len()))?;
    out.push(length);
    out.extend_from_slice(name.as_bytes());
    match value {
        HeaderValue::Boolean(true) => out.push(0),
        HeaderValue::Boolean(false) => out.push(1),
        HeaderValue::Byte(value) => write_value(2, &value.to_be_bytes(), out),
        HeaderValue::Short(value) => write_value(3, &value.to_be_bytes(), out),
        HeaderValue::Integer(value) => write_value(4, &value.to_be_bytes(), out),
        HeaderValue::Long(value) => write_value(5, &value.to_be_bytes(), out),
        HeaderValue::ByteArray(_) => write_value(6, &value_length.to_be_bytes(), out),
        HeaderValue::String(_) => write_value(STRING, &value_length.to_be_bytes(), out),
        HeaderValue::Timestamp(value) => write_value(8, &value.to_be_bytes(), out),
        HeaderValue::Uuid(value) => write_value(9, &value, out),
    }
    out.extend_from_slice(bytes);
    Ok(())
}

fn write_value(kind: u8, bytes: &[u8], out: &mut Vec<u8>) {
    out.push(kind);
    out.extend_from_slice(bytes);
}
