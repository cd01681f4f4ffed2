//! The conditions of a rule for calls.

use std::cell::OnceCell;

use regex_lite::Regex;

use crate::conversation::Conversation;
use crate::wildcard;

/// The conditions under which a rule applies to a call. A call must meet all conditions. `When::new()` has no
/// condition, so every call meets it.
///
/// The conditions on texts and tools apply to `Converse`, `InvokeModel` and the streaming variants of both
/// operations. For `InvokeModel`, the endpoint reads the body in the schema of the model family.
///
/// ```
/// use invoke_model_local::{Fault, ModelReply, When};
///
/// let question = When::new().operation("Converse").prompt_contains("weather").tool("get_weather");
/// let call = ModelReply::tool_call("get_weather", serde_json::json!({"city": "Paris"}));
/// let rule = Fault::new().when(question).reply(call).first(1);
/// ```
#[derive(Clone, Debug, Default)]
pub struct When {
    pub(super) operation: Option<String>,
    pub(super) model: Option<String>,
    pub(super) prompt: Option<TextPattern>,
    pub(super) system: Option<TextPattern>,
    pub(super) tool: Option<String>,
    pub(super) tool_result: Option<String>,
}

/// A pattern for a text.
#[derive(Clone, Debug)]
pub(super) enum TextPattern {
    Contains(String),
    Matches(Regex),
}

impl TextPattern {
    fn is_met(&self, text: &str) -> bool {
        match self {
            Self::Contains(part) => text.contains(part.as_str()),
            Self::Matches(regex) => regex.is_match(text),
        }
    }
}

impl When {
    /// Returns conditions that every call meets.
    pub fn new() -> Self {
        Self::default()
    }

    /// Requires an operation, for example `Converse`.
    #[must_use]
    pub fn operation(self, operation: impl Into<String>) -> Self {
        Self { operation: Some(operation.into()), ..self }
    }

    /// Requires a model id or ARN that matches a pattern. In the pattern, `*` matches any number of characters
    /// and `?` matches one character.
    #[must_use]
    pub fn model(self, pattern: impl Into<String>) -> Self {
        Self { model: Some(pattern.into()), ..self }
    }

    /// Requires a text in the last message of the user. The results of tools are not part of this text.
    #[must_use]
    pub fn prompt_contains(self, text: impl Into<String>) -> Self {
        Self { prompt: Some(TextPattern::Contains(text.into())), ..self }
    }

    /// Requires that a regular expression matches the last message of the user. The syntax is the syntax of
    /// the crate `regex-lite`.
    ///
    /// # Errors
    /// Returns an error if the regular expression is invalid.
    pub fn prompt_matches(self, regex: &str) -> Result<Self, regex_lite::Error> {
        Ok(Self { prompt: Some(TextPattern::Matches(Regex::new(regex)?)), ..self })
    }

    /// Requires a text in the system prompt.
    #[must_use]
    pub fn system_contains(self, text: impl Into<String>) -> Self {
        Self { system: Some(TextPattern::Contains(text.into())), ..self }
    }

    /// Requires that the request offers a tool of this name to the model.
    #[must_use]
    pub fn tool(self, name: impl Into<String>) -> Self {
        Self { tool: Some(name.into()), ..self }
    }

    /// Requires that the last message contains the result of a tool of this name. The pattern `*` matches the
    /// result of any tool.
    #[must_use]
    pub fn tool_result(self, pattern: impl Into<String>) -> Self {
        Self { tool_result: Some(pattern.into()), ..self }
    }

    pub(super) fn matches(&self, call: &CallFacts<'_>) -> bool {
        self.operation.as_deref().is_none_or(|operation| operation == call.operation)
            && self.model.as_deref().is_none_or(|pattern| wildcard::matches(pattern, call.model_id))
            && self.prompt.as_ref().is_none_or(|pattern| pattern.is_met(&call.conversation().prompt_text()))
            && self.system.as_ref().is_none_or(|pattern| pattern.is_met(&call.conversation().system_text()))
            && self
                .tool
                .as_deref()
                .is_none_or(|name| call.conversation().tool_names().any(|tool| tool == name))
            && self.tool_result.as_deref().is_none_or(|pattern| {
                call.conversation().answered_tools().iter().any(|tool| wildcard::matches(pattern, tool))
            })
    }
}

/// The facts about a call that rules depend on. The conversation is parsed only if a rule needs it.
pub(crate) struct CallFacts<'a> {
    operation: &'a str,
    model_id: &'a str,
    body: &'a [u8],
    conversation: OnceCell<Conversation>,
}

impl<'a> CallFacts<'a> {
    pub(crate) fn new(operation: &'a str, model_id: &'a str, body: &'a [u8]) -> Self {
        Self { operation, model_id, body, conversation: OnceCell::new() }
    }

    fn conversation(&self) -> &Conversation {
        self.conversation.get_or_init(|| Conversation::from_body(self.body))
    }
}
