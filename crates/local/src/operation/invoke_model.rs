//! `InvokeModel`.

use invoke_model_types::{InvokeModel, InvokeModelInput, InvokeModelOutput};

use super::invocation::Invocation;
use super::{CallContext, ModelOutput, OperationHandler, Reply, TokenUsage, cached_body, guarded_body};
use crate::families::{self, ModelModality, ResponseWriter};
use crate::handler::LATENCY;
use crate::service_error::ServiceError;

/// A handler that returns the response of a model in the schema of its vendor.
pub(super) struct InvokeModelHandler;

impl OperationHandler for InvokeModelHandler {
    type Operation = InvokeModel;

    const GENERATES_TEXT: bool = true;

    fn handle(
        call: &CallContext<'_>,
        mut input: InvokeModelInput,
    ) -> Result<Reply<InvokeModel>, ServiceError> {
        let performance_config_latency = input.performance_config_latency.take();
        let service_tier = input.service_tier.take();
        let request = Invocation::from(input).admit(call)?;
        let guarded_input = request.guarded_input();
        let mut cached = request.cached;
        let mut response = families::respond(request.model_id, &request.body)?;
        if let Some(ModelOutput::Reply(reply)) = call.take_output() {
            let template = serde_json::from_slice(&response.body).unwrap_or_default();
            let input_tokens = reply.input_tokens().unwrap_or(response.input_tokens);
            cached = cached.filter(|_| reply.input_tokens().is_none());
            let writer = ResponseWriter::new(template, input_tokens)?;
            let answer = writer.answer(&reply, response.max_tokens);
            response.body = writer.response(&answer)?.to_string().into_bytes();
            (response.input_tokens, response.output_tokens) = (input_tokens, answer.output_tokens);
        }
        if let Some(guarded) = request.guarded {
            response =
                guarded_body::respond(guarded, request.blocked, response, request.model_id, &request.body)?;
        }
        if let Some(cached) = cached {
            response = cached_body::respond(response, cached);
        }
        let usage = TokenUsage {
            model_id: request.model_id,
            input_tokens: response.input_tokens,
            cached: cached_body::reported(request.model_id, cached),
            output_tokens: response.output_tokens,
            max_tokens: response.max_tokens,
        };
        let mut output = InvokeModelOutput::new(response.body, response.content_type);
        output.performance_config_latency = performance_config_latency;
        output.service_tier = service_tier;
        // The latency 0 is a placeholder. The server replaces it when it sends the response.
        let reply = Reply::new(output)
            .with_usage(usage)
            .with_guarded_input(guarded_input)
            .with_header("x-amzn-bedrock-input-token-count", usage.input_tokens)
            .with_header(LATENCY, 0);
        let model = families::find(usage.model_id);
        let reply = match model.map(|model| model.output_modality()) {
            Some(ModelModality::Embedding) => reply,
            _ => reply.with_header("x-amzn-bedrock-output-token-count", usage.output_tokens),
        };
        Ok(match usage.cached {
            Some(cached) => reply
                .with_header("x-amzn-bedrock-cache-read-input-token-count", cached.read)
                .with_header("x-amzn-bedrock-cache-write-input-token-count", cached.written),
            None => reply,
        })
    }
}
