//! What an error of a connection means.

use crate::{
    TransportError,
    TransportErrorKind::{Connect, RequestBody, ResponseHead, Send},
    error::find,
};

/// Of a request that was begun.
pub(super) fn classify(error: hyper::Error) -> TransportError {
    let kind = match find::<TransportError>(&error) {
        Some(body) => body.kind(),
        None if error.is_body_write_aborted() => RequestBody,
        None if error.is_parse() => ResponseHead,
        None => Send,
    };
    TransportError::new(kind, error)
}

/// Of a connection that closed before the request was begun.
pub(super) fn unsent(error: hyper::Error) -> TransportError {
    TransportError::new(Connect, error)
}
