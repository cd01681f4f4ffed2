//! Finds the base model in a model id, an inference profile id or an ARN.

/// The prefixes of system-defined inference profiles, as in `us.amazon.nova-lite-v1:0`.
/// <https://docs.aws.amazon.com/bedrock/latest/userguide/inference-profiles-support.html>
const GEOGRAPHIES: [&str; 8] = ["apac", "au", "ca", "eu", "global", "jp", "us", "us-gov"];

/// Returns the id of the base model in a `modelId`.
///
/// | `modelId` | result |
/// |---|---|
/// | id of a base model | the same id |
/// | id of a system-defined inference profile, such as `us.amazon.nova-lite-v1:0` | the id without the prefix |
/// | ARN of a `foundation-model` | the id in the ARN |
/// | ARN of an `inference-profile` | the id in the ARN, without the prefix |
/// | other ARN, such as an `application-inference-profile` or a `custom-model` | `None` |
///
/// An ARN of the last kind contains no base model, or only a part of the id of the base model. The function
/// does not check that the base model exists.
///
/// ```
/// use invoke_model_families::base_model_id;
///
/// let arn = "arn:aws:bedrock:eu-west-1:123456789012:inference-profile/eu.amazon.nova-lite-v1:0";
/// assert_eq!(base_model_id(arn), Some("amazon.nova-lite-v1:0"));
/// ```
#[must_use]
pub fn base_model_id(model_id: &str) -> Option<&str> {
    if !model_id.starts_with("arn:") {
        return Some(without_geography(model_id).unwrap_or(model_id));
    }
    // arn:partition:bedrock:region:account:resource
    let mut parts = model_id.splitn(6, ':').skip(2);
    let (service, resource) = (parts.next(), parts.nth(2)?);
    match (service, resource.split_once('/')) {
        (Some("bedrock"), Some(("foundation-model", id))) => Some(id),
        (Some("bedrock"), Some(("inference-profile", id))) => without_geography(id),
        _ => None,
    }
}

/// Returns the id of an inference profile without its prefix, or `None` if the id has no known prefix.
fn without_geography(id: &str) -> Option<&str> {
    let (geography, base) = id.split_once('.')?;
    GEOGRAPHIES.contains(&geography).then_some(base)
}
