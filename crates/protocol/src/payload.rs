//! Members that are the whole payload, read. <https://smithy.io/2.0/spec/http-bindings.html#httppayload-trait>

use bytes::Bytes;

use crate::json::{self, Value};
use crate::{ParseError, ParseErrorKind};

/// A blob; an empty payload is one that is not set.
pub fn blob(body: &Bytes) -> Option<Bytes> {
    (!body.is_empty()).then(|| body.clone())
}

/// A string; an empty payload is one that is not set.
///
/// # Errors
/// Not UTF-8.
pub fn text(body: &Bytes, member: &str) -> Result<Option<String>, ParseError> {
    if body.is_empty() {
        return Ok(None);
    }
    let text = std::str::from_utf8(body);
    let text = text.map_err(|_| ParseError::new(member, ParseErrorKind::Text { expected: "UTF-8" }))?;
    Ok(Some(text.to_owned()))
}

/// A structure, union or document; an empty payload, and null, is one that is not set.
///
/// # Errors
/// Not JSON, or what `read` says.
pub fn json<T>(
    body: &Bytes,
    member: &str,
    read: impl FnOnce(Value) -> Result<T, ParseError>,
) -> Result<Option<T>, ParseError> {
    if body.is_empty() {
        return Ok(None);
    }
    match json::value_of(body)? {
        Value::Null => Ok(None),
        value => read(value).map(Some).map_err(|error| error.in_member(member)),
    }
}
