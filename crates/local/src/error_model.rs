//! A model that responds with errors only.

use serde_json::{Value, json};

use crate::error_response::ErrorResponse;
use crate::fault::{ERROR_NAMES, STREAM_ERROR_NAMES, error_by_name, into_stream_error};
use crate::invocation::ResponseMode;
use crate::stream::{PlannedStreamFault, StreamFault};

/// A model id that exists only on this endpoint. Use it to test the error handling of unmodified clients in
/// any language. The model responds with the error that the request body names:
///
/// ```json
/// {"error": "ModelErrorException", "message": "text", "originalStatusCode": 500, "resourceName": "model"}
/// ```
///
/// `error` is one of the eleven modeled errors. The other keys are the members of the error. All members are
/// optional.
///
/// `InvokeModelWithResponseStream` also accepts the key `afterEvents`. With `"afterEvents": 3`, the response
/// is a stream that contains a short message in the schema of Claude models. The error follows the third
/// event of the message. If the message has fewer events, the error follows the last event.
pub const ERROR_MODEL_ID: &str = "local.error-v1";

/// Parses the body of a call to the error model. If the call is streaming and the body has `afterEvents`,
/// returns the error as a stream fault. Otherwise returns `Err` with the error that the body names.
pub(crate) fn stream_fault(mode: ResponseMode, body: &Value) -> Result<PlannedStreamFault, ErrorResponse> {
    let name = body.get("error").and_then(Value::as_str);
    let error = match name.and_then(|name| error_by_name(name, body)) {
        Some(Ok(error)) => error,
        Some(Err(error)) => return Err(malformed(&error.to_string())),
        None => return Err(malformed(&format!("`error` must be {ERROR_NAMES}"))),
    };
    match (mode, body.get("afterEvents")) {
        (ResponseMode::Buffered, _) | (ResponseMode::Streaming, None) => Err(ErrorResponse::Modeled(error)),
        (ResponseMode::Streaming, Some(after_events)) => {
            let after_events = after_events
                .as_u64()
                .ok_or_else(|| malformed("`afterEvents` must be an integer of 0 or more"))?;
            let error = into_stream_error(error).ok_or_else(|| {
                malformed(&format!("with `afterEvents`, `error` must be {STREAM_ERROR_NAMES}"))
            })?;
            Ok(PlannedStreamFault { after_events, fault: StreamFault::Error(error) })
        }
    }
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

fn malformed(problem: &str) -> ErrorResponse {
    ErrorResponse::validation(format!("Malformed input request: {problem}"))
}
