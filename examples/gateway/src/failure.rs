//! Responses to failed calls, in the form of the service.

use std::fmt::Display;

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use invoke_model_client::{Error, ErrorKind, FailureClass, QuotaError};

/// Returns a response that the AWS SDKs read as an error with this code.
pub(crate) fn failure(status: StatusCode, code: &'static str, message: impl Display) -> Response {
    let body = serde_json::json!({"message": message.to_string()}).to_string();
    (status, [("content-type", "application/json"), ("x-amzn-errortype", code)], body).into_response()
}

pub(crate) fn invalid(message: impl Display) -> Response {
    failure(StatusCode::BAD_REQUEST, "ValidationException", message)
}

pub(crate) fn internal(message: impl Display) -> Response {
    failure(StatusCode::BAD_GATEWAY, "BadGatewayException", message)
}

fn unavailable(message: &str) -> Response {
    failure(StatusCode::SERVICE_UNAVAILABLE, "ServiceUnavailableException", message)
}

/// Converts the error of a call. Only the log has its complete text, because it can contain account ids and host names.
pub(crate) fn of_call(error: Error) -> Response {
    tracing::warn!(%error, "call failed");
    match error.kind() {
        ErrorKind::Serialize(error) => invalid(error),
        ErrorKind::Quota(error) => of_limiter(error),
        _ if error.is_access_denied() => unavailable("the gateway has no access to the model"),
        // Without a code, a proxy sent the response.
        ErrorKind::Service { response, .. } if error.code().is_some() => {
            let mut copy = (response.status(), Body::from(response.body().clone())).into_response();
            for name in ["content-type", "retry-after", "x-amzn-errortype", "x-amzn-requestid"] {
                response.headers().get(name).map(|value| copy.headers_mut().insert(name, value.clone()));
            }
            copy
        }
        _ if error.class() == FailureClass::NotSent => unavailable("no target is available"),
        _ => internal("the response is incomplete, but the model may have processed the request"),
    }
}

fn of_limiter(error: &QuotaError) -> Response {
    let deny = |code| failure(StatusCode::TOO_MANY_REQUESTS, code, error);
    match error {
        // The AWS SDKs do not retry this code.
        QuotaError::OverBudget { .. } => deny("ServiceQuotaExceededException"),
        QuotaError::Store(_) => unavailable("the budgets are not available"),
        QuotaError::TimedOut { .. } => ([("retry-after", "10")], deny("ThrottlingException")).into_response(),
        // The limits of the tenant never admit the call, or its model has no price.
        _ => invalid(error),
    }
}
