//! Header fields that the caller adds by name.

use http::header::{self, HeaderMap, HeaderName, HeaderValue};

/// A header field that cannot be sent. Never holds the value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FieldError {
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
const RESERVED: &[HeaderName] = &[
    header::AUTHORIZATION,
    header::CONNECTION,
    header::CONTENT_LENGTH,
    header::HOST,
    header::TE,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
    HeaderName::from_static("x-amz-date"),
    HeaderName::from_static("x-amz-security-token"),
];

/// Sets the fields, each in place of one of the same name.
pub(super) fn insert(headers: &mut HeaderMap, fields: Vec<(String, String)>) -> Result<(), FieldError> {
    for (name, value) in fields {
        let Ok(field) = name.parse::<HeaderName>() else { return Err(FieldError::Name { name }) };
        if RESERVED.contains(&field) {
            return Err(FieldError::Reserved { name });
        }
        let Ok(value) = HeaderValue::from_str(&value) else { return Err(FieldError::Value { name }) };
        headers.insert(field, value);
    }
    Ok(())
}
