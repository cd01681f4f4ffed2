//! Parsers of members that are bound to the payload.
//!
//! <https://smithy.io/2.0/spec/http-bindings.html#httppayload-trait>

use bytes::Bytes;

use crate::error::{ParseError, ParseErrorKind};
use crate::json::{self, BorrowedValue};

/// Returns a blob, or `None` if the payload is empty.
pub fn blob(body: &Bytes) -> Option<Bytes> {
    (!body.is_empty()).then(|| body.clone())
}

/// Returns a string, or `None` if the payload is empty.
///
/// # Errors
/// Returns an error if the payload is not UTF-8.
pub fn text(body: &Bytes, member: &str) -> Result<Option<String>, ParseError> {
    if body.is_empty() {
        return Ok(None);
    }
    let text = std::str::from_utf8(body);
    let text = text.map_err(|_| ParseError::new(member, ParseErrorKind::Text { expected: "UTF-8" }))?;
    Ok(Some(text.to_owned()))
}

/// Parses a structure, union or document with `read`. Returns `None` if the payload is empty or JSON `null`.
///
/// # Errors
/// Returns an error if the payload is not JSON or `read` returns an error.
pub fn json<T>(
    body: &Bytes,
    member: &str,
    read: impl FnOnce(BorrowedValue<'_>) -> Result<T, ParseError>,
) -> Result<Option<T>, ParseError> {
    if body.is_empty() {
        return Ok(None);
    }
    json::read::body(body, |value| match value.is_null() {
        true => Ok(None),
        false => read(value).map(Some).map_err(|error| error.in_member(member)),
    })
}
