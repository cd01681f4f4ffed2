//! The events of a Claude message that is streamed.
//!
//! <https://docs.anthropic.com/en/docs/build-with-claude/streaming>

use serde_json::{Value, json};

use super::reply::Reply;

/// The events of `message`, whose text is that of `reply`. The message that they begin with is empty and counts the
/// first token; a message without text has no content block.
pub(super) fn chunks(message: &Value, reply: &Reply) -> impl Iterator<Item = Value> + Send + use<> {
    let mut empty = message.clone();
    empty["content"] = json!([]);
    empty["stop_reason"] = Value::Null;
    empty["stop_sequence"] = Value::Null;
    empty["usage"]["output_tokens"] = json!(reply.tokens.min(1));
    let start = json!({"type": "message_start", "message": empty});

    let block =
        json!({"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}});
    let deltas = reply.deltas().map(|delta| {
        let delta = json!({"type": "text_delta", "text": delta.text});
        json!({"type": "content_block_delta", "index": 0, "delta": delta})
    });
    let block_stop = json!({"type": "content_block_stop", "index": 0});
    let has_text = !reply.text.is_empty();
    let block = has_text.then_some(block).into_iter().chain(deltas).chain(has_text.then_some(block_stop));

    let delta = json!({"stop_reason": message["stop_reason"], "stop_sequence": message["stop_sequence"]});
    let usage = json!({"output_tokens": reply.tokens});
    let delta = json!({"type": "message_delta", "delta": delta, "usage": usage});
    std::iter::once(start).chain(block).chain([delta, json!({"type": "message_stop"})])
}
