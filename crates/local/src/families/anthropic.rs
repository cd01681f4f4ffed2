//! Anthropic Claude, Messages API.
//!
//! * <https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-anthropic-claude-messages-request-response.html>
//! * <https://docs.anthropic.com/en/api/messages>
//!
//! Tools, thinking and documents are accepted and change nothing: no tool is ever called. The models' own
//! upper limits of `max_tokens` are not enforced. Refusals are worded by field, as Claude models on Bedrock
//! do, and not as the JSON Schema check in front of the other models does.

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::{Value, json};

use super::answer::Refusal;
use super::bounded::{Integer, List, Number};
use super::completion::Completion;
use super::content::{Content, Part};
use super::digest::Seal;
use super::fault::Fault;
use super::models::Model;
use super::reply::{End, Limits, Reply, reply};
use super::{anthropic_stream, json, tokens};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "what is not read below is only checked, or accepted without effect")]
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
    tools: Option<Vec<IgnoredAny>>,
    tool_choice: Option<IgnoredAny>,
    thinking: Option<IgnoredAny>,
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

#[derive(Deserialize, PartialEq)]
#[serde(rename_all = "lowercase")]
enum Role {
    User,
    Assistant,
}

/// Where the bytes of an image are. What is optional here is so only for types other than `base64`.
#[derive(Deserialize)]
struct Source {
    #[serde(rename = "type")]
    kind: String,
    media_type: Option<String>,
    data: Option<String>,
}

/// The models that the first page above warns of: they refuse a request that sets both.
const EITHER_TEMPERATURE_OR_TOP_P: [&str; 2] =
    ["anthropic.claude-haiku-4-5-20251001-v1:0", "anthropic.claude-sonnet-4-5-20250929-v1:0"];

const IMAGE_TYPES: [&str; 4] = ["image/gif", "image/jpeg", "image/png", "image/webp"];

pub(super) fn complete(model: &Model, body: &Value) -> Result<Completion, Refusal> {
    let request: Request = json::read(body).map_err(Fault::by_field)?;
    check(model, &request).map_err(Fault::by_field)?;

    let texts: Vec<_> = request.messages.iter().map(|message| message.content.text()).collect();
    let last = request.messages.iter().rposition(|message| message.role == Role::User);
    let turn = last.map_or("", |index| &texts[index]);
    let limits = Limits { max_tokens: Some(request.max_tokens.0), stop: &request.stop_sequences.0 };
    let reply = reply(turn, &limits);

    let system = request.system.map_or_else(String::new, |system| system.text());
    let input_tokens = texts.iter().chain([&system]).map(|text| tokens::count(text)).sum();
    let (stop_reason, stop_sequence) = match &reply.end {
        End::Finished => ("end_turn", None),
        End::Length => ("max_tokens", None),
        End::Stop(stop) => ("stop_sequence", Some(stop)),
    };
    let content =
        if reply.text.is_empty() { json!([]) } else { json!([{"type": "text", "text": reply.text}]) };
    let whole = json!({
        "id": format!("msg_bdrk_{}", Seal::new(model, body).hex()),
        "type": "message",
        "role": "assistant",
        "model": vendor_id(model),
        "content": content,
        "stop_reason": stop_reason,
        "stop_sequence": stop_sequence,
        "usage": {"input_tokens": input_tokens, "output_tokens": reply.tokens},
    });
    let chunks = Box::new(anthropic_stream::chunks(&whole, &reply));
    let Reply { tokens: output_tokens, max_tokens, .. } = reply;
    Ok(Completion { input_tokens, output_tokens, max_tokens, whole, chunks })
}

/// What the structure alone does not say.
fn check(model: &Model, request: &Request) -> Result<(), Fault> {
    if !is_version(&request.anthropic_version) {
        return Err(Fault::new(format_args!("Invalid API version: {}", request.anthropic_version)));
    }
    let messages = |words: &str| Err(Fault::new(words).at("messages"));
    match request.messages.first() {
        None => return messages("at least one message is required"),
        Some(message) if message.role != Role::User => {
            return messages("first message must use the \"user\" role");
        }
        Some(_) => {}
    }
    for (index, message) in request.messages.iter().enumerate() {
        let at = |fault: Fault| fault.at(index).at("messages");
        let is_prefill = message.role == Role::Assistant && index + 1 == request.messages.len();
        let is_empty = match &message.content {
            Content::Text(text) => text.is_empty(),
            Content::Parts(parts) => parts.is_empty(),
        };
        if is_empty && !is_prefill {
            let words =
                "all messages must have non-empty content except for the optional final assistant message";
            return Err(at(Fault::new(words)));
        }
        if let Content::Parts(parts) = &message.content {
            for (part_index, part) in parts.iter().enumerate() {
                check_part(part).map_err(|fault| at(fault.at(part_index).at("content")))?;
            }
        }
    }
    if request.temperature.is_some()
        && request.top_p.is_some()
        && EITHER_TEMPERATURE_OR_TOP_P.contains(&model.id)
    {
        let words = "`temperature` and `top_p` cannot both be specified for this model. Please use only one.";
        return Err(Fault::new(words));
    }
    Ok(())
}

/// `bedrock-2023-05-31`, which the pages above have, or a date, which the vendor's own client sends to Bedrock.
fn is_version(version: &str) -> bool {
    let is_date = version.len() == 10
        && version.bytes().enumerate().all(|(at, byte)| match at {
            4 | 7 => byte == b'-',
            _ => byte.is_ascii_digit(),
        });
    version == "bedrock-2023-05-31" || is_date
}

fn check_part(part: &Part) -> Result<(), Fault> {
    match part.kind.as_str() {
        "text" => match part.text.as_deref() {
            None => Err(Fault::missing("text")),
            Some("") => Err(Fault::new("text content blocks must be non-empty")),
            Some(_) => Ok(()),
        },
        "image" => {
            let source = part.source.as_ref().ok_or_else(|| Fault::missing("source"))?;
            json::read(source).and_then(|source| check_source(&source)).map_err(|fault| fault.at("source"))
        }
        "document" | "redacted_thinking" | "search_result" | "thinking" | "tool_result" | "tool_use" => {
            Ok(())
        }
        other => Err(Fault::new(format_args!("'{other}' is not a type of content block")).at("type")),
    }
}

fn check_source(source: &Source) -> Result<(), Fault> {
    if source.kind != "base64" {
        return Err(Fault::new("Input should be 'base64'").at("type"));
    }
    let media_type = source.media_type.as_deref().ok_or_else(|| Fault::missing("media_type"))?;
    if !IMAGE_TYPES.contains(&media_type) {
        let allowed = IMAGE_TYPES.map(|media_type| format!("'{media_type}'")).join(" or ");
        return Err(Fault::new(format_args!("Input should be {allowed}")).at("media_type"));
    }
    if source.data.is_none() { Err(Fault::missing("data")) } else { Ok(()) }
}

/// `claude-3-haiku-20240307` for `anthropic.claude-3-haiku-20240307-v1:0`.
fn vendor_id(model: &Model) -> &'static str {
    let stem = model.stem();
    let versioned = stem.strip_prefix("anthropic.").unwrap_or(stem);
    versioned.strip_suffix("-v1").or_else(|| versioned.strip_suffix("-v2")).unwrap_or(versioned)
}
