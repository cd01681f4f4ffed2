//! Errors on demand: a queue that tests fill, and a model that answers with nothing else.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use invoke_model_types::InvokeModelError;
use serde_json::Value;

use crate::refuse::Refused;

/// A model of this endpoint alone that answers with the error its body asks for, so that unmodified clients of any
/// language can be shown each of them:
///
/// ```json
/// {"error": "ModelErrorException", "message": "words", "originalStatusCode": 500, "resourceName": "model"}
/// ```
///
/// `error` is one of the operation's ten errors; the other keys are its members, all optional.
pub const ERROR_MODEL_ID: &str = "local.error-v1";

/// Errors for the calls to come, the first one first.
#[derive(Debug, Default)]
pub(crate) struct RaiseQueue(Mutex<VecDeque<InvokeModelError>>);

impl RaiseQueue {
    pub(crate) fn push(&self, error: InvokeModelError) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push_back(error);
    }

    pub(crate) fn pop(&self) -> Option<InvokeModelError> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).pop_front()
    }
}

/// What [`ERROR_MODEL_ID`] says to a body.
pub(crate) fn answer(body: &Value) -> Refused {
    const TEN: &str = "AccessDeniedException, InternalServerException, ModelErrorException, ModelNotReadyException, \
                       ModelTimeoutException, ResourceNotFoundException, ServiceQuotaExceededException, \
                       ServiceUnavailableException, ThrottlingException or ValidationException";
    match named(body) {
        Some(Ok(error)) => Refused::Modeled(error),
        Some(Err(error)) => Refused::validation(format!("Malformed input request: {error}")),
        None => Refused::validation(format!("Malformed input request: `error` must be {TEN}")),
    }
}

/// The error that a body names, its members read as their shapes say; `None` when it names none.
fn named(body: &Value) -> Option<Result<InvokeModelError, serde_json::Error>> {
    fn read<'a, E: serde::Deserialize<'a> + Into<InvokeModelError>>(
        body: &'a Value,
    ) -> Result<InvokeModelError, serde_json::Error> {
        E::deserialize(body).map(Into::into)
    }
    use invoke_model_types as types;
    Some(match body.get("error")?.as_str()? {
        "AccessDeniedException" => read::<types::AccessDeniedException>(body),
        "InternalServerException" => read::<types::InternalServerException>(body),
        "ModelErrorException" => read::<types::ModelErrorException>(body),
        "ModelNotReadyException" => read::<types::ModelNotReadyException>(body),
        "ModelTimeoutException" => read::<types::ModelTimeoutException>(body),
        "ResourceNotFoundException" => read::<types::ResourceNotFoundException>(body),
        "ServiceQuotaExceededException" => read::<types::ServiceQuotaExceededException>(body),
        "ServiceUnavailableException" => read::<types::ServiceUnavailableException>(body),
        "ThrottlingException" => read::<types::ThrottlingException>(body),
        "ValidationException" => read::<types::ValidationException>(body),
        _ => return None,
    })
}
