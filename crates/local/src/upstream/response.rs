//! Responses with a chat completion.

use invoke_model_types::StopReason;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::fault::ModelReply;

#[derive(Deserialize)]
struct Completion {
    choices: Vec<Choice>,
    usage: Option<Usage>,
}

#[derive(Deserialize)]
struct Choice {
    message: Message,
    finish_reason: Option<String>,
}

#[derive(Deserialize)]
struct Message {
    content: Option<String>,
    /// The reasoning. Some servers use the name `reasoning` for this member.
    #[serde(alias = "reasoning")]
    reasoning_content: Option<String>,
    tool_calls: Option<Vec<Call>>,
}

#[derive(Deserialize)]
struct Call {
    id: Option<String>,
    function: Function,
}

#[derive(Deserialize)]
struct Function {
    name: String,
    #[serde(default)]
    arguments: Value,
}

/// The token counts of a response.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
pub(super) struct Usage {
    #[serde(default)]
    pub(super) prompt_tokens: u64,
    #[serde(default)]
    pub(super) completion_tokens: u64,
}

/// Parses a response.
///
/// # Errors
/// Returns the reason why the response is not a chat completion.
pub(super) fn parse(body: &[u8]) -> Result<ModelReply, String> {
    let completion: Completion = serde_json::from_slice(body)
        .map_err(|error| format!("its response is not a chat completion: {error}"))?;
    let choice = completion.choices.into_iter().next();
    let Choice { message, finish_reason } = choice.ok_or("its response has no choices")?;
    let mut reply = ModelReply::default();
    if let Some(reasoning) = message.reasoning_content.filter(|text| !text.is_empty()) {
        reply = reply.and(ModelReply::reasoning(reasoning));
    }
    if let Some(text) = message.content.filter(|text| !text.is_empty()) {
        reply = reply.and(ModelReply::text(text));
    }
    for call in message.tool_calls.unwrap_or_default() {
        let input = arguments(&call.function)?;
        reply = reply.and(ModelReply::tool_call(call.function.name, input).with_call_id(call.id));
    }
    if let Some(reason) = finish_reason {
        reply = reply.stop_reason(stop_reason(&reason));
    }
    Ok(match completion.usage {
        Some(usage) => reply.usage(usage.prompt_tokens, usage.completion_tokens),
        None => reply,
    })
}

/// Parses the arguments of a call. The arguments are the text of a JSON object, but some servers send the
/// object itself.
fn arguments(function: &Function) -> Result<Value, String> {
    let parsed = match &function.arguments {
        Value::String(text) if text.trim().is_empty() => Ok(json!({})),
        Value::String(text) => serde_json::from_str(text),
        Value::Null => Ok(json!({})),
        other => Ok(other.clone()),
    };
    parsed.map_err(|error| format!("the arguments of the tool {:?} are not JSON: {error}", function.name))
}

/// Converts a finish reason to a stop reason.
pub(super) fn stop_reason(finish_reason: &str) -> StopReason {
    match finish_reason {
        "length" => StopReason::MAX_TOKENS,
        "tool_calls" | "function_call" => StopReason::TOOL_USE,
        "content_filter" => StopReason::CONTENT_FILTERED,
        _ => StopReason::END_TURN,
    }
}

/// Returns the message of an error response, or the start of its body.
pub(super) fn error_message(body: &[u8]) -> String {
    const LONGEST: usize = 300;
    let value: Value = serde_json::from_slice(body).unwrap_or_default();
    let message = value["error"]["message"].as_str().or_else(|| value["error"].as_str());
    let text = message.map_or_else(|| String::from_utf8_lossy(body).into_owned(), str::to_owned);
    text.chars().take(LONGEST).collect()
}
