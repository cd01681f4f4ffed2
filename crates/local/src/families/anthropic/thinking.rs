//! Extended thinking: the checks of the field `thinking`, and the content block with the thinking.
//!
//! `Converse` applies the same checks to `additionalModelRequestFields`.
//!
//! <https://docs.anthropic.com/en/docs/build-with-claude/extended-thinking>

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::{Request, tools};
use crate::conversation::{Block, supports_thinking};
use crate::families::chat_completion::reasoning;
use crate::families::models::Model;
use crate::families::response::ResponseIds;
use crate::families::tokens;
use crate::families::validation_error::ValidationError;

/// The minimum of `budget_tokens`.
const MIN_BUDGET: i64 = 1_024;

/// The members of a request that thinking restricts.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ThinkingLimits {
    pub(crate) max_tokens: i64,
    pub(crate) temperature: Option<f64>,
    pub(crate) has_top_k: bool,
    /// `true` if the request forces the call of a tool.
    pub(crate) forces_tool: bool,
}

/// The thinking before a reply.
pub(super) struct Thinking {
    text: String,
    signature: String,
    pub(super) tokens: u64,
}

impl Thinking {
    /// Checks the field `thinking`. Returns the thinking about a user turn, or `None` if the request does not
    /// turn on thinking.
    pub(super) fn new(
        model: &Model,
        request: &Request,
        body: &Value,
        turn: &str,
        ids: &ResponseIds,
    ) -> Result<Option<Self>, ValidationError> {
        let Some(field) = request.thinking.as_ref().filter(|field| field["type"] != "disabled") else {
            return Ok(None);
        };
        if !supports_thinking(model) {
            return Err(ValidationError::extraneous("thinking"));
        }
        let limits = ThinkingLimits {
            max_tokens: request.max_tokens.0,
            temperature: body.get("temperature").and_then(Value::as_f64),
            has_top_k: request.top_k.is_some(),
            forces_tool: tools::forces_call(request),
        };
        check_thinking("thinking", field, &limits).map_err(ValidationError::new)?;
        let full = reasoning(turn);
        let text = tokens::first(&full, u64::try_from(limits.max_tokens).unwrap_or(0)).to_owned();
        Ok(Some(Self { tokens: tokens::count(&text), text, signature: ids.thinking_signature() }))
    }

    pub(super) fn into_block(self) -> Block {
        Block::Reasoning { text: self.text, signature: Some(self.signature) }
    }
}

/// Returns `true` if a field with this value turns on thinking.
pub(crate) fn is_thinking(field: &Value) -> bool {
    matches!(field["type"].as_str(), Some("adaptive" | "enabled"))
}

/// Checks the field that turns on thinking. `name` is the name of the field. Errors have the text that the
/// model returns.
pub(crate) fn check_thinking(name: &str, field: &Value, limits: &ThinkingLimits) -> Result<(), String> {
    let kind = field["type"].as_str();
    if !matches!(kind, Some("adaptive" | "disabled" | "enabled")) {
        return Err(format!("{name}.type: Input should be one of 'adaptive', 'disabled', 'enabled'"));
    }
    if !is_thinking(field) {
        return Ok(());
    }
    if kind == Some("enabled") {
        let invalid = |problem: &str| Err(format!("{name}.enabled.budget_tokens: {problem}"));
        match field.get("budget_tokens").map(Value::as_i64) {
            None => return invalid("Field required"),
            Some(None) => return invalid("Input should be a valid integer"),
            Some(Some(budget)) if budget < MIN_BUDGET => {
                return invalid(&format!("Input should be greater than or equal to {MIN_BUDGET}"));
            }
            Some(Some(budget)) if budget >= limits.max_tokens => {
                return Err("`max_tokens` must be greater than `thinking.budget_tokens`.".to_owned());
            }
            Some(Some(_)) => {}
        }
    }
    if limits.temperature.is_some_and(|temperature| temperature < 1.0) {
        let mode = if kind == Some("adaptive") { " or in adaptive mode" } else { "" };
        return Err(format!("`temperature` may only be set to 1 when thinking is enabled{mode}."));
    }
    if limits.has_top_k {
        return Err("`top_k` must be unset when thinking is enabled.".to_owned());
    }
    if limits.forces_tool {
        return Err("Thinking may not be enabled when tool_choice forces tool use.".to_owned());
    }
    Ok(())
}

/// Returns the signature of the thinking in a response. `digest` is the SHA-256 hash of the model and the
/// request.
pub(crate) fn thinking_signature(digest: &[u8; 32]) -> String {
    STANDARD.encode(digest)
}
