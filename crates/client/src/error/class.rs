//! Determines the [`FailureClass`] of a failure, and decides if a retry may succeed.

use std::borrow::Cow;
use std::collections::HashMap;

use invoke_model_protocol::{ErrorMetadata, Response};
use invoke_model_transport::TransportErrorKind;
use serde::de::IgnoredAny;

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
        // A gateway can send a 5xx response after it has forwarded the request. Only the service knows
        // whether it did the work.
        500.. if !is_from_service(error, response) => FailureClass::Ambiguous,
        500 if error.status().is_some() => FailureClass::ServerError,
        503 => FailureClass::Rejected,
        500.. => FailureClass::Ambiguous,
        _ => FailureClass::Rejected,
    }
}

/// Returns `true` if the service itself sent the response, and not a proxy or a gateway. The evidence is a
/// header that the service adds, the member `__type`, or the code of a modeled error.
///
/// A member `code` with another value is no evidence, because gateways send such a member too. A modeled
/// error without a code is no evidence either, because such an error is recognized only by its status.
fn is_from_service<E: ServiceErrorDetails>(error: &E, response: &Response) -> bool {
    let has_header = |name| response.headers().get(name).is_some_and(|value| !value.is_empty());
    has_header("x-amzn-requestid")
        || has_header("x-amzn-errortype")
        || has_type(response.body())
        || (error.status().is_some() && ErrorMetadata::from_response(response).code().is_some())
}

/// Returns `true` if the body is a JSON object with the member `__type`.
fn has_type(body: &[u8]) -> bool {
    let members = serde_json::from_slice::<HashMap<Cow<'_, str>, IgnoredAny>>(body);
    members.is_ok_and(|members| members.contains_key("__type"))
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
