//! Errors and stream faults in the format of fault files.

use invoke_model_types::{
    InvokeModelWithResponseStream, InvokeModelWithResponseStreamError as Error, ResponseStreamError,
    ServerOperation,
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::stream::StreamFault;

/// The names of all modeled errors, for error messages.
pub(crate) const ERROR_NAMES: &str = "\
    AccessDeniedException, InternalServerException, ModelErrorException, ModelNotReadyException, \
    ModelStreamErrorException, ModelTimeoutException, ResourceNotFoundException, \
    ServiceQuotaExceededException, ServiceUnavailableException, ThrottlingException or ValidationException";

/// The names of the errors that can end a stream, for error messages.
pub(crate) const STREAM_ERROR_NAMES: &str = "\
    InternalServerException, ModelStreamErrorException, ModelTimeoutException, ServiceUnavailableException, \
    ThrottlingException or ValidationException";

/// Deserializes the error with the given name from its members. Returns `None` for an unknown name.
pub(crate) fn error_by_name(name: &str, members: &Value) -> Option<Result<Error, serde_json::Error>> {
    fn read<'a, E: Deserialize<'a> + Into<Error>>(members: &'a Value) -> Result<Error, serde_json::Error> {
        E::deserialize(members).map(Into::into)
    }
    use invoke_model_types as types;
    Some(match name {
        "AccessDeniedException" => read::<types::AccessDeniedException>(members),
        "InternalServerException" => read::<types::InternalServerException>(members),
        "ModelErrorException" => read::<types::ModelErrorException>(members),
        "ModelNotReadyException" => read::<types::ModelNotReadyException>(members),
        "ModelStreamErrorException" => read::<types::ModelStreamErrorException>(members),
        "ModelTimeoutException" => read::<types::ModelTimeoutException>(members),
        "ResourceNotFoundException" => read::<types::ResourceNotFoundException>(members),
        "ServiceQuotaExceededException" => read::<types::ServiceQuotaExceededException>(members),
        "ServiceUnavailableException" => read::<types::ServiceUnavailableException>(members),
        "ThrottlingException" => read::<types::ThrottlingException>(members),
        "ValidationException" => read::<types::ValidationException>(members),
        _ => return None,
    })
}

/// Converts an error to a stream error. Returns `None` if this error cannot end a stream.
pub(crate) fn into_stream_error(error: Error) -> Option<ResponseStreamError> {
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

/// An error in a fault file. `code` is the name of the error. The other members have the names of the Smithy
/// model.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct ErrorForm {
    #[serde(skip_serializing)]
    code: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    original_status_code: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    original_message: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    resource_name: Option<String>,
}

/// A stream fault in a fault file.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum StreamFaultForm {
    Error(ErrorForm),
    Unmodeled(UnmodeledForm),
    UnknownEvent(String),
    WrongChecksum,
    Truncate(usize),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct UnmodeledForm {
    code: String,
    message: String,
}

impl ErrorForm {
    pub(super) fn error(self) -> Result<Error, String> {
        let members = serde_json::to_value(&self).map_err(|error| error.to_string())?;
        let code = self.code;
        let error = error_by_name(&code, &members)
            .ok_or_else(|| format!("`code` is {code:?}: it must be {ERROR_NAMES}"))?;
        let error = error.map_err(|error| format!("{code}: {error}"))?;
        // Deserialization ignores unknown members. To find them, serialize the error again and compare its
        // members.
        let response =
            InvokeModelWithResponseStream::serialize_error(&error).map_err(|error| error.to_string())?;
        let body = response.map(http::Response::into_body).unwrap_or_default();
        let known: Map<String, Value> = serde_json::from_slice(&body).unwrap_or_default();
        let unknown =
            members.as_object().and_then(|members| members.keys().find(|name| !known.contains_key(*name)));
        unknown.map_or(Ok(error), |name| Err(format!("{code} has no member `{name}`")))
    }
}

impl StreamFaultForm {
    pub(super) fn fault(self) -> Result<StreamFault, String> {
        match self {
            Self::Error(form) => {
                let error = into_stream_error(form.error()?);
                let error =
                    error.ok_or_else(|| format!("the `error` of a stream must be {STREAM_ERROR_NAMES}"))?;
                Ok(StreamFault::Error(error))
            }
            Self::Unmodeled(UnmodeledForm { code, message }) => {
                StreamFault::unmodeled(&code, &message).map_err(|error| error.to_string())
            }
            Self::UnknownEvent(name) => StreamFault::unknown_event(&name).map_err(|error| error.to_string()),
            Self::WrongChecksum => Ok(StreamFault::WrongChecksum),
            Self::Truncate(bytes) => Ok(StreamFault::Truncate { bytes }),
        }
    }
}
