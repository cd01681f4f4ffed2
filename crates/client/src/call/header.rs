//! Header fields that the caller adds by name.

use http::header::{HeaderMap, HeaderName, HeaderValue};

/// A header field that cannot be sent. Never holds the value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HeaderError {
    /// RFC 9110 section 5.1 allows letters, digits and some signs.
    #[error("`{}` is no name of a header field: use letters, digits and hyphens", name.escape_debug())]
    Name {
        /// The name as it was given.
        name: String,
    },
    /// RFC 9110 section 5.5 forbids control characters.
    #[error("header field `{name}` has a value with a control character: remove it")]
    Value {
        /// The field's name.
        name: String,
    },
    /// The client or the transport writes this field.
    #[error("header field `{name}` is written by the client itself: leave it out")]
    Reserved {
        /// The field's name.
        name: String,
    },
}

/// Fields that frame the message or carry the signature.
const RESERVED: &[&str] = &[
    "authorization",
    "connection",
    "content-length",
    "host",
    "te",
    "transfer-encoding",
    "upgrade",
    "x-amz-date",
    "x-amz-security-token",
];

/// Sets the fields, each in place of one of the same name.
pub(super) fn insert(headers: &mut HeaderMap, fields: Vec<(String, String)>) -> Result<(), HeaderError> {
    for (name, value) in fields {
        let Ok(field) = name.parse::<HeaderName>() else { return Err(HeaderError::Name { name }) };
        if RESERVED.contains(&field.as_str()) {
            return Err(HeaderError::Reserved { name });
        }
        let Ok(value) = HeaderValue::from_str(&value) else { return Err(HeaderError::Value { name }) };
        headers.insert(field, value);
    }
    Ok(())
}
