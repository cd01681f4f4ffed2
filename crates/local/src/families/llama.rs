//! Meta Llama. A request has a `prompt`, and its response has a `generation`.
//!
//! <https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-meta.html>
//!
//! Each chunk of a stream has the keys of the complete response. All chunks contain the number of tokens
//! generated so far. Only the first chunk contains the number of prompt tokens, and only the last chunk
//! contains the stop reason.

use serde::Deserialize;
use serde_json::{Value, json};

use super::chat_template::last_user_turn;
use super::completion::Completion;
use super::reply::{Reply, ReplyBounds, reply};
use super::response::Rejection;
use super::schema::{Integer, Number, Text};
use super::{json, tokens};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "the unused members are only validated")]
struct Request {
    prompt: Text<1, { usize::MAX }>,
    temperature: Option<Number<0, 1>>,
    top_p: Option<Number<0, 1>>,
    max_gen_len: Option<Integer<1, 8_192>>,
    /// Images in base64, for Llama 3.2 and later. The local endpoint ignores this member.
    images: Option<Vec<String>>,
}

const DEFAULT_MAX_TOKENS: i64 = 512;

pub(super) fn complete(body: &Value) -> Result<Completion, Rejection> {
    let request: Request = json::read(body)?;
    let max_tokens = request.max_gen_len.map_or(DEFAULT_MAX_TOKENS, |limit| limit.0);
    let turn = last_user_turn(&request.prompt.0);
    let reply = reply(turn, &ReplyBounds { max_tokens: Some(max_tokens), stop_sequences: &[] });
    let input_tokens = tokens::count(&request.prompt.0);
    let stop_reason = reply.stop.finish_reason();
    let chunks = reply.marked_deltas().map(move |marked| {
        json!({
            "generation": marked.delta.text,
            "prompt_token_count": marked.is_first.then_some(input_tokens),
            "generation_token_count": marked.delta.tokens,
            "stop_reason": marked.is_last.then_some(stop_reason),
        })
    });
    let response = json!({
        "generation": reply.text,
        "prompt_token_count": input_tokens,
        "generation_token_count": reply.tokens,
        "stop_reason": stop_reason,
    });
    let Reply { tokens: output_tokens, max_tokens, .. } = reply;
    Ok(Completion { input_tokens, output_tokens, max_tokens, response, chunks: Box::new(chunks) })
}
