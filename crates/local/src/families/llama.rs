//! Meta Llama: `prompt` in, `generation` out.
//!
//! <https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-meta.html>
//!
//! In a stream each chunk has the keys of the whole answer: the prompt is counted in the first, what is generated up to
//! each in each, and the last says why it ends.

use serde::Deserialize;
use serde_json::{Value, json};

use super::answer::Refusal;
use super::bounded::{Integer, Number, Text};
use super::completion::Completion;
use super::reply::{End, Limits, Reply, reply};
use super::{json, prompt, tokens};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "what is not read below is only checked")]
struct Request {
    prompt: Text<1, { usize::MAX }>,
    temperature: Option<Number<0, 1>>,
    top_p: Option<Number<0, 1>>,
    max_gen_len: Option<Integer<1, 8_192>>,
    /// Llama 3.2 and later: images in base64, which are not looked at.
    images: Option<Vec<String>>,
}

const DEFAULT_MAX_TOKENS: i64 = 512;

/// How the chat templates of Llama 3 and Llama 4 open and close a user turn.
const OPEN: [&str; 2] = ["<|start_header_id|>user<|end_header_id|>", "<|header_start|>user<|header_end|>"];
const CLOSE: [&str; 2] = ["<|eot_id|>", "<|eot|>"];

pub(super) fn complete(body: &Value) -> Result<Completion, Refusal> {
    let request: Request = json::read(body)?;
    let max_tokens = request.max_gen_len.map_or(DEFAULT_MAX_TOKENS, |limit| limit.0);
    let turn = prompt::last_turn(&request.prompt.0, &OPEN, &CLOSE);
    let reply = reply(turn, &Limits { max_tokens: Some(max_tokens), stop: &[] });
    let input_tokens = tokens::count(&request.prompt.0);
    let stop_reason = if reply.end == End::Length { "length" } else { "stop" };
    let chunks = reply.steps().map(move |step| {
        json!({
            "generation": step.delta.text,
            "prompt_token_count": step.is_first.then_some(input_tokens),
            "generation_token_count": step.delta.tokens,
            "stop_reason": step.is_last.then_some(stop_reason),
        })
    });
    let whole = json!({
        "generation": reply.text,
        "prompt_token_count": input_tokens,
        "generation_token_count": reply.tokens,
        "stop_reason": stop_reason,
    });
    let Reply { tokens: output_tokens, max_tokens, .. } = reply;
    Ok(Completion { input_tokens, output_tokens, max_tokens, whole, chunks: Box::new(chunks) })
}
