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

use invoke_model_types::{StopReason as AnswerStop, ToolUseBlock};
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::{Value, json};

use super::completion::Completion;
use super::content::{Content, Part};
use super::models::Model;
use super::reply::{ReplyBounds, StopReason};
use super::response::{Rejection, ResponseIds};
use super::schema::{Integer, List, Number};
use super::tool_call::call_or_reply;
use super::validation_error::ValidationError;
use super::writer::{StreamState, claude};
use super::{json, tokens};
use crate::conversation::{Answer, Block};
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

/// The error if the text that the model must continue ends with white space.
pub(crate) const TRAILING_SPACE: &str = "final assistant content cannot end with trailing whitespace";

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
    let (stop_reason, stop_sequence) = match reply.stop {
        StopReason::EndTurn if call.is_some() => (AnswerStop::TOOL_USE, None),
        StopReason::EndTurn => (AnswerStop::END_TURN, None),
        StopReason::MaxTokens => (AnswerStop::MAX_TOKENS, None),
        StopReason::StopSequence(sequence) => (AnswerStop::STOP_SEQUENCE, Some(sequence)),
    };
    let block = match call {
        Some(call) => {
            let id = format!("toolu_bdrk_01{}", ids.tool_call());
            Some(Block::ToolUse(ToolUseBlock::new(id, call.name, call.input)))
        }
        None if reply.text.is_empty() => None,
        None => Some(Block::Text(reply.text)),
    };
    let blocks = thinking.map(Thinking::into_block).into_iter().chain(block).collect();
    let max_tokens = request.max_tokens.0;
    let answer =
        Answer { blocks, stop_reason, stop_sequence, output_tokens, max_tokens: max_tokens.unsigned_abs() };
    let message = json!({
        "id": format!("msg_bdrk_{}", ids.hex()),
        "type": "message",
        "role": "assistant",
        "model": vendor_id(model),
    });
    // The usage in the first event of a stream counts at most one output token.
    let start = claude::start(message.clone(), input_tokens, output_tokens.min(1));
    let response = claude::response(message, input_tokens, &answer);
    let mut state = StreamState::default();
    let events = answer.into_parts(input_tokens).flat_map(move |part| claude::chunks(&mut state, part));
    let chunks = Box::new(std::iter::once(start).chain(events));
    Ok(Completion { input_tokens, output_tokens, max_tokens: Some(max_tokens), response, chunks })
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
        if is_prefill && message.content.last_text().ends_with(char::is_whitespace) {
            return messages(TRAILING_SPACE);
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
        "thinking" => match part.signature.as_deref() {
            None => Err(ValidationError::missing("signature").at("thinking")),
            Some("") => Err(ValidationError::new("Invalid `signature` in `thinking` block")),
            Some(_) => Ok(()),
        },
        "tool_use" if part.id.is_none() => Err(ValidationError::missing("id")),
        "tool_use" if part.name.is_none() => Err(ValidationError::missing("name")),
        "tool_result" if part.tool_use_id.is_none() => Err(ValidationError::missing("tool_use_id")),
        "document" | "redacted_thinking" | "search_result" | "tool_result" | "tool_use" => Ok(()),
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
