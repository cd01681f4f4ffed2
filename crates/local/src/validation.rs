//! Checks the rules of the API reference that the Smithy model does not contain.
//!
//! <https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_InvokeModel.html>

use serde_json::Value;

use crate::error_response::ErrorResponse;
use crate::invocation::Invocation;

/// Checks an input and parses its body.
pub(crate) fn check(input: &Invocation) -> Result<Value, ErrorResponse> {
    check_media_types(input)?;
    let body: Value = serde_json::from_slice(&input.body).map_err(|error| {
        ErrorResponse::validation(format!("Malformed input request: the body is not JSON: {error}"))
    })?;
    check_guardrail(input, &body)?;
    Ok(body)
}

/// Checks that the region of an ARN, if present, is `region`. The error has the message that the service
/// returns for an ARN of another region.
pub(crate) fn check_region(model_id: &str, region: &str) -> Result<(), ErrorResponse> {
    let arn_region = model_id.strip_prefix("arn:").and_then(|rest| rest.split(':').nth(2));
    match arn_region {
        Some(arn_region) if !arn_region.is_empty() && arn_region != region => {
            Err(ErrorResponse::validation("The provided model identifier is invalid."))
        }
        _ => Ok(()),
    }
}

fn check_media_types(input: &Invocation) -> Result<(), ErrorResponse> {
    // The service reads a body without a media type as JSON. boto3 sends no `Content-Type` by default.
    let is_json = input.content_type.as_deref().is_none_or(|value| media_type(value) == "application/json");
    match (is_json, guardrail(input)) {
        (true, _) => {}
        (false, Some(_)) => {
            let message = "The guardrail can be applied only when the Content-Type is application/json";
            return Err(ErrorResponse::validation(message));
        }
        (false, None) => {
            return Err(ErrorResponse::validation(
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
            Err(ErrorResponse::validation(
                "The provided Accept Type is invalid or not supported for this model: it must accept application/json",
            ))
        }
        _ => Ok(()),
    }
}

/// Checks two of the three error cases that the documentation of `guardrailIdentifier` lists.
/// [`check_media_types`] checks the third case, the content type.
fn check_guardrail(input: &Invocation, body: &Value) -> Result<(), ErrorResponse> {
    let config = body.get("amazon-bedrock-guardrailConfig").is_some();
    match (guardrail(input), non_empty(&input.guardrail_version)) {
        (None, _) if config => Err(ErrorResponse::validation(
            "The body has amazon-bedrock-guardrailConfig, but the request has no guardrailIdentifier",
        )),
        (Some(_), None) => {
            Err(ErrorResponse::validation("The request has a guardrailIdentifier, but no guardrailVersion"))
        }
        _ => Ok(()),
    }
}

fn guardrail(input: &Invocation) -> Option<&str> {
    non_empty(&input.guardrail_identifier)
}

/// Treats an empty string as unset, because the patterns of the guardrail members allow an empty string.
fn non_empty(member: &Option<String>) -> Option<&str> {
    member.as_deref().filter(|value| !value.is_empty())
}

/// Returns a media type without its parameters (RFC 9110 section 8.3.1), in lower case.
fn media_type(value: &str) -> String {
    value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}
