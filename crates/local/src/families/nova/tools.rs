//! The tools of a Nova request.
//!
//! <https://docs.aws.amazon.com/nova/latest/userguide/tool-use-definition.html>

use std::collections::BTreeSet;

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value;

use super::Message;
use crate::families::tool_call::{EarlierCall, ForcedTool, ToolCall, ToolDefinition};
use crate::families::validation_error::ValidationError;

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct ToolConfig {
    tools: Vec<Tool>,
    tool_choice: Option<ToolChoice>,
}

/// A tool. Only tools with a specification can be called. Other members are ignored.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Tool {
    tool_spec: Option<ToolSpec>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ToolSpec {
    name: String,
    input_schema: InputSchema,
}

#[derive(Deserialize)]
struct InputSchema {
    json: Value,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
#[expect(dead_code, reason = "`auto` does not force a call, and `any` has no members")]
struct ToolChoice {
    auto: Option<IgnoredAny>,
    any: Option<IgnoredAny>,
    tool: Option<NamedTool>,
}

#[derive(Deserialize)]
struct NamedTool {
    name: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ToolUse {
    tool_use_id: String,
    name: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ToolResult {
    tool_use_id: String,
    content: Vec<ToolResultPart>,
}

/// A part of a tool result. Parts with neither text nor JSON are ignored.
#[derive(Deserialize)]
struct ToolResultPart {
    text: Option<String>,
    json: Option<Value>,
}

impl ToolResult {
    /// Returns the text of each part. The text of a part with JSON is the JSON text.
    pub(super) fn texts(&self) -> impl Iterator<Item = String> + '_ {
        let text =
            |part: &ToolResultPart| part.text.clone().or_else(|| Some(part.json.as_ref()?.to_string()));
        self.content.iter().filter_map(text)
    }
}

/// Returns the tool call that the request forces, if any.
pub(super) fn forced_call(config: &ToolConfig, messages: &[Message]) -> Option<ToolCall> {
    let choice = config.tool_choice.as_ref()?;
    let forced = match &choice.tool {
        Some(tool) => ForcedTool::Named(&tool.name),
        None => choice.any.map(|_| ForcedTool::Any)?,
    };
    let tools = config.tools.iter().filter_map(|tool| tool.tool_spec.as_ref());
    let tools: Vec<_> =
        tools.map(|tool| ToolDefinition { name: &tool.name, schema: &tool.input_schema.json }).collect();
    let blocks = messages.iter().flat_map(|message| &message.content.0);
    let calls = blocks.filter_map(|block| block.tool_use.as_ref());
    let calls: Vec<_> = calls.map(|call| EarlierCall { id: &call.tool_use_id, name: &call.name }).collect();
    let last = messages.last().into_iter().flat_map(|message| &message.content.0);
    let results = last.filter_map(|block| block.tool_result.as_ref());
    ToolCall::forced(forced, &tools, &calls, results.map(|result| result.tool_use_id.as_str()))
}

/// Checks that each tool name occurs once, and that the chosen tool exists.
pub(super) fn check(config: &ToolConfig) -> Result<(), ValidationError> {
    let mut names = BTreeSet::new();
    for tool in config.tools.iter().filter_map(|tool| tool.tool_spec.as_ref()) {
        if !names.insert(tool.name.as_str()) {
            let problem = format_args!("the tool name {} occurs more than once", tool.name);
            return Err(ValidationError::new(problem).at("tools").at("toolConfig"));
        }
    }
    let named = config.tool_choice.as_ref().and_then(|choice| choice.tool.as_ref());
    match named {
        Some(tool) if !names.contains(tool.name.as_str()) => {
            let problem = format_args!("the tool {} is not one of the tools", tool.name);
            Err(ValidationError::new(problem).at("toolChoice").at("toolConfig"))
        }
        _ => Ok(()),
    }
}
