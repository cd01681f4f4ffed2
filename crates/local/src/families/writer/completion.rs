//! The schemas whose responses contain only text: Llama, Mistral text completion, Titan Text, Cohere Command,
//! Claude text completion and DeepSeek-R1.

use invoke_model_types::StopReason;
use serde_json::{Value, json};

use super::super::response::Rejection;
use super::super::tokens;
use super::{StreamState, length_or};
use crate::conversation::{Answer, AnswerEnd, Block, Part};

/// The schema of a text completion.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Schema {
    Llama,
    Mistral,
    Titan,
    Cohere,
    Claude,
    /// The schema of DeepSeek-R1: `choices` with a `text`.
    Choices,
}

/// Returns the text of an answer. Omits reasoning, because these schemas have no member for reasoning.
///
/// # Errors
/// Returns an error if the answer has a tool call.
pub(super) fn text(answer: &Answer) -> Result<String, Rejection> {
    let mut all = String::new();
    for block in &answer.blocks {
        match block {
            Block::Text(text) => all.push_str(text),
            Block::Reasoning { .. } => {}
            Block::ToolUse(call) => return Err(no_tools(&call.name)),
        }
    }
    Ok(all)
}

fn no_tools(name: &str) -> Rejection {
    Rejection::Validation(format!(
        "The reply of the local endpoint calls the tool {name:?}, but the body of this model has no tools: use \
         Converse, or another model"
    ))
}

impl Schema {
    pub(super) fn of(template: &Value) -> Option<Self> {
        let has = |member: &str| template.get(member).is_some();
        if has("generation") {
            Some(Self::Llama)
        } else if has("outputs") {
            Some(Self::Mistral)
        } else if template["results"][0].get("outputText").is_some() {
            Some(Self::Titan)
        } else if has("generation_id") {
            Some(Self::Cohere)
        } else if has("completion") {
            Some(Self::Claude)
        } else if template["choices"][0].get("text").is_some() {
            Some(Self::Choices)
        } else {
            None
        }
    }

    pub(super) fn response(self, mut template: Value, text: &str, end: &AnswerEnd) -> Value {
        let stop = json!(self.stop_reason(end));
        match self {
            Self::Llama => {
                template["generation"] = json!(text);
                template["prompt_token_count"] = json!(end.input_tokens);
                template["generation_token_count"] = json!(end.output_tokens);
                template["stop_reason"] = stop;
            }
            Self::Mistral => template["outputs"] = json!([{"text": text, "stop_reason": stop}]),
            Self::Choices => {
                template["choices"][0]["text"] = json!(text);
                template["choices"][0]["stop_reason"] = stop;
            }
            Self::Titan => {
                template["inputTextTokenCount"] = json!(end.input_tokens);
                template["results"] = json!([{
                    "tokenCount": end.output_tokens,
                    "outputText": text,
                    "completionReason": stop,
                }]);
            }
            Self::Cohere => {
                template["text"] = json!(text);
                template["finish_reason"] = stop;
                let last = template["chat_history"].as_array_mut().and_then(|turns| turns.last_mut());
                if let Some(turn) = last {
                    turn["message"] = json!(text);
                }
            }
            Self::Claude => {
                template["completion"] = json!(text);
                template["stop_reason"] = stop;
                template["stop"] = json!(end.stop_sequence);
            }
        }
        template
    }

    pub(super) fn chunks(
        self,
        template: &Value,
        input_tokens: u64,
        state: &mut StreamState,
        part: Part,
    ) -> Result<Vec<Value>, Rejection> {
        let is_first = state.begin();
        let mut chunks = Vec::new();
        if is_first && self == Self::Cohere {
            chunks.push(json!({
                "event_type": "stream-start",
                "is_finished": false,
                "generation_id": template["generation_id"],
            }));
        }
        let (text, end) = match part {
            Part::Text(text) => (text, None),
            Part::End(end) => (String::new(), Some(end)),
            Part::Reasoning(_) | Part::Signature(_) | Part::ToolInput(_) => return Ok(chunks),
            Part::ToolCall { name, .. } => return Err(no_tools(&name)),
        };
        state.text.push_str(&text);
        let stop = end.as_ref().map(|end| self.stop_reason(end));
        chunks.push(match self {
            Self::Llama => json!({
                "generation": text,
                "prompt_token_count": is_first.then_some(input_tokens),
                "generation_token_count": match &end {
                    None => tokens::count(&state.text),
                    Some(end) => end.output_tokens,
                },
                "stop_reason": stop,
            }),
            Self::Mistral => json!({"outputs": [{"text": text, "stop_reason": stop}]}),
            Self::Choices => json!({"choices": [{"index": 0, "text": text, "stop_reason": stop}]}),
            Self::Titan => json!({
                "index": 0,
                "inputTextTokenCount": is_first.then_some(input_tokens),
                "totalOutputTextTokenCount": end.as_ref().map(|end| end.output_tokens),
                "outputText": text,
                "completionReason": stop,
            }),
            Self::Cohere => match &end {
                None => json!({"event_type": "text-generation", "is_finished": false, "text": text}),
                Some(end) => json!({
                    "event_type": "stream-end",
                    "is_finished": true,
                    "finish_reason": stop,
                    "response": self.response(template.clone(), &state.text, end),
                }),
            },
            Self::Claude => json!({
                "type": "completion",
                "completion": text,
                "stop_reason": stop,
                "stop": end.and_then(|end| end.stop_sequence),
            }),
        });
        Ok(chunks)
    }

    fn stop_reason(self, end: &AnswerEnd) -> &'static str {
        let by_length = end.stop_reason == StopReason::MAX_TOKENS;
        match self {
            Self::Titan if by_length => "LENGTH",
            Self::Titan => "FINISHED",
            Self::Cohere if by_length => "MAX_TOKENS",
            Self::Cohere => "COMPLETE",
            Self::Claude if by_length => "max_tokens",
            Self::Claude => "stop_sequence",
            Self::Llama | Self::Mistral | Self::Choices => length_or(&end.stop_reason, "stop"),
        }
    }
}
