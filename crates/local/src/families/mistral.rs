//! Mistral AI: text completion (`prompt` in, `outputs` out) and chat completion (`messages` in, `choices`
//! out).
//!
//! * <https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-mistral-text-completion.html>
//! * <https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-mistral-chat-completion.html>
//! * <https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-mistral-large-2407.html>
//!
//! In a stream each chunk has the form of the whole answer, with a piece of its text; the last says why it ends.

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::{Value, json};

use super::answer::Refusal;
use super::bounded::{Integer, List, Number, Text};
use super::completion::Completion;
use super::content::Content;
use super::models::{Family, Model};
use super::reply::{End, Limits, Reply, reply};
use super::{json, prompt, tokens};

/// The one model that both pages list.
const SPEAKS_BOTH: &str = "mistral.mistral-large-2402-v1:0";

const DEFAULT_MAX_TOKENS: i64 = 512;
const DEFAULT_MAX_CHAT_TOKENS: i64 = 8_192;

pub(super) fn complete(model: &Model, body: &Value) -> Result<Completion, Refusal> {
    if model.family == Family::MistralChat || (model.id == SPEAKS_BOTH && body.get("messages").is_some()) {
        chat(body)
    } else {
        text(body)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "what is not read below is only checked")]
struct TextCompletion {
    prompt: Text<1, { usize::MAX }>,
    max_tokens: Option<Integer<1, 8_192>>,
    stop: Option<List<String, 0, 10>>,
    temperature: Option<Number<0, 1>>,
    top_p: Option<Number<0, 1>>,
    top_k: Option<Integer<1, 200>>,
}

fn text(body: &Value) -> Result<Completion, Refusal> {
    let request: TextCompletion = json::read(body)?;
    let stop = request.stop.map_or_else(Vec::new, |stop| stop.0);
    let max_tokens = request.max_tokens.map_or(DEFAULT_MAX_TOKENS, |limit| limit.0);
    let turn = prompt::last_turn(&request.prompt.0, &["[INST]"], &["[/INST]"]);
    let reply = reply(turn, &Limits { max_tokens: Some(max_tokens), stop: &stop });
    let outputs = |text: String, stop_reason: Option<&str>| json!({"outputs": [{"text": text, "stop_reason": stop_reason}]});
    Ok(completion(tokens::count(&request.prompt.0), reply, outputs))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "what is not read below is only checked; tools are never called")]
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
#[expect(dead_code, reason = "what is not read below is only checked")]
struct Message {
    role: Role,
    content: Content,
    tool_calls: Option<Vec<IgnoredAny>>,
    tool_call_id: Option<String>,
}

#[derive(Deserialize, PartialEq)]
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

fn chat(body: &Value) -> Result<Completion, Refusal> {
    let request: Chat = json::read(body)?;
    let messages = request.messages.0;
    let texts: Vec<_> = messages.iter().map(|message| message.content.text()).collect();
    let last = messages.iter().rposition(|message| message.role == Role::User);
    let turn = last.map_or("", |index| &texts[index]);
    let max_tokens = request.max_tokens.map_or(DEFAULT_MAX_CHAT_TOKENS, |limit| limit.0);
    let reply = reply(turn, &Limits { max_tokens: Some(max_tokens), stop: &[] });
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

/// `say` words a text, and why it ends if it does, as the vendor does.
fn completion(
    input_tokens: u64,
    reply: Reply,
    say: impl Fn(String, Option<&str>) -> Value + Send + Copy + 'static,
) -> Completion {
    let stop_reason = if reply.end == End::Length { "length" } else { "stop" };
    let steps = reply.steps();
    let chunks = steps.map(move |step| say(step.delta.text, step.is_last.then_some(stop_reason)));
    let Reply { tokens: output_tokens, max_tokens, .. } = reply;
    let whole = say(reply.text, Some(stop_reason));
    Completion { input_tokens, output_tokens, max_tokens, whole, chunks: Box::new(chunks) }
}
