//! Any answer as an error.

use invoke_model_protocol::{ErrorMetadata, OperationError, ServerOperation};

use super::response;
use crate::errors::{Ask, AskNothing};

/// The code that an answer has is that of the error that is made of it, it is a bare name, and everything can be told in
/// words. A modelled error goes back on the wire with the same code.
///
/// # Panics
/// One of these does not hold.
pub fn error_parsing(data: &[u8]) {
    let Some((status, text)) = data.split_first() else { return };
    let response = response(400 + u16::from(*status) % 200, text);
    check::<Ask>(&response);
    check::<AskNothing>(&response);
}

fn check<O: ServerOperation>(response: &invoke_model_protocol::Response) {
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
    // A field of an error may hold what no server sends.
    if let Ok(Some(answer)) = O::serialize_error(&error) {
        assert_eq!(ErrorMetadata::from_response(&answer).code(), error.code());
    }
}
