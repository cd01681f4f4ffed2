//! The reply of a model, as a rule specifies it.

use invoke_model_types::{StopReason, ToolUseBlock};
use serde_json::Value;

use crate::conversation::{Answer, Block};
use crate::families::count_tokens;

/// The reply of a text model: texts, tool calls and reasoning, in the schema that the caller uses.
///
/// The endpoint sends the reply to `InvokeModel` in the schema of the model family, and to `Converse` in the
/// schema that all models share. If the call is streaming, the endpoint sends the reply in pieces. The limits of
/// the request, such as the maximum number of tokens, do not change the reply.
///
/// ```
/// use invoke_model_local::ModelReply;
/// use serde_json::json;
///
/// let reply = ModelReply::reasoning("The user asks for the weather.")
///     .and(ModelReply::text("I look it up."))
///     .and(ModelReply::tool_call("get_weather", json!({"city": "Paris"})))
///     .usage(120, 30);
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ModelReply {
    pub(super) blocks: Vec<ReplyBlock>,
    pub(super) stop_reason: Option<StopReason>,
    /// The input tokens and the output tokens.
    pub(super) usage: Option<(u64, u64)>,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum ReplyBlock {
    Reasoning(String),
    Text(String),
    ToolCall { id: Option<String>, name: String, input: Value },
}

impl ModelReply {
    /// Returns a reply with a text.
    pub fn text(text: impl Into<String>) -> Self {
        ReplyBlock::Text(text.into()).into()
    }

    /// Returns a reply whose text is a JSON value, as a model generates it for structured output.
    pub fn json(value: &Value) -> Self {
        Self::text(value.to_string())
    }

    /// Returns a reply that calls a tool. The endpoint sets the id of the call.
    pub fn tool_call(name: impl Into<String>, input: Value) -> Self {
        ReplyBlock::ToolCall { id: None, name: name.into(), input }.into()
    }

    /// Returns a reply with reasoning. Add a text or a tool call with [`and`](Self::and).
    pub fn reasoning(text: impl Into<String>) -> Self {
        ReplyBlock::Reasoning(text.into()).into()
    }

    /// Appends the content of another reply. If the other reply has a stop reason, this stop reason takes
    /// precedence. The same rule applies to the usage.
    #[must_use]
    pub fn and(mut self, other: impl Into<Self>) -> Self {
        let other = other.into();
        self.blocks.extend(other.blocks);
        self.stop_reason = other.stop_reason.or(self.stop_reason);
        self.usage = other.usage.or(self.usage);
        self
    }

    /// Sets the stop reason, for example `max_tokens`. The default is `tool_use` for a reply with a tool call,
    /// and `end_turn` for any other reply.
    #[must_use]
    pub fn stop_reason(self, stop_reason: impl Into<StopReason>) -> Self {
        Self { stop_reason: Some(stop_reason.into()), ..self }
    }

    /// Sets the token counts. By default, the endpoint counts the tokens of the request and of the reply.
    #[must_use]
    pub fn usage(self, input_tokens: u64, output_tokens: u64) -> Self {
        Self { usage: Some((input_tokens, output_tokens)), ..self }
    }

    /// Sets the id of the tool call at the end of the reply. If `id` is missing or empty, the endpoint
    /// generates the id.
    pub(crate) fn with_call_id(mut self, id: Option<String>) -> Self {
        if let Some(ReplyBlock::ToolCall { id: call_id, .. }) = self.blocks.last_mut() {
            *call_id = id.filter(|id| !id.is_empty());
        }
        self
    }

    /// Returns the input tokens that the reply states.
    pub(crate) fn input_tokens(&self) -> Option<u64> {
        self.usage.map(|(input_tokens, _)| input_tokens)
    }

    /// Converts the reply to an answer. `call_id` returns the id for the tool call with the given number.
    pub(crate) fn answer(&self, max_tokens: u64, call_id: impl Fn(usize) -> String) -> Answer {
        let mut tokens = 0;
        let mut calls = 0;
        let blocks = self.blocks.iter().map(|block| match block {
            ReplyBlock::Reasoning(text) => {
                tokens += count_tokens(text);
                Block::Reasoning { text: text.clone(), signature: None }
            }
            ReplyBlock::Text(text) => {
                tokens += count_tokens(text);
                Block::Text(text.clone())
            }
            ReplyBlock::ToolCall { id, name, input } => {
                tokens += count_tokens(name) + count_tokens(&input.to_string());
                let id = id.clone().unwrap_or_else(|| call_id(calls));
                calls += 1;
                Block::ToolUse(ToolUseBlock::new(id, name.clone(), input.clone()))
            }
        });
        let blocks = blocks.collect();
        let default = if calls > 0 { StopReason::TOOL_USE } else { StopReason::END_TURN };
        Answer {
            blocks,
            stop_reason: self.stop_reason.clone().unwrap_or(default),
            stop_sequence: None,
            output_tokens: self.usage.map_or(tokens, |(_, output_tokens)| output_tokens),
            max_tokens,
        }
    }
}

impl From<ReplyBlock> for ModelReply {
    fn from(block: ReplyBlock) -> Self {
        Self { blocks: vec![block], ..Self::default() }
    }
}

impl From<&str> for ModelReply {
    /// Returns a reply with a text.
    fn from(text: &str) -> Self {
        Self::text(text)
    }
}

impl From<String> for ModelReply {
    /// Returns a reply with a text.
    fn from(text: String) -> Self {
        Self::text(text)
    }
}
