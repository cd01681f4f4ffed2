//! The chat completion schema of OpenAI: gpt-oss, Qwen, DeepSeek V3, AI21 Jamba and Writer Palmyra.
//!
//! * <https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-openai.html>
//! * <https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-deepseek.html>
//! * <https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-jamba.html>
//! * <https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-palmyra-x5.html>
//! * <https://platform.openai.com/docs/api-reference/chat/object>
//!
//! The model calls a tool only if `tool_choice` forces the call (`tool_call.rs`). The gpt-oss models always
//! reason. The Qwen and DeepSeek models reason if the request sets `reasoning_config` or `reasoning_effort`.
//! If `response_format` has a JSON Schema, the text is the smallest instance of the schema.
//!
//! A stream consists of `chat.completion.chunk` objects. The first chunk has the role, and the last chunk
//! with a choice has the finish reason. The usage is in an additional chunk without choices.

use serde_json::{Value, json};

use super::chat_dialect::{ChatDialect, ChatReasoning};
use super::chat_request::ChatRequest;
use super::completion::Completion;
use super::deltas::pieces;
use super::models::Model;
use super::reply::{Reply, ReplyBounds, StopReason, bounded};
use super::response::{Rejection, ResponseIds};
use super::schema_instance::smallest_instance;
use super::tokens;
use super::tool_call::{ToolCall, call_or_reply};
use super::validation_error::ValidationError;

/// The value of `created`, in seconds since 1970. It is constant, because the response must not depend on a
/// clock. The date is the release date of gpt-oss.
const CREATED: i64 = 1_754_352_000;

/// Returns the completion of a conversation.
pub(super) fn complete(model: &Model, body: &Value, dialect: &ChatDialect) -> Result<Completion, Rejection> {
    let request = ChatRequest::read(model, body, dialect)?;
    let output = Output::new(&request, dialect)?;
    let texts = request.messages.0.iter().map(|message| tokens::count(&message.text()));
    let input_tokens = texts.sum::<u64>();
    let output_tokens = output.tokens;
    let ids = ResponseIds::new(model, body);
    let envelope = Envelope { id: format!("chatcmpl-{}", ids.hex()), model: model.id };
    let usage = json!({
        "prompt_tokens": input_tokens,
        "completion_tokens": output_tokens,
        "total_tokens": input_tokens + output_tokens,
    });
    let call_id = format!("call_{}", ids.tool_call());
    let choice = json!({
        "index": 0,
        "message": output.message(&call_id, dialect.reasoning),
        "finish_reason": output.finish_reason(),
        "logprobs": null,
    });
    let mut response = envelope.wrap("chat.completion", json!([choice]));
    response["usage"] = usage.clone();

    let usage_chunk = request.streams_usage(dialect).then(|| {
        let mut chunk = envelope.wrap("chat.completion.chunk", json!([]));
        chunk["usage"] = usage;
        chunk
    });
    let max_tokens = output.reply.max_tokens;
    let (deltas, finish_reason) = (output.deltas(call_id, dialect.reasoning), output.finish_reason());
    let last = (json!({}), Some(finish_reason));
    let chunks = deltas.map(|delta| (delta, None)).chain([last]).map(move |(delta, finish_reason)| {
        let choice = json!({"index": 0, "delta": delta, "finish_reason": finish_reason, "logprobs": null});
        envelope.wrap("chat.completion.chunk", json!([choice]))
    });
    let chunks = Box::new(chunks.chain(usage_chunk));
    Ok(Completion { input_tokens, output_tokens, max_tokens, response, chunks })
}

/// Checks that the member `stream` of a body, if present, fits the operation.
pub(super) fn check_stream(body: &Value, is_streaming: bool) -> Result<(), ValidationError> {
    let operation = if is_streaming { "InvokeModelWithResponseStream" } else { "InvokeModel" };
    match body.get("stream").and_then(Value::as_bool) {
        Some(stream) if stream != is_streaming => {
            let problem = format_args!("{stream} is not valid for {operation}; omit [stream]");
            Err(ValidationError::new(problem).at("stream"))
        }
        _ => Ok(()),
    }
}

/// Returns the text that a model generates when it reasons about a user turn.
pub(crate) fn reasoning(turn: &str) -> String {
    format!("The message has {} tokens. I repeat them.", tokens::count(turn))
}

/// The members that a response and its chunks have in common.
struct Envelope {
    id: String,
    model: &'static str,
}

impl Envelope {
    fn wrap(&self, object: &str, choices: Value) -> Value {
        json!({
            "id": self.id,
            "object": object,
            "created": CREATED,
            "model": self.model,
            "choices": choices,
        })
    }
}

/// The output of a model: reasoning, and then a reply or a tool call.
struct Output {
    reasoning: Option<String>,
    call: Option<ToolCall>,
    reply: Reply,
    /// The number of tokens of the reasoning and of the reply.
    tokens: u64,
}

impl Output {
    fn new(request: &ChatRequest, dialect: &ChatDialect) -> Result<Self, ValidationError> {
        let turn = request.turn();
        let stop_sequences = request.stop_sequences(dialect)?;
        let call = request.forced_call()?;
        let max_tokens = request.max_tokens(dialect);
        let mut bounds = ReplyBounds { max_tokens, stop_sequences: &[] };
        let reasoning = request.has_reasoning(dialect).then(|| bounded(&reasoning(&turn), &bounds));
        let reasoning_tokens = reasoning.as_ref().map_or(0, |reasoning| reasoning.tokens);
        bounds.max_tokens = max_tokens.map(|limit| limit.saturating_sub_unsigned(reasoning_tokens));
        bounds.stop_sequences = &stop_sequences;
        let (call, mut reply) = match request.output_schema().filter(|_| call.is_none()) {
            Some(schema) => (None, bounded(&smallest_instance(schema).to_string(), &bounds)),
            None => call_or_reply(call, &turn, &bounds),
        };
        reply.max_tokens = max_tokens;
        let tokens = reasoning_tokens + reply.tokens;
        Ok(Self { reasoning: reasoning.map(|reasoning| reasoning.text), call, reply, tokens })
    }

    fn finish_reason(&self) -> &'static str {
        match &self.reply.stop {
            StopReason::EndTurn if self.call.is_some() => "tool_calls",
            stop => stop.finish_reason(),
        }
    }

    /// Returns the message of a complete response.
    fn message(&self, call_id: &str, reasoning: ChatReasoning) -> Value {
        let mut content = self.reply.text.clone();
        let mut message = json!({"role": "assistant"});
        match &self.reasoning {
            Some(text) if reasoning == ChatReasoning::Tags => {
                content.insert_str(0, &format!("<reasoning>{text}</reasoning>"));
            }
            Some(text) => message["reasoning_content"] = json!(text),
            None => {}
        }
        message["content"] = json!(content);
        if let Some(call) = &self.call {
            let function = json!({"name": call.name, "arguments": call.input.to_string()});
            message["tool_calls"] = json!([{"id": call_id, "type": "function", "function": function}]);
            if content.is_empty() {
                message["content"] = Value::Null;
            }
        }
        message
    }

    /// Splits the message of a complete response into deltas.
    fn deltas(
        &self,
        call_id: String,
        reasoning: ChatReasoning,
    ) -> impl Iterator<Item = Value> + Send + use<> {
        let start = json!({"role": "assistant", "content": ""});
        let has_tags = reasoning == ChatReasoning::Tags;
        let tag = |tag: &str| (has_tags && self.reasoning.is_some()).then(|| json!({"content": tag}));
        let (open, close) = (tag("<reasoning>"), tag("</reasoning>"));
        let key = if has_tags { "content" } else { "reasoning_content" };
        let thoughts = self.reasoning.clone().into_iter().flat_map(pieces);
        let thoughts = thoughts.map(move |piece| json!({key: piece}));
        let texts = self.reply.deltas().map(|delta| json!({"content": delta.text}));
        let call = self.call.clone().into_iter().flat_map(move |call| {
            let function = json!({"name": call.name, "arguments": ""});
            let start = json!({"index": 0, "id": call_id, "type": "function", "function": function});
            let arguments = pieces(call.input.to_string())
                .map(|piece| json!({"index": 0, "function": {"arguments": piece}}));
            std::iter::once(start).chain(arguments)
        });
        let calls = call.map(|call| json!({"tool_calls": [call]}));
        std::iter::once(start).chain(open).chain(thoughts).chain(close).chain(texts).chain(calls)
    }
}
