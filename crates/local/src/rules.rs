//! What a request must keep beside its signature and the model's constraints: what the documentation of the operations
//! adds. <https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_InvokeModel.html>

use serde_json::Value;

use crate::invocation::Invocation;
use crate::refuse::Refused;

/// Checks an input and reads its body.
pub(crate) fn check(input: &Invocation) -> Result<Value, Refused> {
    check_media_types(input)?;
    let body: Value = serde_json::from_slice(&input.body).map_err(|error| {
        Refused::validation(format!("Malformed input request: the body is not JSON: {error}"))
    })?;
    check_guardrail(input, &body)?;
    Ok(body)
}

/// An ARN names its region, and each region has its own endpoint. The service says only this of one that is called
/// with another's.
pub(crate) fn check_region(model_id: &str, region: &str) -> Result<(), Refused> {
    let stated = model_id.strip_prefix("arn:").and_then(|rest| rest.split(':').nth(2));
    match stated {
        Some(stated) if !stated.is_empty() && stated != region => {
            Err(Refused::validation("The provided model identifier is invalid."))
        }
        _ => Ok(()),
    }
}

fn check_media_types(input: &Invocation) -> Result<(), Refused> {
    // The service takes a body without a media type for JSON: boto3 does not send one unless it is told to.
    let is_json = input.content_type.as_deref().is_none_or(|field| media_type(field) == "application/json");
    match (is_json, guardrail(input)) {
        (true, _) => {}
        (false, Some(_)) => {
            let message = "The guardrail can be applied only when the Content-Type is application/json";
            return Err(Refused::validation(message));
        }
        (false, None) => {
            return Err(Refused::validation(
                "The provided Content Type is invalid or not supported for this model: it must be application/json",
            ));
        }
    }
    // What the models here can answer with, or wrap in their JSON.
    let acceptable = |range: &str| {
        matches!(range, "*/*" | "application/*" | "application/json") || range.starts_with("image/")
    };
    match input.accept.as_deref() {
        Some(accept) if !accept.split(',').any(|range| acceptable(&media_type(range))) => {
            Err(Refused::validation(
                "The provided Accept Type is invalid or not supported for this model: it must take application/json",
            ))
        }
        _ => Ok(()),
    }
}

/// The three situations that the documentation of `guardrailIdentifier` lists; the one about the media type is
/// checked with the media types.
fn check_guardrail(input: &Invocation, body: &Value) -> Result<(), Refused> {
    let config = body.get("amazon-bedrock-guardrailConfig").is_some();
    match (guardrail(input), set(&input.guardrail_version)) {
        (None, _) if config => Err(Refused::validation(
            "The body has amazon-bedrock-guardrailConfig, but the request has no guardrailIdentifier",
        )),
        (Some(_), None) => {
            Err(Refused::validation("The request has a guardrailIdentifier, but no guardrailVersion"))
        }
        _ => Ok(()),
    }
}

fn guardrail(input: &Invocation) -> Option<&str> {
    set(&input.guardrail_identifier)
}

/// The patterns of the guardrail's members allow the empty string, which says as much as nothing.
fn set(member: &Option<String>) -> Option<&str> {
    member.as_deref().filter(|value| !value.is_empty())
}

/// A media type without its parameters (RFC 9110 section 8.3.1), in lower case.
fn media_type(field: &str) -> String {
    field.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}
