//! The response of a model to a conversation.

use invoke_model_types::{
    ContentBlock, ConversationRole, GuardrailConverseContentBlock, OutputFormatStructure,
    ReasoningContentBlock, ReasoningTextBlock, StopReason, ToolResultContentBlock, ToolUseBlock, ToolUseType,
};
use serde_json::Value;

use super::features::{Features, Reasoning};
use super::prompt::Prompt;
use super::{Conversation, inference, invalid, tools};
use crate::families::{
    Family, Model, ReplyBounds, ReplyEnd, ToolCall, bounded_reply, count_tokens, echo, first_tokens,
    reasoning, smallest_instance, thinking_signature, tool_call_id,
};
use crate::fault::ModelReply;
use crate::service_error::ServiceError;

/// The response of a model.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) blocks: Vec<Block>,
    pub(crate) stop_reason: StopReason,
    /// The stop sequence that ended the response.
    pub(crate) stop_sequence: Option<String>,
    pub(crate) output_tokens: u64,
    /// The maximum number of output tokens that the request allows.
    pub(crate) max_tokens: u64,
}

/// A content block of a response.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Block {
    Reasoning { text: String, signature: Option<String> },
    Text(String),
    ToolUse(ToolUseBlock),
}

impl Answer {
    /// Generates the response to a conversation that was checked.
    pub(super) fn new(
        conversation: &Conversation,
        model: &Model,
        prompt: &Prompt,
    ) -> Result<Self, ServiceError> {
        let features = Features::of(model);
        let mut answer = Self {
            blocks: Vec::new(),
            stop_reason: StopReason::END_TURN,
            stop_sequence: None,
            output_tokens: 0,
            max_tokens: max_tokens(conversation, &features),
        };
        let turn = turn(conversation);
        if inference::has_reasoning(conversation, &features) {
            answer.reason(&turn, &features, prompt);
        }
        if answer.stop_reason == StopReason::MAX_TOKENS {
            return Ok(answer);
        }
        match tools::forced_call(conversation) {
            Some(call) => answer.call(call, model, prompt),
            None => {
                let full = structured(conversation)?.unwrap_or_else(|| echo(&turn));
                answer.say(&full, conversation);
            }
        }
        if features.reasoning == Reasoning::AfterText && !conversation.is_streaming {
            answer.blocks.rotate_left(1);
        }
        Ok(answer)
    }

    /// Returns the answer to an input that a guardrail blocks.
    pub(super) fn blocked(message: String) -> Self {
        Self {
            blocks: vec![Block::Text(message)],
            stop_reason: StopReason::GUARDRAIL_INTERVENED,
            stop_sequence: None,
            output_tokens: 0,
            max_tokens: 0,
        }
    }

    /// Returns the answer that a rule specifies, or that an upstream gave.
    pub(super) fn scripted(
        reply: &ModelReply,
        conversation: &Conversation,
        model: &Model,
        prompt: &Prompt,
    ) -> Self {
        let features = Features::of(model);
        let call_id = |number| call_id(prompt, number);
        let mut answer = reply.answer(max_tokens(conversation, &features), call_id);
        if let Some(signature) = signature_of(&features, prompt) {
            answer.sign(&signature);
        }
        for block in &mut answer.blocks {
            if let Block::ToolUse(call) = block {
                call.r#type = call_type(model);
            }
        }
        answer
    }

    /// Sets the signature of the reasoning.
    pub(crate) fn sign(&mut self, signature: &str) {
        for block in &mut self.blocks {
            if let Block::Reasoning { signature: of_block, .. } = block {
                *of_block = Some(signature.to_owned());
            }
        }
    }

    fn reason(&mut self, turn: &str, features: &Features, prompt: &Prompt) {
        let full = reasoning(turn);
        let text = first_tokens(&full, self.remaining());
        self.output_tokens += count_tokens(text);
        if text.len() < full.len() {
            self.stop_reason = StopReason::MAX_TOKENS;
        }
        let signature = signature_of(features, prompt);
        self.blocks.push(Block::Reasoning { text: text.to_owned(), signature });
    }

    fn call(&mut self, call: ToolCall, model: &Model, prompt: &Prompt) {
        let tokens = call.tokens();
        if tokens > self.remaining() {
            self.output_tokens = self.max_tokens;
            self.stop_reason = StopReason::MAX_TOKENS;
            return;
        }
        self.output_tokens += tokens;
        self.stop_reason = StopReason::TOOL_USE;
        let mut block = ToolUseBlock::new(call_id(prompt, 0), call.name, call.input);
        block.r#type = call_type(model);
        self.blocks.push(Block::ToolUse(block));
    }

    fn say(&mut self, full: &str, conversation: &Conversation) {
        let stop_sequences = conversation.inference.stop_sequences.as_deref().unwrap_or_default();
        let max_tokens = i64::try_from(self.remaining()).unwrap_or(i64::MAX);
        let reply = bounded_reply(full, &ReplyBounds { max_tokens: Some(max_tokens), stop_sequences });
        self.output_tokens += reply.tokens;
        match reply.stop {
            ReplyEnd::EndTurn => {}
            ReplyEnd::MaxTokens => self.stop_reason = StopReason::MAX_TOKENS,
            ReplyEnd::StopSequence(sequence) => {
                self.stop_reason = StopReason::STOP_SEQUENCE;
                self.stop_sequence = Some(sequence);
            }
        }
        if !reply.text.is_empty() {
            self.blocks.push(Block::Text(reply.text));
        }
    }

    fn remaining(&self) -> u64 {
        self.max_tokens.saturating_sub(self.output_tokens)
    }
}

/// Returns the maximum number of output tokens that the request or the model allows.
fn max_tokens(conversation: &Conversation, features: &Features) -> u64 {
    let max_tokens = conversation.inference.max_tokens.unwrap_or(features.max_tokens);
    u64::try_from(max_tokens).unwrap_or(0)
}

/// Returns the id of the tool call with a number. The first call of a response has the number 0.
fn call_id(prompt: &Prompt, number: usize) -> String {
    format!("tooluse_{}", tool_call_id(&numbered(prompt.digest, number)))
}

/// Returns the type of a tool call. Only Claude models have this member.
fn call_type(model: &Model) -> Option<ToolUseType> {
    (model.family == Family::Anthropic).then_some(ToolUseType::TOOL_USE)
}

fn signature_of(features: &Features, prompt: &Prompt) -> Option<String> {
    (features.reasoning == Reasoning::Claude).then(|| thinking_signature(&prompt.digest))
}

/// Changes a digest, so that each tool call of a response has its own id.
pub(crate) fn numbered(mut digest: [u8; 32], number: usize) -> [u8; 32] {
    let [first, ..] = number.to_le_bytes();
    digest[0] = digest[0].wrapping_add(first);
    digest
}

impl From<Block> for ContentBlock {
    fn from(block: Block) -> Self {
        match block {
            Block::Reasoning { text, signature } => {
                let mut reasoning = ReasoningTextBlock::new(text);
                reasoning.signature = signature;
                Self::ReasoningContent(ReasoningContentBlock::ReasoningText(reasoning))
            }
            Block::Text(text) => Self::Text(text),
            Block::ToolUse(call) => Self::ToolUse(call),
        }
    }
}

/// Returns the text of the last message of the user. Each block that has text is one line.
fn turn(conversation: &Conversation) -> String {
    let last = conversation.messages.iter().rfind(|message| message.role == ConversationRole::USER);
    let texts = last.into_iter().flat_map(|message| &message.content).flat_map(|block| match block {
        ContentBlock::Text(text) => vec![text.clone()],
        ContentBlock::GuardContent(GuardrailConverseContentBlock::Text(text)) => vec![text.text.clone()],
        ContentBlock::ToolResult(result) => result
            .content
            .iter()
            .filter_map(|part| match part {
                ToolResultContentBlock::Text(text) => Some(text.clone()),
                ToolResultContentBlock::Json(value) => Some(value.to_string()),
                _ => None,
            })
            .collect(),
        _ => Vec::new(),
    });
    texts.collect::<Vec<_>>().join("\n")
}

/// Returns the text that fits the JSON Schema of `outputConfig`, or `None` if the request has no schema.
fn structured(conversation: &Conversation) -> Result<Option<String>, ServiceError> {
    let format = conversation.output.as_ref().and_then(|output| output.text_format.as_ref());
    match format.map(|format| &format.structure) {
        None => Ok(None),
        Some(OutputFormatStructure::JsonSchema(definition)) => {
            let schema: Value = serde_json::from_str(&definition.schema).map_err(|error| {
                invalid(format!(
                    "The outputConfig.textFormat.structure.jsonSchema.schema is not JSON: {error}"
                ))
            })?;
            Ok(Some(smallest_instance(&schema).to_string()))
        }
        Some(_) => Err(super::content::unset("outputConfig.textFormat.structure")),
    }
}
