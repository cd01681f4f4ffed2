//! Anthropic Claude, Messages API.
//!
//! *
//! <https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-anthropic-claude-messages-request-response.html>
//! * <https://docs.anthropic.com/en/api/messages>
//!
//! The model calls a tool only if `tool_choice` forces the call (`tool_call.rs`). It thinks before it replies
//! only if `thinking` turns on thinking. Documents are accepted but have no effect. The `max_tokens` limits of
//! the individual models are not enforced. Validation errors have the wording of Claude models on Bedrock. The
//! errors of other families have the wording of a JSON Schema validation.
//!
//! Events of a stream: <https://docs.anthropic.com/en/docs/build-with-claude/streaming>

mod thinking;
mod tools;

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::{Value, json};

use super::completion::Completion;
use super::content::{Content, Part};
use super::deltas::pieces;
use super::models::Model;
use super::reply::{Reply, ReplyBounds, StopReason};
use super::response::{Rejection, ResponseIds};
use super::schema::{Integer, List, Number};
use super::tool_call::{ToolCall, call_or_reply};
use super::validation_error::ValidationError;
use super::{json, tokens};
use thinking::Thinking;
use tools::{Tool, ToolChoice};

pub(crate) use thinking::{ThinkingLimits, check_thinking, is_thinking, thinking_signature};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "the unused members are only validated, or have no effect")]
struct Request {
    anthropic_version: String,
    anthropic_beta: Option<Vec<String>>,
    max_tokens: Integer<1, { i64::MAX }>,
    messages: Vec<Message>,
    system: Option<Content>,
    #[serde(default)]
    stop_sequences: List<String, 0, 8_191>,
    temperature: Option<Number<0, 1>>,
    top_p: Option<Number<0, 1>>,
    top_k: Option<Integer<0, 500>>,
    #[serde(default)]
    tools: Vec<Tool>,
    tool_choice: Option<ToolChoice>,
    thinking: Option<Value>,
    metadata: Option<IgnoredAny>,
    output_config: Option<IgnoredAny>,
    context_management: Option<IgnoredAny>,
    user_profile_id: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Message {
    role: Role,
    content: Content,
}

#[derive(PartialEq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Role {
    User,
    Assistant,
}

/// The source of an image. `media_type` and `data` are required if the type is `base64`.
#[derive(Deserialize)]
struct Source {
    #[serde(rename = "type")]
    kind: String,
    media_type: Option<String>,
    data: Option<String>,
}

/// The models that reject requests with both `temperature` and `top_p`. The first page in the module
/// documentation lists these models.
pub(crate) const EITHER_TEMPERATURE_OR_TOP_P: [&str; 2] =
    ["anthropic.claude-haiku-4-5-20251001-v1:0", "anthropic.claude-sonnet-4-5-20250929-v1:0"];

const IMAGE_TYPES: [&str; 4] = ["image/gif", "image/jpeg", "image/png", "image/webp"];

pub(super) fn complete(model: &Model, body: &Value) -> Result<Completion, Rejection> {
    if body.get("prompt").is_some() && body.get("messages").is_none() {
        let name = vendor_id(model);
        let message =
            format!("\"{name}\" is not supported on this API. Please use the Messages API instead.");
        return Err(Rejection::Validation(message));
    }
    let request: Request = json::read(body).map_err(ValidationError::in_claude_style)?;
    check(model, &request).map_err(ValidationError::in_claude_style)?;

    let texts: Vec<_> = request.messages.iter().map(|message| message.content.text()).collect();
    let last = request.messages.iter().rposition(|message| message.role == Role::User);
    let turn = last.map_or("", |index| &texts[index]);
    let ids = ResponseIds::new(model, body);
    let thinking = Thinking::new(model, &request, body, turn, &ids);
    let thinking = thinking.map_err(ValidationError::in_claude_style)?;
    let thinking_tokens = thinking.as_ref().map_or(0, |thinking| thinking.tokens);
    let remaining = request.max_tokens.0.saturating_sub_unsigned(thinking_tokens);
    let bounds = ReplyBounds { max_tokens: Some(remaining), stop_sequences: &request.stop_sequences.0 };
    let (call, reply) = call_or_reply(tools::forced_call(&request), turn, &bounds);
    let output_tokens = thinking_tokens + reply.tokens;

    let system = request.system.map_or_else(String::new, |system| system.text());
    let input_tokens = texts.iter().chain([&system]).map(|text| tokens::count(text)).sum();
    let (stop_reason, stop_sequence) = match &reply.stop {
        StopReason::EndTurn if call.is_some() => ("tool_use", None),
        StopReason::EndTurn => ("end_turn", None),
        StopReason::MaxTokens => ("max_tokens", None),
        StopReason::StopSequence(sequence) => ("stop_sequence", Some(sequence)),
    };
    let call_id = format!("toolu_bdrk_01{}", ids.tool_call());
    let block = match &call {
        Some(call) => {
            Some(json!({"type": "tool_use", "id": call_id, "name": call.name, "input": call.input}))
        }
        None if reply.text.is_empty() => None,
        None => Some(json!({"type": "text", "text": reply.text})),
    };
    let content: Value = thinking.as_ref().map(Thinking::block).into_iter().chain(block).collect();
    let response = json!({
        "id": format!("msg_bdrk_{}", ids.hex()),
        "type": "message",
        "role": "assistant",
        "model": vendor_id(model),
        "content": content,
        "stop_reason": stop_reason,
        "stop_sequence": stop_sequence,
        "usage": {"input_tokens": input_tokens, "output_tokens": output_tokens},
    });
    let chunks = Box::new(chunks(&response, thinking, &reply, call));
    let max_tokens = Some(request.max_tokens.0);
    Ok(Completion { input_tokens, output_tokens, max_tokens, response, chunks })
}

/// Returns the events of a stream that sends `message`. The content of the message is `thinking`, and then the
/// text of `reply`, or `call`.
///
/// The first event contains the message without its content. The usage in this event counts at most one
/// output token. If the reply has no text and no call, the stream has no content block for them.
fn chunks(
    message: &Value,
    thinking: Option<Thinking>,
    reply: &Reply,
    call: Option<ToolCall>,
) -> impl Iterator<Item = Value> + Send + use<> {
    let mut empty = message.clone();
    empty["content"] = json!([]);
    empty["stop_reason"] = Value::Null;
    empty["stop_sequence"] = Value::Null;
    let output_tokens = thinking.as_ref().map_or(0, |thinking| thinking.tokens) + reply.tokens;
    empty["usage"]["output_tokens"] = json!(output_tokens.min(1));
    let start = json!({"type": "message_start", "message": empty});

    let index = usize::from(thinking.is_some());
    let block = message["content"].get(index).map(|block| {
        let mut block = block.clone();
        match call {
            Some(_) => block["input"] = json!({}),
            None => block["text"] = json!(""),
        }
        json!({"type": "content_block_start", "index": index, "content_block": block})
    });
    let block_stop = block.is_some().then(|| json!({"type": "content_block_stop", "index": index}));
    let texts = reply.deltas().map(|delta| json!({"type": "text_delta", "text": delta.text}));
    // The first piece of the tool input is empty, as in streams of the vendor.
    let inputs = call.map(|call| std::iter::once(String::new()).chain(pieces(call.input.to_string())));
    let inputs =
        inputs.into_iter().flatten().map(|piece| json!({"type": "input_json_delta", "partial_json": piece}));
    let deltas = texts
        .chain(inputs)
        .map(move |delta| json!({"type": "content_block_delta", "index": index, "delta": delta}));
    let block = block.into_iter().chain(deltas).chain(block_stop);

    let delta = json!({"stop_reason": message["stop_reason"], "stop_sequence": message["stop_sequence"]});
    let usage = json!({"output_tokens": output_tokens});
    let delta = json!({"type": "message_delta", "delta": delta, "usage": usage});
    let thinking = thinking.into_iter().flat_map(Thinking::chunks);
    std::iter::once(start).chain(thinking).chain(block).chain([delta, json!({"type": "message_stop"})])
}

/// Checks the rules that the request structure does not express.
fn check(model: &Model, request: &Request) -> Result<(), ValidationError> {
    if !is_version(&request.anthropic_version) {
        return Err(ValidationError::new(format_args!("Invalid API version: {}", request.anthropic_version)));
    }
    let messages = |message: &str| Err(ValidationError::new(message).at("messages"));
    match request.messages.first() {
        None => return messages("at least one message is required"),
        Some(message) if message.role != Role::User => {
            return messages("first message must use the \"user\" role");
        }
        Some(_) => {}
    }
    for (index, message) in request.messages.iter().enumerate() {
        let at = |error: ValidationError| error.at(index).at("messages");
        let is_prefill = message.role == Role::Assistant && index + 1 == request.messages.len();
        let is_empty = match &message.content {
            Content::Text(text) => text.is_empty(),
            Content::Parts(parts) => parts.is_empty(),
        };
        if is_empty && !is_prefill {
            let problem =
                "all messages must have non-empty content except for the optional final assistant message";
            return Err(at(ValidationError::new(problem)));
        }
        if let Content::Parts(parts) = &message.content {
            for (part_index, part) in parts.iter().enumerate() {
                check_part(part).map_err(|error| at(error.at(part_index).at("content")))?;
            }
        }
    }
    tools::check(request)?;
    if request.temperature.is_some()
        && request.top_p.is_some()
        && EITHER_TEMPERATURE_OR_TOP_P.contains(&model.id)
    {
        let problem =
            "`temperature` and `top_p` cannot both be specified for this model. Please use only one.";
        return Err(ValidationError::new(problem));
    }
    Ok(())
}

/// Returns `true` for `bedrock-2023-05-31`, the documented version. Also returns `true` for a date, because
/// the client library of the vendor sends a date to Bedrock.
fn is_version(version: &str) -> bool {
    let is_date = version.len() == 10
        && version.bytes().enumerate().all(|(at, byte)| match at {
            4 | 7 => byte == b'-',
            _ => byte.is_ascii_digit(),
        });
    version == "bedrock-2023-05-31" || is_date
}

fn check_part(part: &Part) -> Result<(), ValidationError> {
    match part.kind.as_str() {
        "text" => match part.text.as_deref() {
            None => Err(ValidationError::missing("text")),
            Some("") => Err(ValidationError::new("text content blocks must be non-empty")),
            Some(_) => Ok(()),
        },
        "image" => {
            let source = part.source.as_ref().ok_or_else(|| ValidationError::missing("source"))?;
            json::read(source).and_then(|source| check_source(&source)).map_err(|error| error.at("source"))
        }
        "tool_use" if part.id.is_none() => Err(ValidationError::missing("id")),
        "tool_use" if part.name.is_none() => Err(ValidationError::missing("name")),
        "tool_result" if part.tool_use_id.is_none() => Err(ValidationError::missing("tool_use_id")),
        "document" | "redacted_thinking" | "search_result" | "thinking" | "tool_result" | "tool_use" => {
            Ok(())
        }
        other => {
            Err(ValidationError::new(format_args!("'{other}' is not a type of content block")).at("type"))
        }
    }
}

fn check_source(source: &Source) -> Result<(), ValidationError> {
    if source.kind != "base64" {
        return Err(ValidationError::new("Input should be 'base64'").at("type"));
    }
    let media_type = source.media_type.as_deref().ok_or_else(|| ValidationError::missing("media_type"))?;
    if !IMAGE_TYPES.contains(&media_type) {
        let allowed = IMAGE_TYPES.map(|media_type| format!("'{media_type}'")).join(" or ");
        return Err(ValidationError::new(format_args!("Input should be {allowed}")).at("media_type"));
    }
    if source.data.is_none() { Err(ValidationError::missing("data")) } else { Ok(()) }
}

/// Returns the model name that the vendor uses, for example `claude-3-haiku-20240307` for
/// `anthropic.claude-3-haiku-20240307-v1:0`.
fn vendor_id(model: &Model) -> &'static str {
    match model.id {
        "anthropic.claude-instant-v1" => return "claude-instant-1.2",
        "anthropic.claude-v2" => return "claude-2.0",
        "anthropic.claude-v2:1" => return "claude-2.1",
        _ => {}
    }
    let stem = model.stem();
    let versioned = stem.strip_prefix("anthropic.").unwrap_or(stem);
    versioned.strip_suffix("-v1").or_else(|| versioned.strip_suffix("-v2")).unwrap_or(versioned)
}
