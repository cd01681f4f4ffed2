//! Determines the [`FailureClass`] of a failure, and decides if a retry may succeed.

use std::borrow::Cow;

use http::HeaderMap;
use invoke_model_protocol::{ErrorMetadata, Response};
use invoke_model_transport::TransportErrorKind;
use serde::Deserialize;

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
        ErrorKind::Interceptor(error) if error.is_after_sending() => FailureClass::Ambiguous,
        ErrorKind::Interceptor(_) => FailureClass::NotSent,
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
    let headers = response.headers();
    let is_modeled = error.status().is_some() && ErrorMetadata::from_response(response).code().is_some();
    let has_code = || header(headers, "x-amzn-errortype").is_some_and(is_code);
    let has_id = || header(headers, "x-amzn-requestid").is_some_and(is_request_id);
    is_modeled || has_type(response.body()) || (!is_from_aws_gateway(headers) && (has_code() || has_id()))
}

/// Returns `true` if Amazon API Gateway or AWS Lambda sent the response. They add `x-amzn-requestid` and
/// `x-amzn-errortype` of their own to every response, so these headers are no evidence that Bedrock Runtime
/// sent the response. Bedrock Runtime does not send the headers in this function.
fn is_from_aws_gateway(headers: &HeaderMap) -> bool {
    ["x-amz-apigw-id", "apigw-requestid", "x-amzn-trace-id"].iter().any(|name| headers.contains_key(*name))
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// Returns `true` if a text can be an error code. Some gateways send placeholders, such as `-`.
fn is_code(text: &str) -> bool {
    text.bytes().any(|byte| byte.is_ascii_alphabetic())
}

/// Returns `true` if a text can be a request id. Some gateways send placeholders, such as `-`, `null`, or an
/// id of zeros.
fn is_request_id(text: &str) -> bool {
    let is_word = ["null", "none", "undefined", "unknown"].iter().any(|word| text.eq_ignore_ascii_case(word));
    !is_word && text.bytes().any(|byte| byte.is_ascii_alphanumeric() && byte != b'0')
}

/// Returns `true` if the body is a JSON object whose member `__type` is a code.
fn has_type(body: &[u8]) -> bool {
    #[derive(Deserialize)]
    struct Body<'a> {
        #[serde(rename = "__type", borrow)]
        code: Cow<'a, str>,
    }
    // A list is not an object, although serde reads a struct from a list.
    let is_object = body.trim_ascii_start().starts_with(b"{");
    is_object && serde_json::from_slice::<Body<'_>>(body).is_ok_and(|body| is_code(&body.code))
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
