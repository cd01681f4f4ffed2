//! Facts about requests and responses, such as model ids and token counts. A client uses these facts for
//! limits, spans and errors.
//!
//! Traits in the Smithy model mark the members and headers that contain these facts. Generated code reads the
//! facts, so a client needs no code for a specific operation.

use std::borrow::Cow;
use std::collections::BTreeMap;

use http::HeaderValue;

use crate::error::{SerializeError, SerializeErrorKind};

/// Facts about the input of a call. [`Operation::request_facts`](crate::Operation::request_facts) returns
/// them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RequestFacts<'a> {
    /// The id or ARN of the model.
    pub model_id: Option<&'a str>,
    /// The id or ARN of the guardrail.
    pub guardrail_id: Option<&'a str>,
    /// The id or ARN of the project.
    pub project_id: Option<&'a str>,
    /// The ARN of an asynchronous invocation.
    pub invocation_arn: Option<&'a str>,
    /// The limit of output tokens, or `None` if the input does not set it. Also `None` if the limit is part
    /// of a payload whose schema depends on the AI model.
    pub max_output_tokens: Option<u64>,
}

/// Metrics of a call, from the headers, the output or the events. A metric is `None` if the service does not
/// report it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ResponseMetrics {
    /// Number of input tokens.
    pub input_tokens: Option<u64>,
    /// Number of output tokens.
    pub output_tokens: Option<u64>,
    /// Number of tokens that were read from a prompt cache.
    pub cache_read_input_tokens: Option<u64>,
    /// Number of tokens that were written to a prompt cache.
    pub cache_write_input_tokens: Option<u64>,
    /// Latency of the model in milliseconds, as measured by the service.
    pub latency_ms: Option<u64>,
    /// The reason why the model stopped.
    pub stop_reason: Option<Cow<'static, str>>,
}

/// Sets a metric to the number in a header. Keeps an earlier value, because the first value of a repeated
/// header counts. Ignores values that are not numbers.
pub fn read_header(metric: &mut Option<u64>, value: &HeaderValue) {
    if metric.is_none() {
        *metric = std::str::from_utf8(value.as_bytes()).ok().and_then(|text| text.parse().ok());
    }
}

/// Returns a JSON object with the entries of `json` and the tags. A tag replaces an entry with the same key. Generated
/// code calls this function for a member that contains the metadata of a request as a string.
///
/// # Errors
/// Returns an error that names the member if `json` is not a JSON object of strings.
pub fn add_tags(
    member: &'static str,
    json: Option<&str>,
    tags: &BTreeMap<String, String>,
) -> Result<String, SerializeError> {
    let invalid = || {
        let reason =
            "is not a JSON object of strings, so the tags of the call cannot be added: set tags only";
        SerializeError::new(member, SerializeErrorKind::Invalid(reason.to_owned()))
    };
    let mut entries: BTreeMap<&str, Cow<'_, str>> = BTreeMap::new();
    let given: BTreeMap<String, String> = match json {
        Some(json) => serde_json::from_str(json).map_err(|_| invalid())?,
        None => BTreeMap::new(),
    };
    entries.extend(given.iter().map(|(key, value)| (key.as_str(), value.into())));
    entries.extend(tags.iter().map(|(key, value)| (key.as_str(), value.into())));
    serde_json::to_string(&entries).map_err(|_| invalid())
}
