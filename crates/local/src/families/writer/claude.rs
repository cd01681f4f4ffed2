//! The schema of Claude. The simulated responses of Claude models use this module, too (`anthropic.rs`).

use serde_json::{Value, json};

use super::StreamState;
use crate::conversation::{Answer, Block, Part};

pub(in crate::families) fn response(mut template: Value, input_tokens: u64, answer: &Answer) -> Value {
    let blocks = answer.blocks.iter().map(|block| match block {
        Block::Text(text) => json!({"type": "text", "text": text}),
        Block::Reasoning { text, signature } => {
            json!({"type": "thinking", "thinking": text, "signature": signature.as_deref().unwrap_or_default()})
        }
        Block::ToolUse(call) => {
            json!({"type": "tool_use", "id": call.tool_use_id, "name": call.name, "input": call.input})
        }
    });
    template["content"] = blocks.collect();
    template["stop_reason"] = json!(answer.stop_reason.as_str());
    template["stop_sequence"] = json!(answer.stop_sequence);
    template["usage"]["input_tokens"] = json!(input_tokens);
    template["usage"]["output_tokens"] = json!(answer.output_tokens);
    template
}

/// Returns the first event of a stream. It contains the message without its content.
pub(in crate::families) fn start(mut message: Value, input_tokens: u64, output_tokens: u64) -> Value {
    message["content"] = json!([]);
    message["stop_reason"] = Value::Null;
    message["stop_sequence"] = Value::Null;
    message["usage"]["input_tokens"] = json!(input_tokens);
    message["usage"]["output_tokens"] = json!(output_tokens);
    json!({"type": "message_start", "message": message})
}

/// Returns the events for the next part of an answer. [`start`] returns the event before them.
pub(in crate::families) fn chunks(state: &mut StreamState, part: Part) -> Vec<Value> {
    let mut chunks = Vec::new();
    let (kind, delta) = match part {
        Part::Text(text) => ("text", json!({"type": "text_delta", "text": text})),
        Part::Reasoning(text) => ("thinking", json!({"type": "thinking_delta", "thinking": text})),
        Part::Signature(signature) => {
            ("thinking", json!({"type": "signature_delta", "signature": signature}))
        }
        Part::ToolInput(input) => ("tool_use", json!({"type": "input_json_delta", "partial_json": input})),
        Part::ToolCall { id, name, .. } => {
            close(state, &mut chunks);
            let block = json!({"type": "tool_use", "id": id, "name": name, "input": {}});
            open(state, "tool_use", block, &mut chunks);
            return chunks;
        }
        Part::End(end) => {
            close(state, &mut chunks);
            let delta = json!({"stop_reason": end.stop_reason.as_str(), "stop_sequence": end.stop_sequence});
            let usage = json!({"output_tokens": end.output_tokens});
            chunks.push(json!({"type": "message_delta", "delta": delta, "usage": usage}));
            chunks.push(json!({"type": "message_stop"}));
            return chunks;
        }
    };
    if state.open != Some(kind) {
        close(state, &mut chunks);
        open(state, kind, empty_block(kind), &mut chunks);
    }
    chunks.push(json!({"type": "content_block_delta", "index": state.index, "delta": delta}));
    chunks
}

/// Returns the block that the first delta of a text or of a reasoning opens.
fn empty_block(kind: &str) -> Value {
    match kind {
        "text" => json!({"type": "text", "text": ""}),
        "thinking" => json!({"type": "thinking", "thinking": "", "signature": ""}),
        _ => Value::Null,
    }
}

fn open(state: &mut StreamState, kind: &'static str, block: Value, chunks: &mut Vec<Value>) {
    state.open = Some(kind);
    chunks.push(json!({"type": "content_block_start", "index": state.index, "content_block": block}));
}

fn close(state: &mut StreamState, chunks: &mut Vec<Value>) {
    if state.open.take().is_some() {
        chunks.push(json!({"type": "content_block_stop", "index": state.index}));
        state.index += 1;
    }
}
