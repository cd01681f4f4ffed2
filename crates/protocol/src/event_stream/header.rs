//! The headers of a message: a name, a type and a value each, one behind the other.
//! <https://smithy.io/2.0/aws/amazon-eventstream.html>

use super::HeaderError;

/// The value of a header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeaderValue<'a> {
    /// Types 0 and 1, which say all.
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
    /// What the type is called, for errors.
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

/// The headers of a message, in the order in which they stand there.
#[derive(Clone)]
pub struct Headers<'a>(&'a [u8]);

impl std::fmt::Debug for Headers<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Values can be sensitive.
        f.debug_map().entries(self.clone().map(|(name, value)| (name, value.type_name()))).finish()
    }
}

impl<'a> Headers<'a> {
    /// Of bytes that [`check`] has seen.
    pub(super) fn of(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }
}

impl<'a> Iterator for Headers<'a> {
    type Item = (&'a str, HeaderValue<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let (name, value, rest) = split(self.0).ok()?;
        self.0 = rest;
        Some((name, value))
    }
}

/// Looks through headers once, so that nobody finds a fault in them later.
///
/// # Errors
/// Where a header begins that is none, and why.
pub(super) fn check(bytes: &[u8]) -> Result<(), (usize, &'static str)> {
    let mut rest = bytes;
    while !rest.is_empty() {
        let at = bytes.len() - rest.len();
        (_, _, rest) = split(rest).map_err(|reason| (at, reason))?;
    }
    Ok(())
}

/// Appends a header.
pub(super) fn write(name: &str, value: HeaderValue<'_>, out: &mut Vec<u8>) -> Result<(), HeaderError> {
    let length = u8::try_from(name.len()).ok().filter(|length| *length > 0);
    let length = length.ok_or(HeaderError::Name(name.len()))?;
    let bytes = match value {
        HeaderValue::ByteArray(bytes) => bytes,
        HeaderValue::String(text) => text.as_bytes(),
        _ => &[],
    };
    // The length is a signed number in some implementations.
    let value_length = i16::try_from(bytes.len()).map_err(|_| HeaderError::Value(bytes.len()))?;
    out.push(length);
    out.extend_from_slice(name.as_bytes());
    match value {
        HeaderValue::Boolean(true) => out.push(0),
        HeaderValue::Boolean(false) => out.push(1),
        HeaderValue::Byte(value) => put(2, &value.to_be_bytes(), out),
        HeaderValue::Short(value) => put(3, &value.to_be_bytes(), out),
        HeaderValue::Integer(value) => put(4, &value.to_be_bytes(), out),
        HeaderValue::Long(value) => put(5, &value.to_be_bytes(), out),
        HeaderValue::ByteArray(_) => put(6, &value_length.to_be_bytes(), out),
        HeaderValue::String(_) => put(7, &value_length.to_be_bytes(), out),
        HeaderValue::Timestamp(value) => put(8, &value.to_be_bytes(), out),
        HeaderValue::Uuid(value) => put(9, &value, out),
    }
    out.extend_from_slice(bytes);
    Ok(())
}

fn put(kind: u8, bytes: &[u8], out: &mut Vec<u8>) {
    out.push(kind);
    out.extend_from_slice(bytes);
}

/// The first header, and what is behind it.
fn split(bytes: &[u8]) -> Result<(&str, HeaderValue<'_>, &[u8]), &'static str> {
    let [length] = take_array(bytes)?;
    let (name, rest) = take(&bytes[1..], usize::from(length))?;
    if name.is_empty() {
        return Err("has no name");
    }
    let name = std::str::from_utf8(name).map_err(|_| "has a name that is not UTF-8")?;
    let [kind] = take_array(rest)?;
    let rest = &rest[1..];
    let (value, used) = match kind {
        0 => (HeaderValue::Boolean(true), 0),
        1 => (HeaderValue::Boolean(false), 0),
        2 => (HeaderValue::Byte(i8::from_be_bytes(take_array(rest)?)), 1),
        3 => (HeaderValue::Short(i16::from_be_bytes(take_array(rest)?)), 2),
        4 => (HeaderValue::Integer(i32::from_be_bytes(take_array(rest)?)), 4),
        5 => (HeaderValue::Long(i64::from_be_bytes(take_array(rest)?)), 8),
        6 | 7 => {
            let length = usize::from(u16::from_be_bytes(take_array(rest)?));
            let (value, _) = take(&rest[2..], length)?;
            let value = match kind {
                6 => HeaderValue::ByteArray(value),
                _ => HeaderValue::String(
                    std::str::from_utf8(value).map_err(|_| "is a string that is not UTF-8")?,
                ),
            };
            (value, 2 + length)
        }
        8 => (HeaderValue::Timestamp(i64::from_be_bytes(take_array(rest)?)), 8),
        9 => (HeaderValue::Uuid(take_array(rest)?), 16),
        _ => return Err("has a type that is none"),
    };
    Ok((name, value, &rest[used..]))
}

const SHORT: &str = "ends behind the headers";

fn take(bytes: &[u8], length: usize) -> Result<(&[u8], &[u8]), &'static str> {
    bytes.split_at_checked(length).ok_or(SHORT)
}

fn take_array<const N: usize>(bytes: &[u8]) -> Result<[u8; N], &'static str> {
    bytes.first_chunk().copied().ok_or(SHORT)
}
