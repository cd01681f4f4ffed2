//! `StartAsyncInvoke`.

use invoke_model_families::base_model_id;
use invoke_model_types::{
    AsyncInvokeOutputDataConfig, InvokeModel, Operation, StartAsyncInvoke, StartAsyncInvokeInput,
    StartAsyncInvokeOutput,
};
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::call_context::check_region;
use super::{CallContext, OperationHandler, Reply};
use crate::access_policy::ACCOUNT;
use crate::async_jobs::NewJob;
use crate::error_model::ERROR_MODEL_ID;
use crate::families;
use crate::service_error::ServiceError;

/// A handler that starts a job.
pub(super) struct StartAsyncInvokeHandler;

/// The models that support asynchronous invocation. Each entry contains a model id, and a required member of
/// the model input.
///
/// * <https://docs.aws.amazon.com/nova/latest/userguide/video-gen-access.html>
/// * <https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-marengo.html>
/// * <https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-luma.html>
const MODELS: [(&str, &str); 6] = [
    ("amazon.nova-2-multimodal-embeddings-v1:0", "taskType"),
    ("amazon.nova-reel-v1:0", "taskType"),
    ("amazon.nova-reel-v1:1", "taskType"),
    ("luma.ray-v2:0", "prompt"),
    ("twelvelabs.marengo-embed-2-7-v1:0", "inputType"),
    ("twelvelabs.marengo-embed-3-0-v1:0", "inputType"),
];

impl OperationHandler for StartAsyncInvokeHandler {
    type Operation = StartAsyncInvoke;

    // The operation shares the action of `InvokeModel`, because the service has no separate IAM action for
    // it.
    const ACTION: &'static str = InvokeModel::NAME;

    fn handle(
        call: &CallContext<'_>,
        input: StartAsyncInvokeInput,
    ) -> Result<Reply<StartAsyncInvoke>, ServiceError> {
        let AsyncInvokeOutputDataConfig::S3OutputDataConfig(_) = &input.output_data_config else {
            return Err(ServiceError::validation("The outputDataConfig has no s3OutputDataConfig"));
        };
        let model_arn = model_arn(call, &input)?;
        let failure = (input.model_id == ERROR_MODEL_ID).then(|| failure(&input.model_input));
        let digest = digest(&input);
        let new = NewJob {
            region: call.region.to_owned(),
            arn_prefix: format!("arn:aws:bedrock:{}:{ACCOUNT}:async-invoke/", call.region),
            model_arn,
            token: input.client_request_token,
            output: input.output_data_config,
            failure,
            digest,
        };
        let arn = call.state.async_jobs.submit(new, call.now)?;
        Ok(Reply::new(StartAsyncInvokeOutput::new(arn)))
    }
}

/// Checks the model and its input. Returns the ARN of the model.
fn model_arn(call: &CallContext<'_>, input: &StartAsyncInvokeInput) -> Result<String, ServiceError> {
    let model_id = input.model_id.as_str();
    let is_object = input.model_input.is_object();
    if !is_object {
        return Err(ServiceError::validation("Malformed input request: modelInput must be a JSON object"));
    }
    if model_id == ERROR_MODEL_ID {
        return Ok(foundation_model(model_id, call.region));
    }
    check_region(model_id, call.region)?;
    if model_id.starts_with("arn:") && model_id.contains(":provisioned-model/") {
        call.state.policy.check(call.action, model_id, model_id, call.region)?;
        return Ok(model_id.to_owned());
    }
    let base = base_model_id(model_id).unwrap_or(model_id);
    let Some((base, required)) = MODELS.iter().find(|(id, _)| *id == base) else {
        return Err(unsupported(base));
    };
    call.state.policy.check(call.action, model_id, base, call.region)?;
    if input.model_input.get(required).is_none() {
        return Err(ServiceError::validation(format!(
            "Malformed input request: #: required key [{required}] not found, please reformat your input and try \
             again."
        )));
    }
    Ok(foundation_model(base, call.region))
}

fn foundation_model(model_id: &str, region: &str) -> String {
    format!("arn:aws:bedrock:{region}::foundation-model/{model_id}")
}

/// Returns the error for a model without asynchronous invocation, or for a model that does not exist.
fn unsupported(model_id: &str) -> ServiceError {
    if families::find(model_id).is_none() {
        return ServiceError::unknown_model();
    }
    let models = MODELS.map(|(id, _)| id).join(", ");
    ServiceError::validation(format!(
        "The model {model_id} does not support asynchronous invocation. The local endpoint has these models with \
         asynchronous invocation: {models}"
    ))
}

/// Returns the failure message for a job of the error model: the member `message`, or else the member
/// `error`.
fn failure(input: &Value) -> String {
    let text = |name: &str| input.get(name).and_then(Value::as_str).map(str::to_owned);
    text("message").or_else(|| text("error")).unwrap_or_else(|| "The job failed.".to_owned())
}

/// Returns a digest of all members except for the token.
fn digest(input: &StartAsyncInvokeInput) -> [u8; 32] {
    let StartAsyncInvokeInput { model_id, model_input, output_data_config, tags, .. } = input;
    let members = serde_json::to_vec(&(model_id, model_input, output_data_config, tags));
    Sha256::digest(members.unwrap_or_default()).into()
}
