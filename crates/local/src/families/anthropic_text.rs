//! Anthropic Claude 2 and Claude Instant, text completions. A request has a `prompt`, and its response has a
//! `completion`.
//!
//! * <https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-anthropic-claude-text-completion.html>
//! * <https://docs.anthropic.com/en/api/complete>
//!
//! These models also support the Messages API (`anthropic.rs`). A completion ends at the marker of the next
//! user turn, so the stop reason of a complete reply is `stop_sequence`.

use serde::Deserialize;
use serde_json::{Value, json};

use super::chat_template::last_user_turn;
use super::completion::Completion;
use super::reply::{ReplyBounds, StopReason, reply};
use super::response::Rejection;
use super::schema::{Integer, List, Number};
use super::validation_error::ValidationError;
use super::{json, tokens};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "the unused members are only validated")]
struct Request {
    anthropic_version: Option<String>,
    prompt: String,
    max_tokens_to_sample: Integer<1, { i64::MAX }>,
    #[serde(default)]
    stop_sequences: List<String, 0, 8_191>,
    temperature: Option<Number<0, 1>>,
    top_p: Option<Number<0, 1>>,
    top_k: Option<Integer<0, 500>>,
}

const HUMAN: &str = "\n\nHuman:";
const ASSISTANT: &str = "\n\nAssistant:";

pub(super) fn complete(body: &Value) -> Result<Completion, Rejection> {
    let request: Request = json::read(body).map_err(ValidationError::in_claude_style)?;
    check_prompt(&request.prompt)?;
    let max_tokens = Some(request.max_tokens_to_sample.0);
    let bounds = ReplyBounds { max_tokens, stop_sequences: &request.stop_sequences.0 };
    let reply = reply(last_user_turn(&request.prompt), &bounds);
    let completion = |text: String, stop: Option<&StopReason>| {
        let (reason, sequence) = match stop {
            None => (None, None),
            Some(StopReason::EndTurn) => (Some("stop_sequence"), Some(HUMAN)),
            Some(StopReason::MaxTokens) => (Some("max_tokens"), None),
            Some(StopReason::StopSequence(sequence)) => (Some("stop_sequence"), Some(sequence.as_str())),
        };
        json!({"type": "completion", "completion": text, "stop_reason": reason, "stop": sequence})
    };
    Ok(Completion::in_pieces(tokens::count(&request.prompt), reply, completion))
}

/// Checks that the first turn of the prompt is a turn of the user, and that the prompt ends with a turn of the
/// assistant.
fn check_prompt(prompt: &str) -> Result<(), Rejection> {
    let human = prompt.find(HUMAN);
    let starts_with_human = human.is_some() && prompt.find(ASSISTANT).is_none_or(|at| human < Some(at));
    if !starts_with_human {
        let problem = format!("prompt must start with \"{HUMAN}\" turn after an optional system prompt");
        return Err(Rejection::Validation(problem));
    }
    if prompt.rfind(ASSISTANT) <= prompt.rfind(HUMAN) {
        return Err(Rejection::Validation(format!("prompt must end with \"{ASSISTANT}\" turn")));
    }
    Ok(())
}
