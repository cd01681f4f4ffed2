//! Writes answers in the schemas of the model families. The answers come from rules and from upstreams.
//!
//! A writer begins with the simulated response of the family, and recognizes the schema by the members of
//! this response. The writer replaces the content, the stop reason and the token counts, and keeps all other
//! members.

mod chat;
pub(super) mod claude;
mod completion;
pub(super) mod nova;

use invoke_model_types::StopReason;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::anthropic::thinking_signature;
use super::response::Rejection;
use super::tool_call::tool_call_id;
use crate::conversation::{Answer, AnswerEnd, Part, numbered};
use crate::fault::ModelReply;

/// The schema of a response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Schema {
    Claude,
    Nova,
    Chat,
    Completion(completion::Schema),
}

/// A writer of one response, or of the chunks of one stream.
#[derive(Debug)]
pub(crate) struct ResponseWriter {
    schema: Schema,
    /// The simulated response.
    template: Value,
    input_tokens: u64,
    state: StreamState,
}

/// The state of a stream.
#[derive(Debug, Default)]
pub(super) struct StreamState {
    has_begun: bool,
    /// The index of the current or next block. In a chat completion, the index of the next tool call.
    index: u64,
    /// The type of the current block, if a block is open.
    open: Option<&'static str>,
    /// The complete text so far.
    text: String,
    /// The complete tool calls so far: id, name and arguments.
    calls: Vec<(String, String, String)>,
}

impl ResponseWriter {
    /// Returns a writer for the schema of `template`, the simulated response of a text model.
    pub(crate) fn new(template: Value, input_tokens: u64) -> Result<Self, Rejection> {
        let schema = if template["type"] == "message" {
            Schema::Claude
        } else if template["output"].get("message").is_some() {
            Schema::Nova
        } else if template["choices"][0].get("message").is_some() {
            Schema::Chat
        } else if let Some(schema) = completion::Schema::of(&template) {
            Schema::Completion(schema)
        } else {
            let problem = "The local endpoint cannot write a reply of a rule or of an upstream in the schema of \
                           this model. Use a text model.";
            return Err(Rejection::Validation(problem.to_owned()));
        };
        Ok(Self { schema, template, input_tokens, state: StreamState::default() })
    }

    /// Converts a reply to an answer. The ids of the tool calls have the form that the schema uses. The reasoning
    /// of Claude models has a signature.
    pub(crate) fn answer(&self, reply: &ModelReply, max_tokens: u64) -> Answer {
        let digest = Sha256::digest(self.template.to_string()).into();
        let prefix = match self.schema {
            Schema::Claude => "toolu_bdrk_01",
            Schema::Nova => "tooluse_",
            Schema::Chat | Schema::Completion(_) => "",
        };
        let call_id = |number| format!("{prefix}{}", tool_call_id(&numbered(digest, number)));
        let mut answer = reply.answer(max_tokens, call_id);
        if self.schema == Schema::Claude {
            answer.sign(&thinking_signature(&digest));
        }
        answer
    }

    /// Returns the complete response.
    ///
    /// # Errors
    /// Returns an error if the answer has a tool call, but the schema has no tool calls.
    pub(crate) fn response(self, answer: &Answer) -> Result<Value, Rejection> {
        match self.schema {
            Schema::Claude => Ok(claude::response(self.template, self.input_tokens, answer)),
            Schema::Nova => Ok(nova::response(self.template, self.input_tokens, answer)),
            Schema::Chat => Ok(chat::response(self.template, self.input_tokens, answer)),
            Schema::Completion(schema) => {
                let text = completion::text(answer)?;
                let end = AnswerEnd {
                    stop_reason: answer.stop_reason.clone(),
                    stop_sequence: answer.stop_sequence.clone(),
                    input_tokens: self.input_tokens,
                    output_tokens: answer.output_tokens,
                };
                Ok(schema.response(self.template, &text, &end))
            }
        }
    }

    /// Returns the chunks for the next part of a stream.
    ///
    /// # Errors
    /// Returns an error if the part is a tool call, but the schema has no tool calls.
    pub(crate) fn chunks(&mut self, part: Part) -> Result<Vec<Value>, Rejection> {
        let Self { schema, template, input_tokens, state } = self;
        match schema {
            Schema::Claude => {
                let start = state.begin().then(|| claude::start(template.clone(), *input_tokens, 1));
                Ok(start.into_iter().chain(claude::chunks(state, part)).collect())
            }
            Schema::Nova => Ok(nova::chunks(state, part)),
            Schema::Chat => Ok(chat::chunks(template, state, part)),
            Schema::Completion(schema) => schema.chunks(template, *input_tokens, state, part),
        }
    }
}

impl StreamState {
    /// Returns `true` on the first call, and `false` on all later calls.
    fn begin(&mut self) -> bool {
        !std::mem::replace(&mut self.has_begun, true)
    }
}

/// Returns the stop reason for a schema that has only two stop reasons: `length` and `other`.
fn length_or<'a>(stop_reason: &StopReason, other: &'a str) -> &'a str {
    if *stop_reason == StopReason::MAX_TOKENS { "length" } else { other }
}

fn tool_calls(calls: impl IntoIterator<Item = (String, String, String)>) -> Value {
    let call = |(id, name, arguments)| json!({"id": id, "type": "function", "function": {"name": name, "arguments": arguments}});
    calls.into_iter().map(call).collect()
}
