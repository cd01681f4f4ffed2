//! Errors and stream faults in the format of fault files.

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use crate::json_form::{alternative, object_form};
use crate::service_error::ServiceError;
use crate::stream::StreamFault;

/// The codes of the errors that can end a stream.
pub(crate) const STREAM_ERRORS: &[&str] = &[
    "InternalServerException",
    "ModelStreamErrorException",
    "ModelTimeoutException",
    "ServiceUnavailableException",
    "ThrottlingException",
    "ValidationException",
];

/// Joins names for an error message.
pub(crate) fn one_of(names: &[&str]) -> String {
    match names {
        [names @ .., last] if !names.is_empty() => format!("{} or {last}", names.join(", ")),
        _ => names.concat(),
    }
}

/// An error in a fault file. `code` is the name of the error. The other members have the names of the Smithy
/// model.
#[derive(Clone, Serialize, Deserialize)]
#[serde(remote = "Self", deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct ErrorForm {
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

object_form!(ErrorForm, "an object with `code`", serialize);

/// A stream fault in a fault file.
#[derive(Clone, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum StreamFaultForm {
    Error(ErrorForm),
    Unmodeled(UnmodeledForm),
    UnknownEvent(String),
    WrongChecksum,
    Truncate(usize),
}

impl<'de> Deserialize<'de> for StreamFaultForm {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let expected = "{\"error\": {..}}, {\"unmodeled\": {..}}, {\"unknown_event\": NAME}, \"wrong_checksum\" or \
                        {\"truncate\": N}; N is a number of bytes";
        alternative(deserializer, expected, |name, value| {
            let bytes = value.and_then(Value::as_u64).and_then(|bytes| usize::try_from(bytes).ok());
            Ok(match (name, value) {
                ("error", Some(value)) => Some(Self::Error(member(name, value)?)),
                ("unmodeled", Some(value)) => Some(Self::Unmodeled(member(name, value)?)),
                ("unknown_event", Some(Value::String(event))) => Some(Self::UnknownEvent(event.clone())),
                ("wrong_checksum", None) => Some(Self::WrongChecksum),
                ("truncate", _) => bytes.map(Self::Truncate),
                _ => None,
            })
        })
    }
}

fn member<'de, T: Deserialize<'de>>(name: &str, value: &'de Value) -> Result<T, String> {
    T::deserialize(value).map_err(|error| format!("`{name}`: {error}"))
}

#[derive(Clone, Serialize, Deserialize)]
#[serde(remote = "Self", deny_unknown_fields)]
pub(super) struct UnmodeledForm {
    code: String,
    message: String,
}

object_form!(UnmodeledForm, "an object with `code` and `message`", serialize);

impl ErrorForm {
    pub(super) fn error(self) -> Result<ServiceError, String> {
        let mut members = serde_json::to_value(&self).map_err(|error| error.to_string())?;
        if let Some(members) = members.as_object_mut() {
            // `remove` can change the order of the other members.
            members.retain(|name, _| name != "code");
        }
        let code = self.code;
        let error = ServiceError::by_code(&code, &members)
            .ok_or_else(|| format!("`code` is {code:?}: it must be {}", one_of(ServiceError::MODELED)))?;
        let error = error.map_err(|error| format!("{code}: {error}"))?;
        // Deserialization ignores unknown members, so this function looks for them. `error` contains only
        // members that the Smithy model defines for this error.
        let known = error.members();
        let unknown =
            members.as_object().and_then(|members| members.keys().find(|name| !known.contains_key(*name)));
        match unknown {
            None => Ok(error),
            Some(name) => Err(format!("{code} has no member `{name}`")),
        }
    }
}

impl StreamFaultForm {
    pub(super) fn fault(self) -> Result<StreamFault, String> {
        match self {
            Self::Error(form) => {
                let error = form.error()?;
                if STREAM_ERRORS.contains(&error.code()) {
                    Ok(StreamFault::Error(error))
                } else {
                    Err(format!("the `error` of a stream must be {}", one_of(STREAM_ERRORS)))
                }
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
