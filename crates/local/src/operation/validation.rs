//! Checks the rules of the API reference for `InvokeModel` that the Smithy model does not contain.
//!
//! <https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_InvokeModel.html>

use serde_json::Value;

use super::invocation::Invocation;
use crate::service_error::ServiceError;

/// Checks an input and parses its body.
pub(super) fn check(input: &Invocation) -> Result<Value, ServiceError> {
    check_media_types(input)?;
    let body = parse_body(&input.body)?;
    check_guardrail(input, &body)?;
    Ok(body)
}

/// Parses a body in the schema of a vendor.
pub(super) fn parse_body(body: &[u8]) -> Result<Value, ServiceError> {
    serde_json::from_slice(body).map_err(|error| {
        ServiceError::validation(format!("Malformed input request: the body is not JSON: {error}"))
    })
}

fn check_media_types(input: &Invocation) -> Result<(), ServiceError> {
    // The service reads a body without a media type as JSON. boto3 sends no `Content-Type` by default.
    let is_json = input.content_type.as_deref().is_none_or(|value| media_type(value) == "application/json");
    match (is_json, guardrail(input)) {
        (true, _) => {}
        (false, Some(_)) => {
            let message = "The guardrail can be applied only when the Content-Type is application/json";
            return Err(ServiceError::validation(message));
        }
        (false, None) => {
            return Err(ServiceError::validation(
                "The provided Content Type is invalid or not supported for this model: it must be application/json",
            ));
        }
    }
    // Image models return their images inside JSON, so an image type in `Accept` is also valid.
    let acceptable = |range: &str| {
        matches!(range, "*/*" | "application/*" | "application/json") || range.starts_with("image/")
    };
    match input.accept.as_deref() {
        Some(accept) if !accept.split(',').any(|range| acceptable(&media_type(range))) => {
            Err(ServiceError::validation(
                "The provided Accept Type is invalid or not supported for this model: it must accept application/json",
            ))
        }
        _ => Ok(()),
    }
}

/// Checks two of the three error cases that the documentation of `guardrailIdentifier` lists.
/// [`check_media_types`] checks the third case, the content type.
fn check_guardrail(input: &Invocation, body: &Value) -> Result<(), ServiceError> {
    let config = body.get("amazon-bedrock-guardrailConfig").is_some();
    match (guardrail(input), non_empty(&input.guardrail_version)) {
        (None, _) if config => Err(ServiceError::validation(
            "The body has amazon-bedrock-guardrailConfig, but the request has no guardrailIdentifier",
        )),
        (Some(_), None) => {
            Err(ServiceError::validation("The request has a guardrailIdentifier, but no guardrailVersion"))
        }
        _ => Ok(()),
    }
}

pub(super) fn guardrail(input: &Invocation) -> Option<&str> {
    non_empty(&input.guardrail_identifier)
}

/// Returns the value of a member, or `None` if the member is unset or empty. An empty string is not an error,
/// because the patterns of the guardrail members allow it.
fn non_empty(member: &Option<String>) -> Option<&str> {
    member.as_deref().filter(|value| !value.is_empty())
}

/// Returns a media type without its parameters (RFC 9110 section 8.3.1), in lower case.
fn media_type(value: &str) -> String {
    value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}
