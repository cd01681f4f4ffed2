//! A model that responds with errors only.

use serde_json::{Value, json};

use crate::fault::{STREAM_ERRORS, one_of};
use crate::service_error::ServiceError;
use crate::stream::{PlannedStreamFault, StreamFault};

/// A model id that exists only on this endpoint. Use it to test the error handling of unmodified clients in
/// any language. The model responds with the error that the request body names:
///
/// ```json
/// {"error": "ModelErrorException", "message": "text", "originalStatusCode": 500, "resourceName": "model"}
/// ```
///
/// `error` is the name of an error that the Smithy model defines. The other keys are the members of this
/// error. All members are optional.
///
/// `Converse` and `ConverseStream` read the same keys from `additionalModelRequestFields`.
///
/// `InvokeModelWithResponseStream` and `ConverseStream` also accept the key `afterEvents`. With
/// `"afterEvents": 3`, the response is a stream that contains a short message.
/// `InvokeModelWithResponseStream` sends the message in the schema of Claude models. The error follows the
/// third event of the message. If the message has fewer events, the error follows the last event.
///
/// If `StartAsyncInvoke` starts a job with this model, the job fails with `message`.
pub const ERROR_MODEL_ID: &str = "local.error-v1";

/// Parses the request of a call to the error model. If the call is streaming and the request has
/// `afterEvents`, returns the error as a stream fault. Otherwise returns `Err` with the error that the
/// request names.
pub(crate) fn stream_fault(is_streaming: bool, request: &Value) -> Result<PlannedStreamFault, ServiceError> {
    let code = request.get("error").and_then(Value::as_str);
    let error = match code.and_then(|code| ServiceError::by_code(code, request)) {
        Some(Ok(error)) => error,
        Some(Err(error)) => return Err(malformed(&error.to_string())),
        None => return Err(malformed(&format!("`error` must be {}", one_of(ServiceError::MODELED)))),
    };
    let Some(after_events) = request.get("afterEvents").filter(|_| is_streaming) else { return Err(error) };
    let after_events =
        after_events.as_u64().ok_or_else(|| malformed("`afterEvents` must be an integer of 0 or more"))?;
    if !STREAM_ERRORS.contains(&error.code()) {
        return Err(malformed(&format!("with `afterEvents`, `error` must be {}", one_of(STREAM_ERRORS))));
    }
    Ok(PlannedStreamFault { after_events, fault: StreamFault::Error(error) })
}

/// Returns a request body for a Claude model. The response to this body contains the events that the error
/// model sends before the error.
pub(crate) fn conversation() -> Value {
    json!({
        "anthropic_version": "bedrock-2023-05-31",
        "max_tokens": 64,
        "messages": [{"role": "user", "content": "An error follows in this stream, as the request asked."}],
    })
}

fn malformed(problem: &str) -> ServiceError {
    ServiceError::validation(format!("Malformed input request: {problem}"))
}
