//! DeepSeek-R1, text completion. A request has a `prompt`, and its response has `choices` with a `text`.
//!
//! <https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-deepseek.html>
//!
//! The text contains no reasoning. DeepSeek V3 has another schema (`chat_completion.rs`).
//!
//! Each chunk of a stream has the shape of the complete response, but contains only a piece of the text.

use serde::Deserialize;
use serde_json::{Value, json};

use super::chat_template::last_user_turn;
use super::completion::Completion;
use super::reply::{ReplyBounds, StopReason, reply};
use super::response::Rejection;
use super::schema::{Integer, List, Number, Text};
use super::{json, tokens};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "the unused members are only validated")]
struct Request {
    prompt: Text<1, { usize::MAX }>,
    max_tokens: Option<Integer<1, 32_768>>,
    #[serde(default)]
    stop: List<String, 0, 10>,
    temperature: Option<Number<0, 1>>,
    top_p: Option<Number<0, 1>>,
}

pub(super) fn complete(body: &Value) -> Result<Completion, Rejection> {
    let request: Request = json::read(body)?;
    let prompt = &request.prompt.0;
    let max_tokens = request.max_tokens.map(|limit| limit.0);
    let bounds = ReplyBounds { max_tokens, stop_sequences: &request.stop.0 };
    let reply = reply(last_user_turn(prompt), &bounds);
    let choices = |text: String, stop: Option<&StopReason>| json!({"choices": [{"index": 0, "text": text, "stop_reason": stop.map(StopReason::finish_reason)}]});
    Ok(Completion::in_pieces(tokens::count(prompt), reply, choices))
}
