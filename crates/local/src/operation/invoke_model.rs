//! `InvokeModel`.

use invoke_model_types::{InvokeModel, InvokeModelInput, InvokeModelOutput};

use super::invocation::Invocation;
use super::{CallContext, OperationHandler, Reply, TokenUsage, guarded_body};
use crate::families::{self, Family, ModelModality};
use crate::handler::LATENCY;
use crate::service_error::ServiceError;

/// A handler that returns the response of a model in the schema of its vendor.
pub(super) struct InvokeModelHandler;

impl OperationHandler for InvokeModelHandler {
    type Operation = InvokeModel;

    fn handle(
        call: &CallContext<'_>,
        mut input: InvokeModelInput,
    ) -> Result<Reply<InvokeModel>, ServiceError> {
        let performance_config_latency = input.performance_config_latency.take();
        let service_tier = input.service_tier.take();
        let request = Invocation::from(input).admit(call)?;
        let response = match request.guarded {
            Some(guarded) => guarded_body::respond(guarded, request.model_id, &request.body)?,
            None => families::respond(request.model_id, &request.body)?,
        };
        let usage = TokenUsage {
            model_id: request.model_id,
            input_tokens: response.input_tokens,
            cache_write_tokens: 0,
            output_tokens: response.output_tokens,
            max_tokens: response.max_tokens,
        };
        let mut output = InvokeModelOutput::new(response.body, response.content_type);
        output.performance_config_latency = performance_config_latency;
        output.service_tier = service_tier;
        // The server replaces the latency when it sends the response.
        let reply = Reply::new(output)
            .with_usage(usage)
            .with_header("x-amzn-bedrock-input-token-count", usage.input_tokens)
            .with_header(LATENCY, 0);
        let model = families::find(usage.model_id);
        let reply = match model.map(|model| model.output_modality()) {
            Some(ModelModality::Embedding) => reply,
            _ => reply.with_header("x-amzn-bedrock-output-token-count", usage.output_tokens),
        };
        Ok(match model.map(|model| model.family) {
            // The usage of Nova models always contains the numbers of cached tokens.
            Some(Family::Nova) => reply
                .with_header("x-amzn-bedrock-cache-read-input-token-count", 0)
                .with_header("x-amzn-bedrock-cache-write-input-token-count", 0),
            _ => reply,
        })
    }
}
