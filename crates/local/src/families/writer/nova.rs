//! The schema of Nova. The simulated responses of Nova models use this module, too (`nova.rs`). As in streams of
//! the service, each piece of text is a separate content block.

use serde_json::{Value, json};

use super::StreamState;
use crate::conversation::{Answer, Block, Part};

pub(in crate::families) fn response(mut template: Value, input_tokens: u64, answer: &Answer) -> Value {
    let blocks = answer.blocks.iter().map(|block| match block {
        Block::Text(text) => json!({"text": text}),
        Block::Reasoning { text, .. } => json!({"reasoningContent": {"reasoningText": {"text": text}}}),
        Block::ToolUse(call) => {
            json!({"toolUse": {"toolUseId": call.tool_use_id, "name": call.name, "input": call.input}})
        }
    });
    template["output"]["message"]["content"] = blocks.collect();
    template["stopReason"] = json!(answer.stop_reason.as_str());
    template["usage"] = usage(input_tokens, answer.output_tokens);
    template["usage"]["totalTokens"] = json!(input_tokens + answer.output_tokens);
    template
}

/// Returns the usage without `totalTokens`, which a stream does not have.
fn usage(input_tokens: u64, output_tokens: u64) -> Value {
    json!({
        "inputTokens": input_tokens,
        "outputTokens": output_tokens,
        "cacheReadInputTokenCount": 0,
        "cacheWriteInputTokenCount": 0,
    })
}

pub(in crate::families) fn chunks(state: &mut StreamState, part: Part) -> Vec<Value> {
    let mut chunks = Vec::new();
    if state.begin() {
        chunks.push(json!({"messageStart": {"role": "assistant"}}));
    }
    match part {
        Part::Text(text) => {
            close(state, &mut chunks);
            delta(state, json!({"text": text}), &mut chunks);
            close(state, &mut chunks);
        }
        // All pieces of the reasoning are one block.
        Part::Reasoning(text) => {
            delta(state, json!({"reasoningContent": {"reasoningText": {"text": text}}}), &mut chunks);
        }
        // Reasoning of Nova models has no signature.
        Part::Signature(_) => {}
        Part::ToolCall { id, name, .. } => {
            close(state, &mut chunks);
            let start = json!({"toolUse": {"toolUseId": id, "name": name}});
            chunks.push(json!({"contentBlockStart": {"start": start, "contentBlockIndex": state.index}}));
            state.open = Some("toolUse");
        }
        Part::ToolInput(input) => delta(state, json!({"toolUse": {"input": input}}), &mut chunks),
        Part::End(end) => {
            close(state, &mut chunks);
            chunks.push(json!({"messageStop": {"stopReason": end.stop_reason.as_str()}}));
            let usage = usage(end.input_tokens, end.output_tokens);
            chunks.push(json!({"metadata": {"usage": usage, "metrics": {}, "trace": {}}}));
        }
    }
    chunks
}

fn delta(state: &mut StreamState, delta: Value, chunks: &mut Vec<Value>) {
    chunks.push(json!({"contentBlockDelta": {"delta": delta, "contentBlockIndex": state.index}}));
    state.open.get_or_insert("delta");
}

fn close(state: &mut StreamState, chunks: &mut Vec<Value>) {
    if state.open.take().is_some() {
        chunks.push(json!({"contentBlockStop": {"contentBlockIndex": state.index}}));
        state.index += 1;
    }
}
