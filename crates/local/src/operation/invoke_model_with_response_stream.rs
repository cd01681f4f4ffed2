//! `InvokeModelWithResponseStream`.
//!
//! The last event contains the token counts and the latencies. The service adds these values to the last
//! chunk of the model:
//! <https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_InvokeModelWithResponseStream.html>

use invoke_model_families::INVOCATION_METRICS;
use invoke_model_types::{
    InvokeModelWithResponseStream, InvokeModelWithResponseStreamInput, InvokeModelWithResponseStreamOutput,
    PayloadPart, ResponseStream,
};
use serde_json::{Value, json};

use super::invocation::Invocation;
use super::{CallContext, OperationHandler, Reply, TokenUsage, guarded_body};
use crate::families::{self, Family, ResponseChunks};
use crate::service_error::ServiceError;
use crate::stream::Latency;

/// A handler that returns the response of a model in the streaming schema of its vendor.
pub(super) struct InvokeModelWithResponseStreamHandler;

impl OperationHandler for InvokeModelWithResponseStreamHandler {
    type Operation = InvokeModelWithResponseStream;

    fn handle(
        call: &CallContext<'_>,
        mut input: InvokeModelWithResponseStreamInput,
    ) -> Result<Reply<InvokeModelWithResponseStream>, ServiceError> {
        let performance_config_latency = input.performance_config_latency.take();
        let service_tier = input.service_tier.take();
        let request = Invocation::from(input).admit(call)?;
        let chunks = match request.guarded {
            Some(guarded) => guarded_body::stream(guarded, request.model_id, &request.body)?,
            None => families::stream(request.model_id, &request.body)?,
        };
        let usage = TokenUsage {
            model_id: request.model_id,
            input_tokens: chunks.input_tokens,
            cache_write_tokens: 0,
            output_tokens: chunks.output_tokens,
            max_tokens: chunks.max_tokens,
        };
        let mut output = InvokeModelWithResponseStreamOutput::new(chunks.content_type);
        output.performance_config_latency = performance_config_latency;
        output.service_tier = service_tier;
        Ok(Reply::stream(output, events(chunks, usage))
            .with_usage(usage)
            .with_stream_fault(request.stream_fault))
    }
}

/// Returns the events of a stream. The last event has the metrics.
pub(crate) fn events(
    chunks: ResponseChunks,
    usage: TokenUsage,
) -> impl Iterator<Item = impl FnOnce(Latency) -> ResponseStream + Send> + Send {
    let mut chunks = chunks.peekable();
    std::iter::from_fn(move || {
        let mut chunk = chunks.next()?;
        let is_last = chunks.peek().is_none();
        Some(move |latency: Latency| {
            if is_last {
                chunk[INVOCATION_METRICS] = metrics(usage, latency);
            }
            let mut part = PayloadPart::default();
            part.bytes = Some(chunk.to_string().into());
            ResponseStream::Chunk(part)
        })
    })
}

fn metrics(usage: TokenUsage, latency: Latency) -> Value {
    let mut metrics = json!({
        "inputTokenCount": usage.input_tokens,
        "outputTokenCount": usage.output_tokens,
        "invocationLatency": latency.this_event,
        "firstByteLatency": latency.first_event,
    });
    // The usage of Nova models always contains the numbers of cached tokens.
    if families::find(usage.model_id).is_some_and(|model| model.family == Family::Nova) {
        metrics["cacheReadInputTokenCount"] = json!(0);
        metrics["cacheWriteInputTokenCount"] = json!(0);
    }
    metrics
}
