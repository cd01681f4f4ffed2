//! Requests for chat completions.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use invoke_model_types::{
    ContentBlock, ConversationRole, ImageSource, Message, Tool, ToolChoice, ToolConfiguration,
    ToolInputSchema, ToolResultBlock, ToolResultContentBlock,
};
use serde_json::{Map, Value, json};

use crate::conversation::Conversation;

/// Returns the body of a request.
pub(super) fn body(model: &str, conversation: &Conversation, is_streaming: bool) -> Value {
    let mut messages = Vec::new();
    let system = conversation.system_text();
    if !system.is_empty() {
        messages.push(json!({"role": "system", "content": system}));
    }
    conversation.messages.iter().for_each(|message| add(message, &mut messages));
    let mut body = Map::new();
    body.insert("model".to_owned(), json!(model));
    body.insert("messages".to_owned(), json!(messages));
    let inference = &conversation.inference;
    let mut set = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            body.insert(name.to_owned(), value);
        }
    };
    set("max_tokens", inference.max_tokens.map(Value::from));
    set("temperature", inference.temperature.map(number));
    set("top_p", inference.top_p.map(number));
    set("stop", inference.stop_sequences.as_ref().filter(|stop| !stop.is_empty()).map(|stop| json!(stop)));
    if let Some(configuration) = conversation.tools.as_ref().filter(|tools| !tools.tools.is_empty()) {
        set("tools", Some(configuration.tools.iter().filter_map(tool).collect()));
        set("tool_choice", choice(configuration));
    }
    if is_streaming {
        set("stream", Some(json!(true)));
        set("stream_options", Some(json!({"include_usage": true})));
    }
    Value::Object(body)
}

/// Converts an `f32` to a JSON number with the same decimal digits. A direct conversion to `f64` would add
/// digits: 0.1 would become 0.10000000149011612.
fn number(value: f32) -> Value {
    value.to_string().parse::<f64>().map_or(Value::Null, Value::from)
}

/// Converts a message of the conversation, and adds the result to `messages`. Each result of a tool becomes a
/// separate message.
fn add(message: &Message, messages: &mut Vec<Value>) {
    let (mut parts, mut calls) = (Vec::new(), Vec::new());
    for block in &message.content {
        match block {
            ContentBlock::Text(text) => parts.push(json!({"type": "text", "text": text})),
            ContentBlock::Image(image) => {
                if let ImageSource::Bytes(bytes) = &image.source {
                    let url =
                        format!("data:image/{};base64,{}", image.format.as_str(), STANDARD.encode(bytes));
                    parts.push(json!({"type": "image_url", "image_url": {"url": url}}));
                }
            }
            ContentBlock::ToolUse(call) => {
                let function = json!({"name": call.name, "arguments": call.input.to_string()});
                calls.push(json!({"id": call.tool_use_id, "type": "function", "function": function}));
            }
            ContentBlock::ToolResult(result) => messages.push(json!({
                "role": "tool",
                "tool_call_id": result.tool_use_id,
                "content": result_text(result),
            })),
            // Skip other blocks. For example, the API has no cache points and no signed reasoning.
            _ => {}
        }
    }
    let role = if message.role == ConversationRole::ASSISTANT { "assistant" } else { "user" };
    let texts: Option<Vec<_>> = parts.iter().map(|part| part["text"].as_str()).collect();
    let content = match texts {
        Some(texts) => json!(texts.join("\n")),
        None => json!(parts),
    };
    if !calls.is_empty() {
        messages.push(json!({"role": role, "content": content, "tool_calls": calls}));
    } else if !parts.is_empty() {
        messages.push(json!({"role": role, "content": content}));
    }
}

fn result_text(result: &ToolResultBlock) -> String {
    let texts = result.content.iter().filter_map(|part| match part {
        ToolResultContentBlock::Text(text) => Some(text.clone()),
        ToolResultContentBlock::Json(value) => Some(value.to_string()),
        _ => None,
    });
    texts.collect::<Vec<_>>().join("\n")
}

fn tool(tool: &Tool) -> Option<Value> {
    let Tool::ToolSpec(tool) = tool else { return None };
    let ToolInputSchema::Json(schema) = &tool.input_schema else { return None };
    let mut function = json!({"name": tool.name, "parameters": schema});
    if let Some(description) = &tool.description {
        function["description"] = json!(description);
    }
    Some(json!({"type": "function", "function": function}))
}

fn choice(configuration: &ToolConfiguration) -> Option<Value> {
    match configuration.tool_choice.as_ref()? {
        ToolChoice::Any(_) => Some(json!("required")),
        ToolChoice::Tool(tool) => Some(json!({"type": "function", "function": {"name": tool.name}})),
        _ => None,
    }
}
