//! Checks the tools of a request, and finds the tool that a model must call.

use std::collections::BTreeSet;

use invoke_model_types::{ContentBlock, Tool, ToolChoice, ToolInputSchema};
use serde_json::Value;

use super::content;
use super::features::Features;
use super::{Conversation, invalid, model_error};
use crate::families::{EarlierCall, ForcedTool, ToolCall, ToolDefinition};
use crate::service_error::ServiceError;

/// Checks `toolConfig`.
pub(super) fn check_configuration(
    conversation: &Conversation,
    features: &Features,
) -> Result<(), ServiceError> {
    let Some(configuration) = &conversation.tools else { return Ok(()) };
    if !features.tools {
        return Err(invalid("This model doesn't support tool use."));
    }
    if conversation.is_streaming && !features.streaming_tools {
        return Err(invalid("This model doesn't support tool use in streaming mode."));
    }
    let mut names = BTreeSet::new();
    for (index, tool) in configuration.tools.iter().enumerate() {
        let path = format!("toolConfig.tools.{index}");
        match tool {
            Tool::ToolSpec(tool) => {
                check_schema(&tool.input_schema, &path)?;
                if !names.insert(tool.name.as_str()) {
                    return Err(model_error("tools: Tool names must be unique."));
                }
            }
            Tool::CachePoint(_) => content::check_cache_point(features)?,
            Tool::SystemTool(tool) => {
                return Err(invalid(format!(
                    "The local endpoint does not have the system tool `{}` at {path}: remove it",
                    tool.name
                )));
            }
            _ => return Err(content::unset(path)),
        }
    }
    check_choice(configuration.tool_choice.as_ref(), &names, features)
}

fn check_choice(
    choice: Option<&ToolChoice>,
    names: &BTreeSet<&str>,
    features: &Features,
) -> Result<(), ServiceError> {
    let unsupported = |field: &str| {
        let field = format!("toolConfig.toolChoice.{field}");
        invalid(format!("This model doesn't support the {field} field. Remove {field} and try again."))
    };
    match choice {
        Some(ToolChoice::Any(_)) if !features.any_tool => Err(unsupported("any")),
        Some(ToolChoice::Tool(_)) if !features.named_tool => Err(unsupported("tool")),
        Some(ToolChoice::Tool(tool)) if !names.contains(tool.name.as_str()) => {
            Err(model_error(format_args!("tool_choice: Tool '{}' not found in provided tools", tool.name)))
        }
        Some(ToolChoice::Unknown(_)) => Err(content::unset("toolConfig.toolChoice")),
        _ => Ok(()),
    }
}

fn check_schema(schema: &ToolInputSchema, path: &str) -> Result<(), ServiceError> {
    let kind = match schema {
        ToolInputSchema::Json(schema) => schema.get("type"),
        _ => None,
    };
    if kind.and_then(Value::as_str) == Some("object") {
        return Ok(());
    }
    Err(invalid(format!(
        "The value at {path}.toolSpec.inputSchema.json.type must be one of the following: object."
    )))
}

/// Returns the tool that the member `tool_choice` of `additionalModelRequestFields` forces the model to call.
/// Only Claude models accept `tool_choice`.
///
/// <https://docs.anthropic.com/en/docs/agents-and-tools/tool-use/implement-tool-use#forcing-tool-use>
pub(super) fn forced_by_fields(fields: &Value) -> Option<ForcedTool<'_>> {
    let choice = fields.get("tool_choice")?;
    match choice.get("type")?.as_str()? {
        "any" => Some(ForcedTool::Any),
        "tool" => choice.get("name")?.as_str().map(ForcedTool::Named),
        _ => None,
    }
}

/// Returns the tool call that the request forces, if any.
pub(super) fn forced_call(conversation: &Conversation) -> Option<ToolCall> {
    let configuration = conversation.tools.as_ref()?;
    let forced = match configuration.tool_choice.as_ref() {
        Some(ToolChoice::Any(_)) => ForcedTool::Any,
        Some(ToolChoice::Tool(tool)) => ForcedTool::Named(&tool.name),
        _ => forced_by_fields(&conversation.fields)?,
    };
    let tools: Vec<_> = configuration
        .tools
        .iter()
        .filter_map(|tool| match tool {
            Tool::ToolSpec(tool) => match &tool.input_schema {
                ToolInputSchema::Json(schema) => Some(ToolDefinition { name: &tool.name, schema }),
                _ => None,
            },
            _ => None,
        })
        .collect();
    let calls: Vec<_> = conversation
        .tool_calls()
        .map(|call| EarlierCall { id: &call.tool_use_id, name: &call.name })
        .collect();
    let last = conversation.messages.last().into_iter().flat_map(|message| &message.content);
    let results = last.filter_map(|block| match block {
        ContentBlock::ToolResult(result) => Some(result.tool_use_id.as_str()),
        _ => None,
    });
    ToolCall::forced(forced, &tools, &calls, results)
}
