//! From what a caller puts into `modelId` to the base model that answers.
//!
//! The forms are those of the operation's `modelId` pattern:
//! <https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_InvokeModel.html#API_runtime_InvokeModel_RequestSyntax>.

use super::answer::Refusal;
use super::models::{MODELS, Model, find};

/// The base model behind ARNs that do not say theirs: provisioned throughput, imported and deployed models,
/// application inference profiles, prompts, prompt routers and SageMaker endpoints.
///
/// In an account they stand for whatever their owner made them of; here they all answer as Claude 3 Haiku, so
/// that calls with such ARNs can be tested.
pub const DEFAULT_TEXT_MODEL: &str = "anthropic.claude-3-haiku-20240307-v1:0";

/// The geographies that system-defined inference profiles are named after: `us.amazon.nova-lite-v1:0`.
/// <https://docs.aws.amazon.com/bedrock/latest/userguide/inference-profiles-support.html>
const GEOGRAPHIES: [&str; 8] = ["apac", "au", "ca", "eu", "global", "jp", "us", "us-gov"];

/// The base model that answers for a model id, an inference profile id or an ARN; none when there is no such
/// model.
///
/// Foundation model ids and ARNs, system-defined inference profile ids and ARNs, and ARNs of customised
/// models name their base model. ARNs that do not name one answer as [`DEFAULT_TEXT_MODEL`]. Region and
/// account of an ARN are not looked at.
///
/// # Errors
///
/// [`Refusal::Validation`] for an ARN of none of the forms that the operation takes.
pub fn resolve(model_id_or_arn: &str) -> Result<Option<Model>, Refusal> {
    if !model_id_or_arn.starts_with("arn:") {
        return Ok(find(model_id_or_arn).or_else(|| profile(model_id_or_arn)));
    }
    // arn:partition:service:region:account:resource
    let mut parts = model_id_or_arn.splitn(6, ':').skip(2);
    let (service, resource) = (parts.next(), parts.nth(2));
    let resource = resource.and_then(|resource| resource.split_once('/'));
    match (service, resource) {
        (_, None | Some((_, ""))) => Err(Refusal::invalid_identifier()),
        (Some("bedrock"), Some(("foundation-model", id))) => Ok(find(id)),
        (Some("bedrock"), Some(("inference-profile", id))) => Ok(profile(id)),
        (Some("bedrock"), Some(("custom-model", name))) => Ok(customised(name)),
        (
            Some("bedrock"),
            Some((
                "application-inference-profile"
                | "custom-model-deployment"
                | "default-prompt-router"
                | "imported-model"
                | "prompt"
                | "prompt-router"
                | "provisioned-model",
                _,
            )),
        )
        | (Some("sagemaker"), Some(("endpoint", _))) => Ok(find(DEFAULT_TEXT_MODEL)),
        _ => Err(Refusal::invalid_identifier()),
    }
}

/// `us.anthropic.claude-3-haiku-20240307-v1:0`
fn profile(id: &str) -> Option<Model> {
    let (geography, base) = id.split_once('.')?;
    if GEOGRAPHIES.contains(&geography) { find(base) } else { None }
}

/// `amazon.titan-text-express-v1:0:8k/a1b2c3d4e5f6`: the base model, with or without its version and context
/// length, then the customised model's own id.
fn customised(name: &str) -> Option<Model> {
    let (base, _) = name.split_once('/')?;
    let stem = base.split_once(':').map_or(base, |(stem, _)| stem);
    MODELS.iter().find(|model| model.stem() == stem).copied()
}
