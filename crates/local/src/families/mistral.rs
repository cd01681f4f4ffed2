//! Mistral AI, text completion and chat completion. A text completion request has a `prompt`, and its
//! response has `outputs`. A chat completion request has `messages`, and its response has `choices`.
//!
//! * <https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-mistral-text-completion.html>
//! * <https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-mistral-chat-completion.html>
//! * <https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-mistral-large-2407.html>
//!
//! Each chunk of a stream has the shape of the complete response, but only a piece of its text. Only the last
//! chunk has the stop reason.

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::{Value, json};

use super::completion::Completion;
use super::content::Content;
use super::models::{Family, Model};
use super::reply::{Reply, ReplyBounds, StopReason, last_turn, reply};
use super::response::Rejection;
use super::schema::{Integer, List, Number, Text};
use super::{json, tokens};

/// The only model that AWS documents for both text completion and chat completion.
const SUPPORTS_BOTH: &str = "mistral.mistral-large-2402-v1:0";

const DEFAULT_MAX_TOKENS: i64 = 512;
const DEFAULT_MAX_CHAT_TOKENS: i64 = 8_192;

pub(super) fn complete(model: &Model, body: &Value) -> Result<Completion, Rejection> {
    if model.family == Family::MistralChat || (model.id == SUPPORTS_BOTH && body.get("messages").is_some()) {
        chat(body)
    } else {
        text(body)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "the unused members are only validated")]
struct TextCompletion {
    prompt: Text<1, { usize::MAX }>,
    max_tokens: Option<Integer<1, 8_192>>,
    stop: Option<List<String, 0, 10>>,
    temperature: Option<Number<0, 1>>,
    top_p: Option<Number<0, 1>>,
    top_k: Option<Integer<1, 200>>,
}

fn text(body: &Value) -> Result<Completion, Rejection> {
    let request: TextCompletion = json::read(body)?;
    let stop = request.stop.map_or_else(Vec::new, |stop| stop.0);
    let max_tokens = request.max_tokens.map_or(DEFAULT_MAX_TOKENS, |limit| limit.0);
    let turn = last_turn(&request.prompt.0, &["[INST]"], &["[/INST]"]);
    let reply = reply(turn, &ReplyBounds { max_tokens: Some(max_tokens), stop_sequences: &stop });
    let outputs = |text: String, stop_reason: Option<&str>| json!({"outputs": [{"text": text, "stop_reason": stop_reason}]});
    Ok(completion(tokens::count(&request.prompt.0), reply, outputs))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "the unused members are only validated; tools are never called")]
struct Chat {
    messages: List<Message, 1, { usize::MAX }>,
    tools: Option<Vec<IgnoredAny>>,
    tool_choice: Option<ToolChoice>,
    max_tokens: Option<Integer<1, 8_192>>,
    top_p: Option<Number<0, 1>>,
    temperature: Option<Number<0, 1>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "the unused members are only validated")]
struct Message {
    role: Role,
    content: Content,
    tool_calls: Option<Vec<IgnoredAny>>,
    tool_call_id: Option<String>,
}

#[derive(PartialEq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Role {
    System,
    User,
    Assistant,
    Tool,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum ToolChoice {
    Auto,
    Any,
    None,
}

fn chat(body: &Value) -> Result<Completion, Rejection> {
    let request: Chat = json::read(body)?;
    let messages = request.messages.0;
    let texts: Vec<_> = messages.iter().map(|message| message.content.text()).collect();
    let last = messages.iter().rposition(|message| message.role == Role::User);
    let turn = last.map_or("", |index| &texts[index]);
    let max_tokens = request.max_tokens.map_or(DEFAULT_MAX_CHAT_TOKENS, |limit| limit.0);
    let reply = reply(turn, &ReplyBounds { max_tokens: Some(max_tokens), stop_sequences: &[] });
    let input_tokens = texts.iter().map(|text| tokens::count(text)).sum();
    let choices = |text: String, stop_reason: Option<&str>| {
        json!({
            "choices": [{
                "index": 0,
                "message": {"role": "assistant", "content": text},
                "stop_reason": stop_reason,
            }],
        })
    };
    Ok(completion(input_tokens, reply, choices))
}

/// Returns a completion. `format` converts a piece of the reply to the JSON of the vendor. The second
/// argument of `format` is the stop reason if the reply ends with this piece, and `None` otherwise.
fn completion(
    input_tokens: u64,
    reply: Reply,
    format: impl Fn(String, Option<&str>) -> Value + Send + Copy + 'static,
) -> Completion {
    let stop_reason = if reply.stop == StopReason::MaxTokens { "length" } else { "stop" };
    let deltas = reply.marked_deltas();
    let chunks = deltas.map(move |marked| format(marked.delta.text, marked.is_last.then_some(stop_reason)));
    let Reply { tokens: output_tokens, max_tokens, .. } = reply;
    let response = format(reply.text, Some(stop_reason));
    Completion { input_tokens, output_tokens, max_tokens, response, chunks: Box::new(chunks) }
}
