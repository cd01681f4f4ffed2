//! Conversion of the errors of the client to responses of the adapter.

use std::error::Error;

use aws_sdk_bedrockruntime::config::http::HttpResponse;
use aws_sdk_bedrockruntime::error::{DisplayErrorContext, ProvideErrorMetadata, SdkError};
use aws_sdk_bedrockruntime::operation::RequestId;
use aws_smithy_types::event_stream::RawMessage;
use serde_json::{Value, json};

use crate::outputs::members;

/// Describes an error of a call.
pub(crate) fn of_call<E>(error: &SdkError<E, HttpResponse>) -> Value
where
    E: ProvideErrorMetadata + Error + 'static,
{
    let class = match error {
        SdkError::ConstructionFailure(_) => "input",
        SdkError::TimeoutError(_) => "timeout",
        SdkError::DispatchFailure(failure) if failure.is_timeout() => "timeout",
        SdkError::DispatchFailure(failure) if failure.is_other() => other(error),
        SdkError::DispatchFailure(_) => "connection",
        SdkError::ResponseError(_) => "response",
        SdkError::ServiceError(_) => "service",
        _ => "other",
    };
    let status = error.raw_response().map(|response| response.status().as_u16());
    describe(error, class, status, error.request_id())
}

/// Describes an error that occurred while an event stream was received.
pub(crate) fn of_stream<E>(error: &SdkError<E, RawMessage>) -> Value
where
    E: ProvideErrorMetadata + Error + 'static,
{
    let class = match error {
        SdkError::TimeoutError(_) => "timeout",
        SdkError::DispatchFailure(failure) if failure.is_timeout() => "timeout",
        _ => "stream",
    };
    describe(error, class, None, None)
}

fn describe<E, R>(error: &SdkError<E, R>, class: &str, status: Option<u16>, id: Option<&str>) -> Value
where
    E: ProvideErrorMetadata + Error + 'static,
    SdkError<E, R>: Error + ProvideErrorMetadata,
{
    let message = match error.as_service_error() {
        Some(service) => service.message().map(str::to_owned),
        None => Some(DisplayErrorContext(error).to_string()),
    };
    // A modeled exception of a stream has no code, but its `Display` output is `TYPE: MESSAGE`.
    let display = error.as_service_error().map(ToString::to_string).unwrap_or_default();
    let name = display.split(':').next().filter(|name| name.ends_with("Exception"));
    members([
        ("class", Some(json!(class))),
        ("code", error.code().or(name).map(|code| json!(code))),
        ("message", message.map(|message| json!(message))),
        ("status", status.map(|status| json!(status))),
        ("request_id", id.map(|id| json!(id))),
    ])
}

/// Returns the class of an error by its text, because the types of these errors are not public.
fn other(error: &(dyn Error + 'static)) -> &'static str {
    let text = DisplayErrorContext(error).to_string();
    if text.to_lowercase().contains("credential") {
        "credentials"
    } else if text.contains("ResolveEndpointError") {
        "other"
    } else {
        "connection"
    }
}
