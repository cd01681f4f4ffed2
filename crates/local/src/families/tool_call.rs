//! The tool calls of text models.
//!
//! A model calls a tool only if the request forces the call. The arguments of the call are the smallest
//! instance of the schema of the tool.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

use super::reply::{Reply, ReplyBounds, StopReason, reply};
use super::schema_instance::smallest_instance;
use super::tokens;

/// A tool of a request.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ToolDefinition<'a> {
    pub(crate) name: &'a str,
    pub(crate) schema: &'a Value,
}

/// A tool call earlier in a conversation.
#[derive(Clone, Copy, Debug)]
pub(crate) struct EarlierCall<'a> {
    pub(crate) id: &'a str,
    pub(crate) name: &'a str,
}

/// The tool that a request forces the model to call.
#[derive(Clone, Copy, Debug)]
pub(crate) enum ForcedTool<'a> {
    /// Any tool.
    Any,
    /// The tool with this name.
    Named(&'a str),
}

/// A call of a tool.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ToolCall {
    pub(crate) name: String,
    pub(crate) input: Value,
}

impl ToolCall {
    /// Returns the call that a request forces, if any.
    ///
    /// `calls` contains the calls of the conversation. `results` contains the ids of the calls whose results
    /// are in the last message. If any tool is allowed, the model calls the first tool. If the last message
    /// contains results, the model calls the first tool that the conversation has not called yet. If the last
    /// message contains the result of a named tool, the model does not call this tool again. Therefore a loop
    /// that sends the results of all tool calls ends, although each request forces a call.
    pub(crate) fn forced<'a>(
        forced: ForcedTool<'_>,
        tools: &[ToolDefinition<'_>],
        calls: &[EarlierCall<'_>],
        results: impl Iterator<Item = &'a str>,
    ) -> Option<Self> {
        let call = |id: &str| calls.iter().rfind(|call| call.id == id);
        let answered: Vec<_> = results.filter_map(call).map(|call| call.name).collect();
        let tool = match forced {
            ForcedTool::Any if answered.is_empty() => tools.first(),
            ForcedTool::Any => tools.iter().find(|tool| calls.iter().all(|call| call.name != tool.name)),
            ForcedTool::Named(name) if answered.contains(&name) => None,
            ForcedTool::Named(name) => tools.iter().find(|tool| tool.name == name),
        }?;
        let (name, input) = (tool.name.to_owned(), smallest_instance(tool.schema));
        Some(Self { name, input })
    }

    /// Returns the number of output tokens of the call.
    pub(crate) fn tokens(&self) -> u64 {
        tokens::count(&self.name) + tokens::count(&self.input.to_string())
    }
}

/// Generates a tool call, or the reply to a user turn if `call` is `None`.
///
/// If the result contains a tool call, the text of the reply is empty, and the reply counts the tokens of the
/// call. If the call exceeds the token limit, the response has neither text nor a call.
pub(super) fn call_or_reply(
    call: Option<ToolCall>,
    turn: &str,
    bounds: &ReplyBounds<'_>,
) -> (Option<ToolCall>, Reply) {
    let Some(call) = call else { return (None, reply(turn, bounds)) };
    let limit = bounds.token_limit();
    let text = String::new();
    let (tokens, max_tokens) = (call.tokens(), bounds.max_tokens);
    if tokens > limit {
        (None, Reply { text, tokens: limit, max_tokens, stop: StopReason::MaxTokens })
    } else {
        (Some(call), Reply { text, tokens, max_tokens, stop: StopReason::EndTurn })
    }
}

/// Returns 22 characters for the id of a tool call. `digest` is the SHA-256 hash of the model and the
/// request.
pub(crate) fn tool_call_id(digest: &[u8; 32]) -> String {
    URL_SAFE_NO_PAD.encode(&digest[..16])
}
