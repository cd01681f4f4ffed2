//! What an error of a connection means.

#[cfg(feature = "http2")]
use crate::TransportErrorKind::{self, Refused};
use crate::{
    TransportError,
    TransportErrorKind::{Connect, RequestBody, ResponseHead, Send},
    error::find,
};

/// Of a request that was begun.
pub(super) fn classify(error: hyper::Error) -> TransportError {
    #[cfg(feature = "http2")]
    if let Some(kind) = find::<h2::Error>(&error).and_then(stream_kind) {
        return TransportError::new(kind, error);
    }
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

/// Of a request that was given a stream of an HTTP/2 connection.
#[cfg(feature = "http2")]
fn stream_kind(error: &h2::Error) -> Option<TransportErrorKind> {
    let refused = error.reason() == Some(h2::Reason::REFUSED_STREAM);
    if error.is_remote() && (error.is_go_away() || refused) {
        // h2 gives a GOAWAY to the streams above its last stream id alone; the others go on. For these and for
        // REFUSED_STREAM "it is guaranteed that the request has not been processed":
        // https://www.rfc-editor.org/rfc/rfc9113#section-8.7
        Some(Refused)
    } else if error.is_library() {
        // h2 itself ended it, for what the peer sent.
        Some(ResponseHead)
    } else if error.is_reset() && !error.is_remote() {
        // Nobody but the sender of a request's body resets a stream before its answer.
        Some(RequestBody)
    } else {
        None
    }
}
