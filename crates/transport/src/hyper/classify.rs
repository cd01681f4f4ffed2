//! Classification of hyper's errors.

use super::head_limit::EndlessHead;
use super::http2;
use crate::error::TransportErrorKind::{Connect, RequestBody, ResponseHead, Send};
use crate::error::{TransportError, find};

/// Returns the error for a request that was completely or partly sent.
pub(super) fn sent(error: hyper::Error) -> TransportError {
    if let Some(kind) = http2::error_kind(&error) {
        return TransportError::new(kind, error);
    }
    let kind = match find::<TransportError>(&error) {
        Some(body) => body.kind(),
        None if error.is_body_write_aborted() => RequestBody,
        None if error.is_parse() || find::<EndlessHead>(&error).is_some() => ResponseHead,
        None => Send,
    };
    TransportError::new(kind, error)
}

/// Returns the error for a connection that was closed before the request was sent.
pub(super) fn not_sent(error: hyper::Error) -> TransportError {
    TransportError::new(Connect, error)
}
