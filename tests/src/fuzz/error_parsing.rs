//! Parses arbitrary responses as errors.

use invoke_model_protocol::{ErrorMetadata, OperationError, ServerOperation};

use super::response;
use crate::errors::{Ask, AskNothing};

/// Checks these properties of parsed errors:
/// * The error code is not empty, contains no `#` or `:`, and has no blanks at its ends.
/// * The error has the same code as the response.
/// * The error has a text.
/// * A modeled error keeps its code when it is serialized and parsed.
///
/// # Panics
/// Panics if one of these properties is violated.
pub fn error_parsing(data: &[u8]) {
    let Some((status, text)) = data.split_first() else { return };
    let response = response(400 + u16::from(*status) % 200, text);
    check::<Ask>(&response);
    check::<AskNothing>(&response);
}

pub(super) fn check<O: ServerOperation>(response: &invoke_model_protocol::Response) {
    let metadata = ErrorMetadata::from_response(response);
    assert!(!metadata.to_string().is_empty());
    if let Some(code) = metadata.code() {
        assert!(!code.is_empty() && !code.contains(['#', ':']) && code.trim() == code, "{code:?}");
    }
    let Ok(error) = O::parse_error(metadata.clone(), response) else { return };
    assert!(!error.to_string().is_empty());
    if metadata.code().is_some() {
        assert_eq!(error.code(), metadata.code());
    }
    // Serialization may fail, because the error may contain a header value that a server cannot send.
    if let Ok(Some(response)) = O::serialize_error(&error) {
        assert_eq!(ErrorMetadata::from_response(&response).code(), error.code());
    }
}
