//! The tools of a Claude request, and the pairs of tool calls and results.
//!
//! <https://docs.anthropic.com/en/docs/agents-and-tools/tool-use/overview>

use std::collections::BTreeSet;

use serde::Deserialize;
use serde_json::Value;

use super::Request;
use crate::families::tool_call::{EarlierCall, ForcedTool, ToolCall, ToolDefinition};
use crate::families::validation_error::ValidationError;

/// The type of the tools that the client defines.
const CUSTOM: &str = "custom";

/// A tool. Only tools of the type `custom`, the default, have a schema. Other members are ignored.
#[derive(Deserialize)]
pub(super) struct Tool {
    #[serde(rename = "type")]
    kind: Option<String>,
    name: Option<String>,
    input_schema: Option<Value>,
}

/// The choice of a tool. Other members, such as `disable_parallel_tool_use`, are ignored.
#[derive(Deserialize)]
pub(super) struct ToolChoice {
    #[serde(rename = "type")]
    kind: ToolChoiceKind,
    name: Option<String>,
}

#[derive(Clone, Copy, PartialEq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum ToolChoiceKind {
    Any,
    Auto,
    None,
    Tool,
}

/// Returns `true` if the choice of the request forces the call of a tool.
pub(super) fn forces_call(request: &Request) -> bool {
    let kind = request.tool_choice.as_ref().map(|choice| choice.kind);
    matches!(kind, Some(ToolChoiceKind::Any | ToolChoiceKind::Tool))
}

/// Returns the tool call that the request forces, if any.
pub(super) fn forced_call(request: &Request) -> Option<ToolCall> {
    let choice = request.tool_choice.as_ref()?;
    let forced = match choice.kind {
        ToolChoiceKind::Any => ForcedTool::Any,
        ToolChoiceKind::Tool => ForcedTool::Named(choice.name.as_deref()?),
        ToolChoiceKind::Auto | ToolChoiceKind::None => return None,
    };
    let tools: Vec<_> = request
        .tools
        .iter()
        .filter_map(|tool| {
            Some(ToolDefinition { name: tool.name.as_deref()?, schema: tool.input_schema.as_ref()? })
        })
        .collect();
    let calls: Vec<_> = request
        .messages
        .iter()
        .flat_map(|message| message.content.parts())
        .filter(|part| part.kind == "tool_use")
        .filter_map(|part| Some(EarlierCall { id: part.id.as_deref()?, name: part.name.as_deref()? }))
        .collect();
    let last = request.messages.last().map_or(&[][..], |message| message.content.parts());
    let results = last.iter().filter_map(|part| part.tool_use_id.as_deref());
    ToolCall::forced(forced, &tools, &calls, results)
}

/// Checks the tools, and that tool calls and results form pairs.
pub(super) fn check(request: &Request) -> Result<(), ValidationError> {
    for (index, tool) in request.tools.iter().enumerate() {
        let kind = tool.kind.as_deref().unwrap_or(CUSTOM);
        check_tool(tool, kind).map_err(|error| error.at(kind).at(index).at("tools"))?;
    }
    let names: BTreeSet<_> = request.tools.iter().filter_map(|tool| tool.name.as_deref()).collect();
    if names.len() < request.tools.len() {
        return Err(ValidationError::new("Tool names must be unique.").at("tools"));
    }
    if let Some(choice) = &request.tool_choice {
        match choice.name.as_deref() {
            _ if names.is_empty() && choice.kind != ToolChoiceKind::None => {
                let problem = "tool_choice may only be specified while providing tools.";
                return Err(ValidationError::new(problem).at("tool_choice"));
            }
            None if choice.kind == ToolChoiceKind::Tool => {
                return Err(ValidationError::missing("name").at("tool").at("tool_choice"));
            }
            Some(name) if choice.kind == ToolChoiceKind::Tool && !names.contains(name) => {
                let problem = format_args!("Tool '{name}' not found in provided tools");
                return Err(ValidationError::new(problem).at("tool_choice"));
            }
            _ => {}
        }
    }
    let mut expected = BTreeSet::new();
    for (index, message) in request.messages.iter().enumerate() {
        let parts = message.content.parts();
        let results: BTreeSet<_> = parts.iter().filter_map(|part| part.tool_use_id.as_deref()).collect();
        if let Some(missing) = expected.difference(&results).next() {
            let problem = format_args!(
                "`tool_use` ids were found without `tool_result` blocks immediately after: {missing}. Each \
                 `tool_use` block must have a corresponding `tool_result` block in the next message."
            );
            return Err(ValidationError::new(problem).at(index - 1).at("messages"));
        }
        if let Some(unexpected) = results.difference(&expected).next() {
            let problem = format_args!(
                "unexpected `tool_use_id` found in `tool_result` blocks: {unexpected}. Each `tool_result` block \
                 must have a corresponding `tool_use` block in the previous message."
            );
            return Err(ValidationError::new(problem).at("content").at(index).at("messages"));
        }
        let calls = parts.iter().filter(|part| part.kind == "tool_use");
        expected = calls.filter_map(|part| part.id.as_deref()).collect();
    }
    Ok(())
}

/// Checks the name and the schema of a tool of the type `kind`.
fn check_tool(tool: &Tool, kind: &str) -> Result<(), ValidationError> {
    let name = tool.name.as_deref().ok_or_else(|| ValidationError::missing("name"))?;
    let is_valid = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    if !(1..=128).contains(&name.len()) || !name.bytes().all(is_valid) {
        let problem = "String should match pattern '^[a-zA-Z0-9_-]{1,128}$'";
        return Err(ValidationError::new(problem).at("name"));
    }
    if kind != CUSTOM {
        return Ok(());
    }
    let schema = tool.input_schema.as_ref().ok_or_else(|| ValidationError::missing("input_schema"))?;
    let problem = match (schema, schema.get("type")) {
        (Value::Object(_), Some(kind)) if kind == "object" => return Ok(()),
        (Value::Object(_), Some(_)) => ValidationError::new("Input should be 'object'").at("type"),
        (Value::Object(_), None) => ValidationError::missing("type"),
        _ => ValidationError::new("Input should be a valid dictionary"),
    };
    Err(problem.at("input_schema"))
}
