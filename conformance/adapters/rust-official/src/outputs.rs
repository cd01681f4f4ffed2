//! Conversion of outputs and events to JSON with tagged values.

use aws_sdk_bedrockruntime::operation::converse::ConverseOutput;
use aws_sdk_bedrockruntime::primitives::Blob;
use aws_sdk_bedrockruntime::types::{
    ContentBlock, ContentBlockDelta, ContentBlockStart, ConverseStreamOutput, ResponseStream, TokenUsage,
};
use aws_smithy_types::{Document, Number, base64};
use serde_json::{Value, json};

use crate::Supported;

pub(crate) fn bytes(blob: &Blob) -> Value {
    json!({ "$bytes": base64::encode(blob) })
}

/// Returns an object without the members that are `None`.
pub(crate) fn members<const N: usize>(members: [(&str, Option<Value>); N]) -> Value {
    members.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
}

pub(crate) fn text(value: Option<impl AsRef<str>>) -> Option<Value> {
    value.map(|value| json!(value.as_ref()))
}

/// Returns an event by its wire name. Returns `None` if the crate does not know the event.
pub(crate) fn chunk(event: ResponseStream) -> Supported<Option<Value>> {
    Ok(match event {
        ResponseStream::Chunk(part) => {
            Some(json!({ "chunk": members([("bytes", part.bytes.as_ref().map(bytes))]) }))
        }
        _ => None,
    })
}

pub(crate) fn converse_output(output: ConverseOutput) -> Supported<Value> {
    if output.trace.is_some() {
        return Err("this adapter does not support all members of the output".to_owned());
    }
    let message = output.output.as_ref().and_then(|output| output.as_message().ok());
    let message = message.map(|message| -> Supported<Value> {
        let content = message.content().iter().map(|block| match block {
            ContentBlock::Text(text) => Ok(json!({ "text": text })),
            ContentBlock::ToolUse(call) => {
                let input = document(call.input());
                Ok(json!({ "toolUse": { "toolUseId": call.tool_use_id(), "name": call.name(), "input": input } }))
            }
            _ => Err("this adapter supports only texts and tool calls in outputs".to_owned()),
        });
        let content = content.collect::<Supported<Vec<_>>>()?;
        Ok(json!({ "message": { "role": message.role().as_str(), "content": content } }))
    });
    Ok(members([
        ("output", message.transpose()?),
        ("stopReason", text(Some(output.stop_reason()))),
        ("usage", output.usage().map(usage)),
        ("additionalModelResponseFields", output.additional_model_response_fields().map(document)),
        ("metrics", output.metrics().map(|metrics| json!({ "latencyMs": metrics.latency_ms() }))),
        (
            "performanceConfig",
            output.performance_config().map(|config| json!({ "latency": config.latency().as_str() })),
        ),
        ("serviceTier", output.service_tier().map(|tier| json!({ "type": tier.r#type().as_str() }))),
    ]))
}

/// Returns an event by its wire name. Returns `None` if the crate does not know the event.
pub(crate) fn converse_event(event: ConverseStreamOutput) -> Supported<Option<Value>> {
    Ok(Some(match event {
        ConverseStreamOutput::MessageStart(event) => {
            json!({ "messageStart": { "role": event.role().as_str() } })
        }
        ConverseStreamOutput::ContentBlockStart(event) => {
            let start = event.start().map(|start| match start {
                ContentBlockStart::ToolUse(start) => {
                    Ok(json!({ "toolUse": { "toolUseId": start.tool_use_id(), "name": start.name() } }))
                }
                _ => Err("this adapter supports only texts and tool calls in events".to_owned()),
            });
            let index = Some(json!(event.content_block_index()));
            json!({ "contentBlockStart": members([("start", start.transpose()?), ("contentBlockIndex", index)]) })
        }
        ConverseStreamOutput::ContentBlockDelta(event) => {
            let delta = event.delta().map(|delta| match delta {
                ContentBlockDelta::Text(text) => Ok(json!({ "text": text })),
                ContentBlockDelta::ToolUse(delta) => Ok(json!({ "toolUse": { "input": delta.input() } })),
                _ => Err("this adapter supports only texts and tool calls in events".to_owned()),
            });
            let index = Some(json!(event.content_block_index()));
            json!({ "contentBlockDelta": members([("delta", delta.transpose()?), ("contentBlockIndex", index)]) })
        }
        ConverseStreamOutput::ContentBlockStop(event) => {
            json!({ "contentBlockStop": { "contentBlockIndex": event.content_block_index() } })
        }
        ConverseStreamOutput::MessageStop(event) => {
            let fields = event.additional_model_response_fields().map(document);
            let reason = text(Some(event.stop_reason()));
            json!({ "messageStop": members([("stopReason", reason), ("additionalModelResponseFields", fields)]) })
        }
        ConverseStreamOutput::Metadata(event) if event.trace().is_none() => {
            let metrics = event.metrics().map(|metrics| json!({ "latencyMs": metrics.latency_ms() }));
            json!({ "metadata": members([("usage", event.usage().map(usage)), ("metrics", metrics)]) })
        }
        other if other.is_unknown() => return Ok(None),
        _ => return Err("this adapter does not support all members of the event".to_owned()),
    }))
}

fn usage(usage: &TokenUsage) -> Value {
    members([
        ("inputTokens", Some(json!(usage.input_tokens()))),
        ("outputTokens", Some(json!(usage.output_tokens()))),
        ("totalTokens", Some(json!(usage.total_tokens()))),
        ("cacheReadInputTokens", usage.cache_read_input_tokens().map(|count| json!(count))),
        ("cacheWriteInputTokens", usage.cache_write_input_tokens().map(|count| json!(count))),
    ])
}

fn document(value: &Document) -> Value {
    match value {
        Document::Null => Value::Null,
        Document::Bool(value) => json!(value),
        Document::Number(Number::PosInt(value)) => json!(value),
        Document::Number(Number::NegInt(value)) => json!(value),
        Document::Number(Number::Float(value)) => json!(value),
        Document::String(text) => json!(text),
        Document::Array(items) => items.iter().map(document).collect(),
        Document::Object(members) => {
            members.iter().map(|(name, value)| (name.clone(), document(value))).collect()
        }
    }
}
