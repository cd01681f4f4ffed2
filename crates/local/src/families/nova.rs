//! Amazon Nova understanding models, schema `messages-v1`.
//!
//! * <https://docs.aws.amazon.com/nova/latest/userguide/complete-request-schema.html>
//! * <https://docs.aws.amazon.com/nova/latest/nova2-userguide/request-response-schema.html>
//! * <https://docs.aws.amazon.com/nova/latest/userguide/using-invoke-api.html>
//!
//! In a stream, each piece of text is a separate content block, as in streams of the service. The last chunk
//! has the usage.
//!
//! The model calls a tool only if `toolChoice` forces the call (`tool_call.rs`). Nova 2 models reason if
//! `reasoningConfig` enables reasoning. Other models ignore this member. Images, video and audio are accepted
//! but have no effect. The pages disagree on the maximum of `maxTokens`, so no upper limit is enforced.

mod tools;

use invoke_model_types::{StopReason as AnswerStop, ToolUseBlock};
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::{Value, json};

use super::chat_completion::reasoning;
use super::completion::Completion;
use super::models::Model;
use super::reply::{ReplyBounds, StopReason, bounded};
use super::response::{Rejection, ResponseIds};
use super::schema::{Integer, List, Number};
use super::tool_call::call_or_reply;
use super::writer::{StreamState, nova};
use super::{json, tokens};
use crate::conversation::{Answer, Block as AnswerBlock};
use tools::{ToolConfig, ToolResult, ToolUse};

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[expect(dead_code, reason = "the unused members are only validated, or have no effect")]
struct Request {
    schema_version: Option<SchemaVersion>,
    #[serde(default)]
    system: Vec<System>,
    messages: List<Message, 1, { usize::MAX }>,
    #[serde(default)]
    inference_config: Config,
    tool_config: Option<ToolConfig>,
    reasoning_config: Option<ReasoningConfig>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct ReasoningConfig {
    #[serde(rename = "type")]
    kind: ReasoningKind,
    #[expect(dead_code, reason = "the effort is only validated")]
    max_reasoning_effort: Option<Effort>,
}

#[derive(PartialEq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum ReasoningKind {
    Enabled,
    Disabled,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Effort {
    Low,
    Medium,
    High,
}

/// The prefix of the ids of models that reason.
const NOVA_2: &str = "amazon.nova-2-";

#[derive(Deserialize)]
enum SchemaVersion {
    #[serde(rename = "messages-v1")]
    Messages1,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[expect(dead_code, reason = "a cache point has no effect")]
struct System {
    text: Option<String>,
    cache_point: Option<IgnoredAny>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Message {
    role: Role,
    content: List<Block, 1, { usize::MAX }>,
}

#[derive(PartialEq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Role {
    User,
    Assistant,
}

/// A content block. Each block has one of these members. Images, video and audio are encoded as base64.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[expect(dead_code, reason = "only text and tools are used; the other members have no effect")]
struct Block {
    text: Option<String>,
    image: Option<IgnoredAny>,
    video: Option<IgnoredAny>,
    audio: Option<IgnoredAny>,
    tool_use: Option<ToolUse>,
    tool_result: Option<ToolResult>,
    reasoning_content: Option<IgnoredAny>,
    cache_point: Option<IgnoredAny>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[expect(dead_code, reason = "the unused members are only validated, or have no effect")]
struct Config {
    #[serde(alias = "max_new_tokens")]
    max_tokens: Option<Integer<1, { i64::MAX }>>,
    temperature: Option<Number<0, 1>>,
    #[serde(alias = "top_p")]
    top_p: Option<Number<0, 1>>,
    #[serde(alias = "top_k")]
    top_k: Option<Integer<0, { i64::MAX }>>,
    #[serde(default)]
    stop_sequences: Vec<String>,
    reasoning_config: Option<ReasoningConfig>,
}

impl Message {
    /// Returns the texts of all blocks and of all parts of tool results. Line feeds separate the texts.
    fn text(&self) -> String {
        let texts = self.content.0.iter().flat_map(|block| {
            let results = block.tool_result.iter().flat_map(ToolResult::texts);
            block.text.clone().into_iter().chain(results)
        });
        texts.collect::<Vec<_>>().join("\n")
    }
}

pub(super) fn complete(model: &Model, body: &Value) -> Result<Completion, Rejection> {
    let request: Request = json::read(body)?;
    let messages = request.messages.0;
    if messages[0].role != Role::User {
        let message = "A conversation must start with a user message. Try again with a conversation that starts \
                     with a user message.";
        return Err(Rejection::Validation(message.to_owned()));
    }
    let tool_config = request.tool_config.as_ref();
    tool_config.map_or(Ok(()), tools::check)?;
    let turn =
        messages.iter().rfind(|message| message.role == Role::User).map_or_else(String::new, Message::text);
    let config = request.inference_config;
    let max_tokens = config.max_tokens.map(|limit| limit.0);
    let reasoning_config = request.reasoning_config.or(config.reasoning_config);
    let is_enabled = reasoning_config.is_some_and(|config| config.kind == ReasoningKind::Enabled);
    let reasoning = (is_enabled && model.id.starts_with(NOVA_2))
        .then(|| bounded(&reasoning(&turn), &ReplyBounds { max_tokens, stop_sequences: &[] }));
    let reasoning_tokens = reasoning.as_ref().map_or(0, |reasoning| reasoning.tokens);
    let remaining = max_tokens.map(|limit| limit.saturating_sub_unsigned(reasoning_tokens));
    let bounds = ReplyBounds { max_tokens: remaining, stop_sequences: &config.stop_sequences };
    let call = tool_config.and_then(|config| tools::forced_call(config, &messages));
    let (call, reply) = call_or_reply(call, &turn, &bounds);
    let output_tokens = reasoning_tokens + reply.tokens;

    let system = request.system.into_iter().filter_map(|system| system.text);
    let texts = messages.iter().map(Message::text).chain(system);
    let input_tokens = texts.map(|text| tokens::count(&text)).sum::<u64>();
    let stop_reason = match reply.stop {
        StopReason::EndTurn if call.is_some() => AnswerStop::TOOL_USE,
        StopReason::EndTurn => AnswerStop::END_TURN,
        StopReason::MaxTokens => AnswerStop::MAX_TOKENS,
        StopReason::StopSequence(_) => AnswerStop::STOP_SEQUENCE,
    };
    let output = match call {
        Some(call) => {
            let id = format!("tooluse_{}", ResponseIds::new(model, body).tool_call());
            AnswerBlock::ToolUse(ToolUseBlock::new(id, call.name, call.input))
        }
        None => AnswerBlock::Text(reply.text),
    };
    let reasoning =
        reasoning.map(|reasoning| AnswerBlock::Reasoning { text: reasoning.text, signature: None });
    let blocks = reasoning.into_iter().chain([output]).collect();
    // A response of Nova has no member for the stop sequence that ended it, and no member for the token limit.
    let answer = Answer { blocks, stop_reason, stop_sequence: None, output_tokens, max_tokens: 0 };
    let response =
        nova::response(json!({"output": {"message": {"role": "assistant"}}}), input_tokens, &answer);
    let mut state = StreamState::default();
    let chunks = answer.into_parts(input_tokens).flat_map(move |part| nova::chunks(&mut state, part));
    Ok(Completion { input_tokens, output_tokens, max_tokens, response, chunks: Box::new(chunks) })
}
