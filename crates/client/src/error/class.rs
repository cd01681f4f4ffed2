//! Determines the [`FailureClass`] of a failure, and decides if a retry may succeed.

use invoke_model_protocol::{ErrorMetadata, Response};
use invoke_model_transport::TransportErrorKind;

use super::kind::ErrorKind;
use super::service::ServiceErrorDetails;
use crate::metadata::FailureClass;

/// Returns the class of a failure.
pub(crate) fn class<E: ServiceErrorDetails>(kind: &ErrorKind<E>) -> FailureClass {
    match kind {
        ErrorKind::Json(_)
        | ErrorKind::Serialize(_)
        | ErrorKind::Header(_)
        | ErrorKind::Body(_)
        | ErrorKind::Credentials(_)
        | ErrorKind::Sign(_)
        | ErrorKind::Quota(_)
        | ErrorKind::Pagination(_)
        | ErrorKind::Wait(_) => FailureClass::NotSent,
        ErrorKind::Transport(error) if error.may_have_been_sent() => FailureClass::Ambiguous,
        ErrorKind::Transport(_) => FailureClass::NotSent,
        ErrorKind::Parse { .. }
        | ErrorKind::Truncated(_)
        | ErrorKind::Decode(_)
        | ErrorKind::ParseEvent { .. }
        | ErrorKind::StreamException { .. }
        | ErrorKind::SerializeEvent(_) => FailureClass::Ambiguous,
        ErrorKind::Service { error, response } => class_of_response(error, response),
    }
}

/// Returns the status of an error response. For a modeled error, returns the status in the model, even if the
/// response has another status.
pub(crate) fn status_of<E: ServiceErrorDetails, B>(error: &E, response: &http::Response<B>) -> u16 {
    error.status().unwrap_or(response.status().as_u16())
}

fn class_of_response<E: ServiceErrorDetails>(error: &E, response: &Response) -> FailureClass {
    match status_of(error, response) {
        408 | 424 => FailureClass::Ambiguous,
        // A 500 without an error code is also parsed as the modeled error with status 500, but a proxy may
        // have sent it. Therefore this arm requires a code. Without a code, the arm `500..` returns
        // `Ambiguous`.
        500 if error.status().is_some() && has_code(response) => FailureClass::ServerError,
        503 => FailureClass::Rejected,
        500.. => FailureClass::Ambiguous,
        _ => FailureClass::Rejected,
    }
}

/// Returns `true` if the response contains an error code.
fn has_code(response: &Response) -> bool {
    ErrorMetadata::from_response(response).code().is_some()
}

/// Returns `true` if the next attempt may succeed after a transport error of this kind.
pub(crate) fn is_transient(kind: TransportErrorKind) -> bool {
    use TransportErrorKind::{
        BodyIncomplete, Connect, ConnectTimeout, Refused, Resolve, ResponseHead, ResponseTimeout, Send,
        Timeout,
    };
    matches!(
        kind,
        Resolve
            | Connect
            | ConnectTimeout
            | Refused
            | Send
            | ResponseTimeout
            | Timeout(_)
            | ResponseHead
            | BodyIncomplete
    )
}
