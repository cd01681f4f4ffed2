//! A model that answers with nothing but errors.

use invoke_model_types::{InvokeModelWithResponseStreamError as Error, ResponseStreamError};
use serde::Deserialize;
use serde_json::{Value, json};

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
    let error = match named(body) {
        Some(Ok(error)) => error,
        Some(Err(error)) => return Err(malformed(&error.to_string())),
        None => {
            return Err(malformed(
                "`error` must be AccessDeniedException, InternalServerException, ModelErrorException, \
                 ModelNotReadyException, ModelStreamErrorException, ModelTimeoutException, \
                 ResourceNotFoundException, ServiceQuotaExceededException, ServiceUnavailableException, \
                 ThrottlingException or ValidationException",
            ));
        }
    };
    match (mode, body.get("afterEvents")) {
        (Mode::Whole, _) | (Mode::Streamed, None) => Err(Refused::Modeled(error)),
        (Mode::Streamed, Some(after_events)) => {
            let after_events = after_events
                .as_u64()
                .ok_or_else(|| malformed("`afterEvents` must be a whole number, 0 or more"))?;
            let error = in_stream(error).ok_or_else(|| {
                malformed(
                    "with `afterEvents`, `error` must be InternalServerException, ModelStreamErrorException, \
                     ModelTimeoutException, ServiceUnavailableException, ThrottlingException or ValidationException",
                )
            })?;
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

/// The error that a body names, its members read as their shapes say; `None` when it names none.
fn named(body: &Value) -> Option<Result<Error, serde_json::Error>> {
    fn read<'a, E: Deserialize<'a> + Into<Error>>(body: &'a Value) -> Result<Error, serde_json::Error> {
        E::deserialize(body).map(Into::into)
    }
    use invoke_model_types as types;
    Some(match body.get("error")?.as_str()? {
        "AccessDeniedException" => read::<types::AccessDeniedException>(body),
        "InternalServerException" => read::<types::InternalServerException>(body),
        "ModelErrorException" => read::<types::ModelErrorException>(body),
        "ModelNotReadyException" => read::<types::ModelNotReadyException>(body),
        "ModelStreamErrorException" => read::<types::ModelStreamErrorException>(body),
        "ModelTimeoutException" => read::<types::ModelTimeoutException>(body),
        "ResourceNotFoundException" => read::<types::ResourceNotFoundException>(body),
        "ServiceQuotaExceededException" => read::<types::ServiceQuotaExceededException>(body),
        "ServiceUnavailableException" => read::<types::ServiceUnavailableException>(body),
        "ThrottlingException" => read::<types::ThrottlingException>(body),
        "ValidationException" => read::<types::ValidationException>(body),
        _ => return None,
    })
}

/// The error as one that a stream can end with.
fn in_stream(error: Error) -> Option<ResponseStreamError> {
    Some(match error {
        Error::InternalServerException(error) => error.into(),
        Error::ModelStreamErrorException(error) => error.into(),
        Error::ModelTimeoutException(error) => error.into(),
        Error::ServiceUnavailableException(error) => error.into(),
        Error::ThrottlingException(error) => error.into(),
        Error::ValidationException(error) => error.into(),
        _ => return None,
    })
}
