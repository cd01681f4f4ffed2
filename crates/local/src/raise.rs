//! A model that answers with nothing but errors.

use serde_json::{Value, json};

use crate::fault::{NAMES, STREAM_NAMES, in_stream, named};
use crate::invocation::Mode;
use crate::refuse::Refused;
use crate::stream::{Planned, StreamFault};

/// A model of this endpoint alone that answers with the error its body asks for, so that unmodified clients of any
/// language can be shown each of them:
///
/// ```json
/// {"error": "ModelErrorException", "message": "words", "originalStatusCode": 500, "resourceName": "model"}
/// ```
///
/// `error` is one of the eleven errors of the operations; the other keys are its members, all optional.
///
/// `InvokeModelWithResponseStream` also reads `"afterEvents": 3`: then the answer begins, and the error comes in the
/// stream, after so many events of a short message in the schema of Claude models, or after all of them where it has
/// fewer.
pub const ERROR_MODEL_ID: &str = "local.error-v1";

/// What goes wrong in the stream that a body asks for; for most bodies, there is no stream but an error at once.
pub(crate) fn planned(mode: Mode, body: &Value) -> Result<Planned, Refused> {
    let name = body.get("error").and_then(Value::as_str);
    let error = match name.and_then(|name| named(name, body)) {
        Some(Ok(error)) => error,
        Some(Err(error)) => return Err(malformed(&error.to_string())),
        None => return Err(malformed(&format!("`error` must be {NAMES}"))),
    };
    match (mode, body.get("afterEvents")) {
        (Mode::Whole, _) | (Mode::Streamed, None) => Err(Refused::Modeled(error)),
        (Mode::Streamed, Some(after_events)) => {
            let after_events = after_events
                .as_u64()
                .ok_or_else(|| malformed("`afterEvents` must be a whole number, 0 or more"))?;
            let error = in_stream(error)
                .ok_or_else(|| malformed(&format!("with `afterEvents`, `error` must be {STREAM_NAMES}")))?;
            Ok(Planned { after_events, fault: StreamFault::Error(error) })
        }
    }
}

/// What a Claude model is asked for the events before an error.
pub(crate) fn conversation() -> Value {
    json!({
        "anthropic_version": "bedrock-2023-05-31",
        "max_tokens": 64,
        "messages": [{"role": "user", "content": "An error comes in the midst of this, where it was asked for."}],
    })
}

fn malformed(fault: &str) -> Refused {
    Refused::validation(format!("Malformed input request: {fault}"))
}
