//! Mistral AI, text completion and chat completion. A text completion request has a `prompt`, and its
//! response has `outputs`. A chat completion request has `messages`, and its response has `choices`.
//!
//! * <https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-mistral-text-completion.html>
//! * <https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-mistral-chat-completion.html>
//! * <https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-mistral-large-2407.html>
//!
//! The model calls a tool only if `tool_choice` is `any` (`tool_call.rs`). A stream sends the call in its
//! last chunk.
//!
//! Each chunk of a stream has the shape of the complete response, but contains only a piece of the text. Only
//! the last chunk has the stop reason.

use serde::Deserialize;
use serde_json::{Value, json};

use super::chat_message::Call;
use super::chat_template::last_user_turn;
use super::completion::Completion;
use super::content::Content;
use super::models::{Family, Model};
use super::reply::{ReplyBounds, StopReason, reply};
use super::response::{Rejection, ResponseIds};
use super::schema::{Integer, List, Number, Text};
use super::tool_call::{ForcedTool, ToolCall, ToolDefinition, call_or_reply};
use super::{json, tokens};

/// The only model that AWS documents for both text completion and chat completion.
const SUPPORTS_BOTH: &str = "mistral.mistral-large-2402-v1:0";

const DEFAULT_MAX_TOKENS: i64 = 512;
const DEFAULT_MAX_CHAT_TOKENS: i64 = 8_192;

pub(super) fn complete(model: &Model, body: &Value) -> Result<Completion, Rejection> {
    if model.family == Family::MistralChat || (model.id == SUPPORTS_BOTH && body.get("messages").is_some()) {
        chat(model, body)
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
    let turn = last_user_turn(&request.prompt.0);
    let reply = reply(turn, &ReplyBounds { max_tokens: Some(max_tokens), stop_sequences: &stop });
    let outputs = |text: String, stop: Option<&StopReason>| json!({"outputs": [{"text": text, "stop_reason": stop.map(StopReason::finish_reason)}]});
    Ok(Completion::in_pieces(tokens::count(&request.prompt.0), reply, outputs))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "the unused members are only validated")]
struct Chat {
    messages: List<Message, 1, { usize::MAX }>,
    #[serde(default)]
    tools: Vec<Tool>,
    tool_choice: Option<ToolChoice>,
    max_tokens: Option<Integer<1, 8_192>>,
    top_p: Option<Number<0, 1>>,
    temperature: Option<Number<0, 1>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Message {
    role: Role,
    content: Content,
    #[serde(default)]
    tool_calls: Vec<Call>,
    tool_call_id: Option<String>,
}

/// A tool. Other members are ignored.
#[derive(Deserialize)]
struct Tool {
    function: Function,
}

#[derive(Deserialize)]
struct Function {
    name: String,
    parameters: Option<Value>,
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

fn chat(model: &Model, body: &Value) -> Result<Completion, Rejection> {
    let request: Chat = json::read(body)?;
    let messages = request.messages.0;
    let texts: Vec<_> = messages.iter().map(|message| message.content.text()).collect();
    // If the conversation ends with results of tools, the model replies to the results, and not to the last
    // message of the user.
    let results = messages.iter().rev().take_while(|message| message.role == Role::Tool).count();
    let turn = if results > 0 {
        texts[texts.len() - results..].join("\n")
    } else {
        let last = messages.iter().rposition(|message| message.role == Role::User);
        last.map_or_else(String::new, |index| texts[index].clone())
    };
    let max_tokens = request.max_tokens.map_or(DEFAULT_MAX_CHAT_TOKENS, |limit| limit.0);
    let bounds = ReplyBounds { max_tokens: Some(max_tokens), stop_sequences: &[] };
    let call = match request.tool_choice {
        Some(ToolChoice::Any) => forced_call(&request.tools, &messages, results),
        _ => None,
    };
    let (call, reply) = call_or_reply(call, &turn, &bounds);
    let input_tokens = texts.iter().map(|text| tokens::count(text)).sum();
    let calls = call.map(|call| {
        let function = json!({"name": call.name, "arguments": call.input.to_string()});
        json!([{"id": ResponseIds::new(model, body).tool_call(), "type": "function", "function": function}])
    });
    let choices = move |text: String, stop: Option<&StopReason>| {
        let mut message = json!({"role": "assistant", "content": text});
        let mut reason = stop.map(StopReason::finish_reason);
        if let Some(calls) = calls.as_ref().filter(|_| stop.is_some()) {
            message["tool_calls"] = calls.clone();
            reason = Some("tool_calls");
        }
        json!({"choices": [{"index": 0, "message": message, "stop_reason": reason}]})
    };
    Ok(Completion::in_pieces(input_tokens, reply, choices))
}

/// Returns the tool call that a request forces, if any. The last `results` messages are the results of tools.
fn forced_call(tools: &[Tool], messages: &[Message], results: usize) -> Option<ToolCall> {
    let any = Value::Bool(true);
    let tools: Vec<_> = tools
        .iter()
        .map(|tool| ToolDefinition {
            name: &tool.function.name,
            schema: tool.function.parameters.as_ref().unwrap_or(&any),
        })
        .collect();
    let calls: Vec<_> =
        messages.iter().flat_map(|message| &message.tool_calls).map(Call::as_earlier).collect();
    let results = messages[messages.len() - results..].iter();
    let results = results.filter_map(|message| message.tool_call_id.as_deref());
    ToolCall::forced(ForcedTool::Any, &tools, &calls, results)
}
