//! Conversations in the schema of `Converse`, which is the same for all text models.
//!
//! `Converse`, `ConverseStream` and `CountTokens` share this module. A [`Conversation`] contains the members
//! of their inputs that the response depends on.
//!
//! | module | |
//! |---|---|
//! | `features` | what a model supports: system prompts, tools, images and so on |
//! | `messages`, `content`, `tools`, `inference` | checks of the input, with the messages of the service |
//! | `prompt` | the input as a sequence of pieces with token counts, for usage and for the prompt cache |
//! | `body` | reads a body, in the schema of `Converse` or of a model family, into a [`Conversation`] |
//! | `answer` | the response as content blocks |
//! | `part` | the same response as parts, in the order of a stream |
//! | `events` | the same response as events |
//! | `exchange` | one call, from the checks to the usage |
//! | `guardrail` | the texts that a guardrail evaluates |
//!
//! The content of a response is simulated as in [`families`](crate::families): the model echoes the text of
//! the last message, including the text of tool results. If `toolChoice` forces the call of a tool, the model
//! calls this tool. The arguments are the smallest JSON value that fits the schema of the tool.
//!
//! <https://docs.aws.amazon.com/bedrock/latest/userguide/conversation-inference.html>

mod answer;
mod body;
mod content;
mod events;
mod exchange;
mod features;
mod guardrail;
mod inference;
mod messages;
mod part;
mod prompt;
mod tools;

use std::fmt::Display;

use invoke_model_types::{
    ConverseInput, ConverseStreamInput, ConverseTokensRequest, InferenceConfiguration, Message, OutputConfig,
    SystemContentBlock, ToolConfiguration,
};
use serde_json::Value;

use crate::families::Model;
use crate::service_error::ServiceError;
use features::{Features, Reasoning};
use prompt::Prompt;

pub(crate) use answer::{Answer, Block, numbered};
pub(crate) use events::EventWriter;
pub(crate) use exchange::{Exchange, cached_input, int, text_model};
pub(crate) use part::{AnswerEnd, Part, PartReceiver};
pub(crate) use prompt::Prefix;

/// The members of an input that determine the response.
#[derive(Clone, Debug, Default)]
pub(crate) struct Conversation {
    pub(crate) messages: Vec<Message>,
    pub(crate) system: Vec<SystemContentBlock>,
    pub(crate) inference: InferenceConfiguration,
    pub(crate) tools: Option<ToolConfiguration>,
    pub(crate) output: Option<OutputConfig>,
    /// The parameters of the model: `additionalModelRequestFields`.
    pub(crate) fields: Value,
    /// `true` if the response is a stream.
    pub(crate) is_streaming: bool,
    /// `true` if the input may lack messages, because the model id names a prompt that contains messages.
    pub(crate) is_prompt: bool,
}

impl Conversation {
    /// Checks the conversation against the rules of the API and the features of the model.
    ///
    /// # Errors
    /// Returns a `ValidationException` with the message of the service. If a model does not support prompt
    /// caching, cache points cause an `AccessDeniedException`.
    pub(crate) fn check(&self, model: &Model) -> Result<(), ServiceError> {
        let features = Features::of(model);
        tools::check_configuration(self, &features)?;
        messages::check(self, model, &features)?;
        inference::check(self, model, &features)
    }

    /// Returns the tokens and the cache points of the input.
    pub(crate) fn prompt(&self, model: &Model) -> Prompt {
        Prompt::new(self, model)
    }
}

/// Implements the conversion from `ConverseInput` and `ConverseStreamInput`. The members that it reads are the
/// same in both.
macro_rules! conversation_from {
    ($($input:ident: $is_streaming:literal),* $(,)?) => {
        $(impl From<&$input> for Conversation {
            fn from(input: &$input) -> Self {
                Self {
                    messages: input.messages.clone().unwrap_or_default(),
                    system: input.system.clone().unwrap_or_default(),
                    inference: input.inference_config.clone().unwrap_or_default(),
                    tools: input.tool_config.clone(),
                    output: input.output_config.clone(),
                    fields: input.additional_model_request_fields.clone().unwrap_or_default(),
                    is_streaming: $is_streaming,
                    is_prompt: is_prompt(&input.model_id),
                }
            }
        })*
    };
}

conversation_from!(ConverseInput: false, ConverseStreamInput: true);

impl From<ConverseTokensRequest> for Conversation {
    fn from(request: ConverseTokensRequest) -> Self {
        Self {
            messages: request.messages.unwrap_or_default(),
            system: request.system.unwrap_or_default(),
            tools: request.tool_config,
            fields: request.additional_model_request_fields.unwrap_or_default(),
            ..Self::default()
        }
    }
}

/// Returns `true` if a request to this model can turn on reasoning with the field `thinking`.
pub(crate) fn supports_thinking(model: &Model) -> bool {
    Features::of(model).reasoning == Reasoning::Claude
}

/// Returns `true` for the ARN of a prompt in Prompt management.
fn is_prompt(model_id: &str) -> bool {
    let resource = model_id.strip_prefix("arn:").and_then(|arn| arn.split(':').nth(4));
    resource.is_some_and(|resource| resource.starts_with("prompt/"))
}

/// Returns the error for a violation of a rule that applies to all models.
fn invalid(message: impl Into<String>) -> ServiceError {
    ServiceError::validation(message)
}

/// Returns the error for a violation of a rule of one model. The service adds a prefix to the message of the
/// model.
fn model_error(message: impl Display) -> ServiceError {
    ServiceError::validation(format!("The model returned the following errors: {message}"))
}
