//! Reads the body of a request as a conversation.
//!
//! This module recognizes the schema by its members, as the crate `invoke_model_families` does. The schemas
//! are the messages of `Converse` and Nova, the messages of Claude, chat completions, and prompts. The module
//! ignores members that [`Conversation`] does not have, because the model family validates the body.

use invoke_model_types::{
    CachePointBlock, CachePointType, ContentBlock, ConversationRole, ConverseTokensRequest,
    InferenceConfiguration, Message, SpecificToolChoice, SystemContentBlock, Tool, ToolChoice,
    ToolConfiguration, ToolInputSchema, ToolResultBlock, ToolResultContentBlock, ToolSpecification,
    ToolUseBlock,
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::Conversation;
use crate::families::{TurnRole, turns};

impl Conversation {
    /// Reads a request body in the schema of `Converse` or of a model family. Returns an empty conversation
    /// if the body is not JSON or the schema is unknown.
    pub(crate) fn from_body(body: &[u8]) -> Self {
        Self::from_value(&serde_json::from_slice(body).unwrap_or_default())
    }

    /// Reads a request body that was parsed.
    pub(super) fn from_value(body: &Value) -> Self {
        let mut conversation = if body.get("messages").is_some() {
            if is_converse(body) {
                let request = ConverseTokensRequest::deserialize(body).map(Self::from);
                request.unwrap_or_default()
            } else {
                from_messages(body)
            }
        } else {
            from_prompt(body)
        };
        conversation.inference = inference(body);
        conversation
    }

    /// Returns the text of the last message of the user, without the results of tools.
    pub(crate) fn prompt_text(&self) -> String {
        let last = self.messages.iter().rfind(|message| message.role == ConversationRole::USER);
        let blocks = last.into_iter().flat_map(|message| &message.content);
        let texts = blocks.filter_map(|block| match block {
            ContentBlock::Text(text) => Some(text.as_str()),
            _ => None,
        });
        texts.collect::<Vec<_>>().join("\n")
    }

    /// Returns the text of the system prompt.
    pub(crate) fn system_text(&self) -> String {
        let texts = self.system.iter().filter_map(|block| match block {
            SystemContentBlock::Text(text) => Some(text.as_str()),
            _ => None,
        });
        texts.collect::<Vec<_>>().join("\n")
    }

    /// Returns the names of the tools that the model may call.
    pub(crate) fn tool_names(&self) -> impl Iterator<Item = &str> {
        self.tools.iter().flat_map(|tools| &tools.tools).filter_map(|tool| match tool {
            Tool::ToolSpec(tool) => Some(tool.name.as_str()),
            _ => None,
        })
    }

    /// Returns the names of the tools whose results are in the last message.
    pub(crate) fn answered_tools(&self) -> Vec<&str> {
        // Find the last call with the id, because later turns may use the id of an earlier call again.
        let name = |id: &str| {
            let call = self.tool_calls().rfind(|call| call.tool_use_id == id);
            call.map(|call| call.name.as_str()).unwrap_or_default()
        };
        let last = self.messages.last().into_iter().flat_map(|message| &message.content);
        let results = last.filter_map(|block| match block {
            ContentBlock::ToolResult(result) => Some(name(&result.tool_use_id)),
            _ => None,
        });
        results.collect()
    }

    /// Returns the tool calls of all messages.
    pub(crate) fn tool_calls(&self) -> impl DoubleEndedIterator<Item = &ToolUseBlock> {
        let blocks = self.messages.iter().flat_map(|message| &message.content);
        blocks.filter_map(|block| match block {
            ContentBlock::ToolUse(call) => Some(call),
            _ => None,
        })
    }
}

/// Returns `true` if the content of the messages has the schema of `Converse` and Nova: a list of parts without a
/// type.
fn is_converse(body: &Value) -> bool {
    let mut contents = items(&body["messages"]).iter().map(|message| &message["content"]);
    contents.all(|content| {
        content.as_array().is_some_and(|parts| parts.iter().all(|part| part.get("type").is_none()))
    })
}

/// Reads a conversation in the schema of Claude or of chat completions.
fn from_messages(body: &Value) -> Conversation {
    let mut conversation = Conversation::default();
    match &body["system"] {
        Value::Array(parts) => conversation.system.extend(parts.iter().flat_map(|part| {
            let point = cache_point(part).map(SystemContentBlock::CachePoint);
            [SystemContentBlock::Text(string(&part["text"]))].into_iter().chain(point)
        })),
        Value::Null => {}
        system => conversation.system.push(SystemContentBlock::Text(text(system))),
    }
    for message in items(&body["messages"]) {
        let role = match message["role"].as_str() {
            Some("assistant") => ConversationRole::ASSISTANT,
            Some("system" | "developer") => {
                conversation.system.push(SystemContentBlock::Text(text(&message["content"])));
                continue;
            }
            _ => ConversationRole::USER,
        };
        let content = if message["role"] == "tool" { tool_message(message) } else { content(message) };
        match conversation.messages.last_mut() {
            // Chat completions have one message for each tool result. A conversation has one message for all
            // of them.
            Some(last) if message["role"] == "tool" && last.role == role => last.content.extend(content),
            _ => conversation.messages.push(Message::new(role, content)),
        }
    }
    conversation.tools = tools(body);
    conversation
}

fn content(message: &Value) -> Vec<ContentBlock> {
    let mut blocks = match &message["content"] {
        Value::String(text) if !text.is_empty() => vec![ContentBlock::Text(text.clone())],
        Value::Array(parts) => {
            let blocks = parts
                .iter()
                .map(|value| part(value).into_iter().chain(cache_point(value).map(ContentBlock::CachePoint)));
            blocks.flatten().collect()
        }
        _ => Vec::new(),
    };
    for call in items(&message["tool_calls"]) {
        let function = &call["function"];
        let input = match &function["arguments"] {
            Value::String(arguments) => serde_json::from_str(arguments).unwrap_or_default(),
            arguments => arguments.clone(),
        };
        blocks.push(ContentBlock::ToolUse(ToolUseBlock::new(
            string(&call["id"]),
            string(&function["name"]),
            input,
        )));
    }
    blocks
}

fn tool_message(message: &Value) -> Vec<ContentBlock> {
    let result = vec![ToolResultContentBlock::Text(text(&message["content"]))];
    vec![ContentBlock::ToolResult(ToolResultBlock::new(string(&message["tool_call_id"]), result))]
}

/// Reads a part of a message. Returns `None` if this function does not know the type of the part.
fn part(part: &Value) -> Option<ContentBlock> {
    match part["type"].as_str()? {
        "text" => Some(ContentBlock::Text(string(&part["text"]))),
        "tool_use" => Some(ContentBlock::ToolUse(ToolUseBlock::new(
            string(&part["id"]),
            string(&part["name"]),
            part["input"].clone(),
        ))),
        "tool_result" => {
            let result = vec![ToolResultContentBlock::Text(text(&part["content"]))];
            Some(ContentBlock::ToolResult(ToolResultBlock::new(string(&part["tool_use_id"]), result)))
        }
        "image" => {
            let source = &part["source"];
            let format = source["media_type"].as_str()?.strip_prefix("image/")?;
            let image = json!({"image": {"format": format, "source": {"bytes": source["data"]}}});
            ContentBlock::deserialize(&image).ok()
        }
        _ => None,
    }
}

/// Reads the tools in the schema of Claude or of chat completions.
fn tools(body: &Value) -> Option<ToolConfiguration> {
    let tools = body.get("tools")?.as_array()?.iter().flat_map(|value| {
        let point = cache_point(value).map(Tool::CachePoint);
        tool(value).into_iter().chain(point)
    });
    let mut configuration = ToolConfiguration::new(tools.collect());
    let choice = &body["tool_choice"];
    let named = choice["name"].as_str().or_else(|| choice["function"]["name"].as_str());
    configuration.tool_choice = match (choice["type"].as_str().or_else(|| choice.as_str()), named) {
        (_, Some(name)) => Some(ToolChoice::Tool(SpecificToolChoice::new(name))),
        (Some("any" | "required"), _) => Some(ToolChoice::Any(Default::default())),
        _ => None,
    };
    Some(configuration)
}

fn tool(tool: &Value) -> Option<Tool> {
    let tool = tool.get("function").unwrap_or(tool);
    let schema = tool.get("input_schema").or_else(|| tool.get("parameters"));
    let schema = ToolInputSchema::Json(schema.cloned().unwrap_or_else(|| json!({"type": "object"})));
    let mut specification = ToolSpecification::new(tool["name"].as_str()?, schema);
    specification.description = tool["description"].as_str().map(str::to_owned);
    Some(Tool::ToolSpec(specification))
}

/// Returns the cache point after a part of a Claude body.
///
/// <https://docs.anthropic.com/en/docs/build-with-claude/prompt-caching>
fn cache_point(part: &Value) -> Option<CachePointBlock> {
    let control = part.get("cache_control")?.as_object()?;
    let mut point = CachePointBlock::new(CachePointType::DEFAULT);
    point.ttl = control.get("ttl").and_then(Value::as_str).map(Into::into);
    Some(point)
}

/// Reads a body with a prompt in one string. The conversation contains the turns of this string. It also
/// contains the system prompt and the chat history of the body.
fn from_prompt(body: &Value) -> Conversation {
    let mut conversation = Conversation::default();
    let prompt = ["prompt", "inputText", "message"].iter().find_map(|name| body.get(name)?.as_str());
    if let Some(preamble) = body["preamble"].as_str() {
        conversation.system.push(SystemContentBlock::Text(preamble.to_owned()));
    }
    for turn in items(&body["chat_history"]) {
        let is_user = turn["role"] == "USER";
        let role = if is_user { ConversationRole::USER } else { ConversationRole::ASSISTANT };
        conversation.messages.push(Message::new(role, vec![ContentBlock::Text(string(&turn["message"]))]));
    }
    for turn in prompt.into_iter().flat_map(turns) {
        let text = turn.text.to_owned();
        let role = match turn.role {
            TurnRole::System => {
                conversation.system.push(SystemContentBlock::Text(text));
                continue;
            }
            TurnRole::User => ConversationRole::USER,
            TurnRole::Assistant => ConversationRole::ASSISTANT,
        };
        conversation.messages.push(Message::new(role, vec![ContentBlock::Text(text)]));
    }
    conversation
}

/// Reads the parameters of the inference. Models have different names for them.
fn inference(body: &Value) -> InferenceConfiguration {
    let settings = body.get("inferenceConfig").or_else(|| body.get("textGenerationConfig")).unwrap_or(body);
    let find = |names: &[&str]| names.iter().find_map(|name| settings.get(name)).cloned().unwrap_or_default();
    let mut inference = InferenceConfiguration::default();
    let max_tokens = find(&[
        "maxTokens",
        "max_tokens",
        "max_tokens_to_sample",
        "max_new_tokens",
        "max_gen_len",
        "maxTokenCount",
        "max_completion_tokens",
    ]);
    inference.max_tokens = max_tokens.as_i64().and_then(|tokens| i32::try_from(tokens).ok());
    inference.temperature = f32::deserialize(find(&["temperature"])).ok();
    inference.top_p = f32::deserialize(find(&["topP", "top_p", "p"])).ok();
    inference.stop_sequences = Vec::deserialize(find(&["stopSequences", "stop_sequences", "stop"])).ok();
    inference
}

/// Returns the text of a content: a string, or the texts of a list of parts.
fn text(content: &Value) -> String {
    match content {
        Value::String(text) => text.clone(),
        Value::Array(parts) => {
            parts.iter().filter_map(|part| part["text"].as_str()).collect::<Vec<_>>().join("\n")
        }
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

/// Returns the items of a list. Returns no items if the value is not a list.
fn items(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn string(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
