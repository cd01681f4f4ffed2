//! Resolves `modelId` to a base model.
//!
//! The `modelId` pattern of the operation defines the accepted forms:
//! <https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_InvokeModel.html#API_runtime_InvokeModel_RequestSyntax>.

use invoke_model_families::base_model_id;

use super::models::{MODELS, Model, find};
use super::response::Rejection;

/// The base model for ARNs that do not name a base model. These are the ARNs of provisioned throughput,
/// imported and deployed models, application inference profiles, prompts, prompt routers and SageMaker
/// endpoints.
///
/// In a real account, the owner configures the models of these resources. Here, all these ARNs resolve to
/// Claude 3 Haiku, so calls with these ARNs can be tested.
pub const DEFAULT_TEXT_MODEL: &str = "anthropic.claude-3-haiku-20240307-v1:0";

/// Returns the base model of a model id, an inference profile id or an ARN. Returns `None` if the model does
/// not exist.
///
/// The ids and ARNs of foundation models and of system-defined inference profiles contain a base model. ARNs
/// of custom models also contain a base model. All other accepted ARNs resolve to [`DEFAULT_TEXT_MODEL`].
/// This function ignores the region and the account of an ARN.
///
/// # Errors
///
/// Returns [`Rejection::Validation`] if the operation does not accept the form of the ARN.
pub fn resolve(model_id_or_arn: &str) -> Result<Option<Model>, Rejection> {
    let base_model = base_model_id(model_id_or_arn).and_then(find);
    if !model_id_or_arn.starts_with("arn:") {
        return Ok(base_model);
    }
    // arn:partition:service:region:account:resource
    let mut parts = model_id_or_arn.splitn(6, ':').skip(2);
    let (service, resource) = (parts.next(), parts.nth(2));
    let resource = resource.and_then(|resource| resource.split_once('/'));
    match (service, resource) {
        (_, None | Some((_, ""))) => Err(Rejection::invalid_identifier()),
        (Some("bedrock"), Some(("foundation-model" | "inference-profile", _))) => Ok(base_model),
        (Some("bedrock"), Some(("custom-model", name))) => Ok(custom_model(name)),
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
        _ => Err(Rejection::invalid_identifier()),
    }
}

/// Resolves a resource name such as `amazon.titan-text-express-v1:0:8k/a1b2c3d4e5f6`. The name consists of
/// the base model, with or without version and context length, and the id of the custom model.
fn custom_model(name: &str) -> Option<Model> {
    let (base, _) = name.split_once('/')?;
    let stem = base.split_once(':').map_or(base, |(stem, _)| stem);
    MODELS.iter().find(|model| model.stem() == stem).copied()
}
