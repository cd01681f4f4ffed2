//! Encoded headers: validation, iteration and lookup by name without decoding all values.
//!
//! <https://smithy.io/2.0/aws/amazon-eventstream.html>

use super::header::HeaderValue;

/// The type number of strings.
pub(super) const STRING: u8 = 7;

/// A header whose name and value are not decoded yet. A lookup by name decodes only the header that it finds.
#[derive(Clone, Copy)]
pub(super) struct RawHeader<'a> {
    pub(super) name: &'a [u8],
    kind: u8,
    value: &'a [u8],
}

impl<'a> RawHeader<'a> {
    /// Returns the bytes of the value, or `None` if the value is not a string.
    pub(super) fn text(self) -> Option<&'a [u8]> {
        (self.kind == STRING).then_some(self.value)
    }

    /// Decodes the value. Returns `None` only for headers that [`check`] rejects.
    pub(super) fn value(self) -> Option<HeaderValue<'a>> {
        let value = self.value;
        Some(match self.kind {
            0 => HeaderValue::Boolean(true),
            1 => HeaderValue::Boolean(false),
            2 => HeaderValue::Byte(i8::from_be_bytes(*value.first_chunk()?)),
            3 => HeaderValue::Short(i16::from_be_bytes(*value.first_chunk()?)),
            4 => HeaderValue::Integer(i32::from_be_bytes(*value.first_chunk()?)),
            5 => HeaderValue::Long(i64::from_be_bytes(*value.first_chunk()?)),
            6 => HeaderValue::ByteArray(value),
            STRING => HeaderValue::String(std::str::from_utf8(value).ok()?),
            8 => HeaderValue::Timestamp(i64::from_be_bytes(*value.first_chunk()?)),
            9 => HeaderValue::Uuid(*value.first_chunk()?),
            _ => return None,
        })
    }
}

/// Iterates over encoded headers that [`check`] has accepted.
pub(super) fn each(bytes: &[u8]) -> impl Iterator<Item = RawHeader<'_>> {
    let mut rest = bytes;
    std::iter::from_fn(move || {
        let header;
        (header, rest) = split(rest, |_| true).ok()?;
        Some(header)
    })
}

/// Validates encoded headers. After this check, iteration and decoding cannot fail.
///
/// # Errors
/// Returns the offset of the first malformed header, and the problem with this header.
pub(super) fn check(bytes: &[u8]) -> Result<(), (usize, &'static str)> {
    // Almost all headers are ASCII. Checking all bytes at once is cheaper than checking each name and value
    // for UTF-8.
    if bytes.is_ascii() {
        check_each(bytes, |_| true)
    } else {
        check_each(bytes, |text| std::str::from_utf8(text).is_ok())
    }
}

fn check_each(bytes: &[u8], is_text: impl Fn(&[u8]) -> bool) -> Result<(), (usize, &'static str)> {
    let mut rest = bytes;
    while !rest.is_empty() {
        let offset = bytes.len() - rest.len();
        (_, rest) = split(rest, &is_text).map_err(|reason| (offset, reason))?;
    }
    Ok(())
}

/// Splits the first header from the rest.
///
/// `is_text` checks whether its argument is UTF-8. If the caller has already checked the bytes, `is_text` can
/// always return `true`.
///
/// # Errors
/// Returns the problem if the header is malformed.
pub(super) fn split(
    bytes: &[u8],
    is_text: impl Fn(&[u8]) -> bool,
) -> Result<(RawHeader<'_>, &[u8]), &'static str> {
    const SHORT: &str = "extends past the end of the headers";
    let (&length, rest) = bytes.split_first().ok_or(SHORT)?;
    let (name, rest) = rest.split_at_checked(usize::from(length)).ok_or(SHORT)?;
    if name.is_empty() {
        return Err("has no name");
    }
    if !is_text(name) {
        return Err("has a name that is not UTF-8");
    }
    let (&kind, rest) = rest.split_first().ok_or(SHORT)?;
    let (length, rest) = match kind {
        0 | 1 => (0, rest),
        2 => (1, rest),
        3 => (2, rest),
        4 => (4, rest),
        5 | 8 => (8, rest),
        6 | STRING => {
            let (length, rest) = rest.split_first_chunk().ok_or(SHORT)?;
            (usize::from(u16::from_be_bytes(*length)), rest)
        }
        9 => (16, rest),
        _ => return Err("has an unknown type"),
    };
    let (value, rest) = rest.split_at_checked(length).ok_or(SHORT)?;
    if kind == STRING && !is_text(value) {
        return Err("is a string that is not UTF-8");
    }
    Ok((RawHeader { name, kind, value }, rest))
}
