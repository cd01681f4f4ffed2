//! Checks the order and the content of the messages, and the pairs of tool calls and results.

use std::collections::BTreeSet;

use invoke_model_types::{ContentBlock, ConversationRole, Message, SystemContentBlock, ToolResultStatus};

use super::content;
use super::features::Features;
use super::{Conversation, invalid, model_error};
use crate::families::{Family, Model, TRAILING_SPACE};
use crate::service_error::ServiceError;

pub(super) fn check(
    conversation: &Conversation,
    model: &Model,
    features: &Features,
) -> Result<(), ServiceError> {
    check_system(conversation, features)?;
    let messages = &conversation.messages;
    let Some(first) = messages.first() else {
        return if conversation.is_prompt {
            Ok(())
        } else {
            Err(invalid(
                "The messages field is empty. Add a Message object to the messages field and try again.",
            ))
        };
    };
    for (index, message) in messages.iter().enumerate() {
        check_content(index, message, features)?;
        if model.family == Family::Llama && mixes_results(message) {
            return Err(invalid(format!(
                "messages.{index}.content: Conversation blocks and tool result blocks cannot be provided in the \
                 same turn."
            )));
        }
        if model.family == Family::Anthropic && is_blank(message) {
            return Err(model_error("messages: text content blocks must contain non-whitespace text"));
        }
    }
    if first.role != ConversationRole::USER && !features.assistant_first {
        return Err(invalid(
            "A conversation must start with a user message. Try again with a conversation that starts with a \
             user message.",
        ));
    }
    if !features.repeated_roles && messages.windows(2).any(|pair| pair[0].role == pair[1].role) {
        return Err(invalid(
            "A conversation must alternate between user and assistant roles. Make sure the conversation \
             alternates between user and assistant roles and try again.",
        ));
    }
    check_last(messages, model, features)?;
    content::check_documents(messages)?;
    check_tool_results(conversation)
}

fn check_system(conversation: &Conversation, features: &Features) -> Result<(), ServiceError> {
    if !conversation.system.is_empty() && !features.system {
        return Err(invalid(
            "This model doesn't support system messages. Try again without a system message or use a model that \
             supports system messages.",
        ));
    }
    for (index, block) in conversation.system.iter().enumerate() {
        match block {
            SystemContentBlock::Text(text) if text.trim().is_empty() => {
                return Err(invalid(format!(
                    "The text field in the SystemContentBlock object at system.{index} is blank. Add text to the \
                     text field, and try again."
                )));
            }
            SystemContentBlock::CachePoint(_) => content::check_cache_point(features)?,
            SystemContentBlock::Unknown(_) => return Err(content::unset(format_args!("system.{index}"))),
            _ => {}
        }
    }
    Ok(())
}

fn check_content(index: usize, message: &Message, features: &Features) -> Result<(), ServiceError> {
    if message.role == ConversationRole::SYSTEM {
        return Err(invalid(format!(
            "The local endpoint does not have the role system at messages.{index}: use the system field instead"
        )));
    }
    if message.content.is_empty() {
        return Err(invalid(format!(
            "The content field in the Message object at messages.{index} is empty. Add a ContentBlock object to \
             the content field and try again."
        )));
    }
    for (block_index, block) in message.content.iter().enumerate() {
        content::check(block, &format!("messages.{index}.content.{block_index}"), &message.role, features)?;
        content::check_video_result(block, index, block_index, features)?;
    }
    Ok(())
}

/// Returns `true` if a message has results of tools and other blocks.
fn mixes_results(message: &Message) -> bool {
    let is_result = |block: &ContentBlock| matches!(block, ContentBlock::ToolResult(_));
    message.content.iter().any(is_result) && !message.content.iter().all(is_result)
}

/// Returns `true` if a message has only texts, and these texts contain only white space.
fn is_blank(message: &Message) -> bool {
    message.content.iter().all(|block| match block {
        ContentBlock::Text(text) => text.trim().is_empty(),
        _ => false,
    })
}

/// Checks the last message: its role, and the text that a Claude model continues.
fn check_last(messages: &[Message], model: &Model, features: &Features) -> Result<(), ServiceError> {
    let last = messages.last();
    let ends_with_user = last.is_some_and(|last| last.role == ConversationRole::USER);
    let text = match last.and_then(|last| last.content.last()) {
        Some(ContentBlock::Text(text)) if !ends_with_user => text.as_str(),
        _ => "",
    };
    if features.prefill && model.family == Family::Anthropic && text.ends_with(char::is_whitespace) {
        Err(model_error(format_args!("messages: {TRAILING_SPACE}")))
    } else if ends_with_user || features.prefill {
        Ok(())
    } else if model.family == Family::Anthropic {
        Err(model_error(
            "This model does not support assistant message prefill. The conversation must end with a user message.",
        ))
    } else {
        Err(invalid(
            "A conversation must end with a user message. Try again with a conversation that ends with a user \
             message.",
        ))
    }
}

/// Checks that each tool call has a result in the next message, and that each result belongs to a call in the
/// previous message.
fn check_tool_results(conversation: &Conversation) -> Result<(), ServiceError> {
    let mut uses_tools = false;
    let mut expected: BTreeSet<&str> = BTreeSet::new();
    for (index, message) in conversation.messages.iter().enumerate() {
        let mut calls = BTreeSet::new();
        let mut results = BTreeSet::new();
        for (block_index, block) in message.content.iter().enumerate() {
            match block {
                ContentBlock::ToolUse(call) if !calls.insert(call.tool_use_id.as_str()) => {
                    return Err(duplicate_id("toolUse", index, &call.tool_use_id));
                }
                ContentBlock::ToolResult(result) => {
                    if !results.insert(result.tool_use_id.as_str()) {
                        return Err(duplicate_id("toolResult", index, &result.tool_use_id));
                    }
                    if result.status == Some(ToolResultStatus::ERROR) && result.content.is_empty() {
                        return Err(invalid(format!(
                            "The content field at messages.{index}.content.{block_index}.toolResult cannot be \
                             empty when status value is error."
                        )));
                    }
                }
                _ => {}
            }
        }
        uses_tools |= !calls.is_empty() || !results.is_empty();
        let missing: Vec<_> = expected.difference(&results).copied().collect();
        if !missing.is_empty() {
            return Err(invalid(format!(
                "Expected toolResult blocks at messages.{index}.content for the following Ids: {}",
                missing.join(", ")
            )));
        }
        if results.len() > expected.len() {
            return Err(invalid(format!(
                "The number of toolResult blocks at messages.{index}.content exceeds the number of toolUse blocks \
                 of previous turn."
            )));
        }
        expected = calls;
    }
    if uses_tools && conversation.tools.is_none() {
        return Err(invalid(
            "The toolConfig field must be defined when using toolUse and toolResult content blocks.",
        ));
    }
    Ok(())
}

fn duplicate_id(kind: &str, index: usize, id: &str) -> ServiceError {
    invalid(format!("The {kind} blocks at messages.{index}.content contain duplicate Ids: {id}"))
}
