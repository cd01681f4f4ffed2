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

use super::cached_body::CachedInput;
use super::invocation::Invocation;
use super::{CallContext, ModelOutput, OperationHandler, Reply, TokenUsage, cached_body, guarded_body};
use crate::conversation::{AnswerEnd, Part, PartReceiver};
use crate::families::{self, ResponseChunks, ResponseWriter};
use crate::fault::ModelReply;
use crate::service_error::ServiceError;
use crate::stream::Latency;

/// A handler that returns the response of a model in the streaming schema of its vendor.
pub(super) struct InvokeModelWithResponseStreamHandler;

impl OperationHandler for InvokeModelWithResponseStreamHandler {
    type Operation = InvokeModelWithResponseStream;

    const IS_STREAMING: bool = true;

    const GENERATES_TEXT: bool = true;

    fn handle(
        call: &CallContext<'_>,
        mut input: InvokeModelWithResponseStreamInput,
    ) -> Result<Reply<InvokeModelWithResponseStream>, ServiceError> {
        let performance_config_latency = input.performance_config_latency.take();
        let service_tier = input.service_tier.take();
        let request = Invocation::from(input).admit(call)?;
        let guarded_input = request.guarded_input();
        let mut cached = request.cached;
        let mut chunks = families::stream(request.model_id, &request.body)?;
        let mut output = InvokeModelWithResponseStreamOutput::new(chunks.content_type);
        output.performance_config_latency = performance_config_latency;
        output.service_tier = service_tier;
        match call.take_output() {
            None => {}
            Some(ModelOutput::Reply(reply)) => {
                cached = cached.filter(|_| reply.input_tokens().is_none());
                chunks = scripted(chunks, &reply)?;
            }
            Some(ModelOutput::Parts(parts)) => {
                let usage = TokenUsage { output_tokens: 0, ..usage(request.model_id, &chunks, None) };
                return Ok(forwarded(output, parts, chunks.response, usage)?.with_usage(usage));
            }
        }
        if let Some(guarded) = request.guarded {
            chunks = guarded_body::stream(guarded, request.blocked, chunks, request.model_id, &request.body)?;
        }
        if let Some(cached) = cached {
            chunks = cached_body::stream(chunks, cached);
        }
        let usage = usage(request.model_id, &chunks, cached);
        let reply = Reply::stream(output, events(chunks, usage));
        Ok(reply.with_usage(usage).with_guarded_input(guarded_input).with_stream_fault(request.stream_fault))
    }
}

fn usage(model_id: &'static str, chunks: &ResponseChunks, cached: Option<CachedInput>) -> TokenUsage {
    TokenUsage {
        model_id,
        input_tokens: chunks.input_tokens,
        cached: cached_body::reported(model_id, cached),
        output_tokens: chunks.output_tokens,
        max_tokens: chunks.max_tokens,
    }
}

/// Returns the chunks of the reply in a [`FaultRule`](crate::FaultRule). `chunks` is the simulated response.
fn scripted(mut chunks: ResponseChunks, reply: &ModelReply) -> Result<ResponseChunks, ServiceError> {
    chunks.input_tokens = reply.input_tokens().unwrap_or(chunks.input_tokens);
    let mut writer = ResponseWriter::new(std::mem::take(&mut chunks.response), chunks.input_tokens)?;
    let answer = writer.answer(reply, chunks.max_tokens);
    chunks.output_tokens = answer.output_tokens;
    let parts = answer.into_parts(chunks.input_tokens);
    let written = parts.map(|part| writer.chunks(part)).collect::<Result<Vec<_>, _>>()?;
    Ok(chunks.with_chunks(written.into_iter().flatten().collect()))
}

/// Returns the reply for parts that an upstream generates. `template` is the simulated response.
fn forwarded(
    output: InvokeModelWithResponseStreamOutput,
    parts: PartReceiver,
    template: Value,
    usage: TokenUsage,
) -> Result<Reply<InvokeModelWithResponseStream>, ServiceError> {
    let mut writer = ResponseWriter::new(template, usage.input_tokens)?;
    Ok(Reply::parts(output, parts, move |part| {
        let end = match &part {
            Part::End(AnswerEnd { input_tokens, output_tokens, .. }) => {
                Some(TokenUsage { input_tokens: *input_tokens, output_tokens: *output_tokens, ..usage })
            }
            _ => None,
        };
        let chunks = writer.chunks(part)?;
        let last = chunks.len().saturating_sub(1);
        let chunks = chunks.into_iter().enumerate();
        Ok(chunks.map(|(index, chunk)| event(chunk, end.filter(|_| index == last))).collect())
    }))
}

/// Returns the events of a stream. The last event has the metrics.
pub(crate) fn events(
    chunks: impl Iterator<Item = Value> + Send,
    usage: TokenUsage,
) -> impl Iterator<Item = impl FnOnce(Latency) -> ResponseStream + Send> + Send {
    let mut chunks = chunks.peekable();
    std::iter::from_fn(move || {
        let chunk = chunks.next()?;
        let is_last = chunks.peek().is_none();
        Some(event(chunk, is_last.then_some(usage)))
    })
}

/// Returns the event of a chunk. If `usage` is set, the chunk is the last chunk, and gets the metrics.
fn event(mut chunk: Value, usage: Option<TokenUsage>) -> impl FnOnce(Latency) -> ResponseStream + Send {
    move |latency: Latency| {
        if let Some(usage) = usage {
            chunk[INVOCATION_METRICS] = metrics(usage, latency);
        }
        let mut part = PayloadPart::default();
        part.bytes = Some(chunk.to_string().into());
        ResponseStream::Chunk(part)
    }
}

fn metrics(usage: TokenUsage, latency: Latency) -> Value {
    let mut metrics = json!({
        "inputTokenCount": usage.input_tokens,
        "outputTokenCount": usage.output_tokens,
        "invocationLatency": latency.this_event,
        "firstByteLatency": latency.first_event,
    });
    if let Some(cached) = usage.cached {
        metrics["cacheReadInputTokenCount"] = json!(cached.read);
        metrics["cacheWriteInputTokenCount"] = json!(cached.written);
    }
    metrics
}
