//! Conversion of outputs and errors to responses of the adapter.

use invoke_model_client::{ConfigError, Error, ErrorKind};
use serde_json::{Map, Value, json};

/// Describes an error in the settings.
pub(crate) fn config_error(error: &ConfigError) -> Value {
    let class =
        if matches!(error, ConfigError::IncompleteCredentials { .. }) { "credentials" } else { "other" };
    json!({"class": class, "message": error.to_string()})
}

/// Describes an error of a call.
pub(crate) fn error(error: &Error) -> Value {
    let class = match error.kind() {
        ErrorKind::Service { .. } => "service",
        ErrorKind::Truncated(truncated) if truncated.response.is_some() => "response",
        ErrorKind::StreamException { .. }
        | ErrorKind::Truncated(_)
        | ErrorKind::Decode(_)
        | ErrorKind::ParseEvent { .. } => "stream",
        ErrorKind::Transport(_) if error.is_timeout() => "timeout",
        ErrorKind::Transport(_) => "connection",
        ErrorKind::Parse { .. } => "response",
        ErrorKind::Json(_) | ErrorKind::Serialize(_) | ErrorKind::SerializeEvent(_) => "input",
        ErrorKind::Credentials(_) => "credentials",
        _ => "other",
    };
    let message = error.message().map_or_else(|| error.to_string(), str::to_owned);
    let mut members = json!({"class": class, "message": message, "type": format!("{:?}", error.class())});
    for (name, value) in [
        ("code", error.code().map(Value::from)),
        ("status", error.status().map(|status| status.as_u16().into())),
        ("request_id", error.request_id().map(Value::from)),
    ] {
        value.into_iter().for_each(|value| members[name] = value);
    }
    members
}

/// Replaces blobs and timestamps of an output or an event with tagged values. `name` is the name of the member with
/// this value.
pub(crate) fn with_tags(name: &str, value: Value) -> Value {
    match (name, value) {
        ("body" | "bytes" | "redactedContent", Value::String(text)) => json!({"$bytes": text}),
        ("endTime" | "lastModifiedTime" | "submitTime", Value::String(text)) => json!({"$time": text}),
        // Documents have no tagged values.
        ("additionalModelResponseFields" | "input" | "json", value) => value,
        (_, Value::Array(items)) => items.into_iter().map(|item| with_tags("", item)).collect(),
        (_, Value::Object(members)) => Value::Object(
            members
                .into_iter()
                .map(|(name, value)| (name.clone(), with_tags(&name, value)))
                .collect::<Map<_, _>>(),
        ),
        (_, other) => other,
    }
}
