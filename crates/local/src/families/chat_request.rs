//! The request of the chat completion schema of OpenAI.
//!
//! <https://platform.openai.com/docs/api-reference/chat/create>
//!
//! [`ChatDialect`] contains the keys and the limits that differ by vendor. A member with the value `null`
//! counts as unset, because many clients of this schema send `null`.

use std::borrow::Cow;
use std::collections::BTreeSet;

use invoke_model_families::base_model_id;
use serde::Deserialize;
use serde_json::Value;

use super::chat_dialect::{COMMON_KEYS, ChatDialect, ChatReasoning};
use super::chat_message::{Call, Message, Role};
use super::json;
use super::models::Model;
use super::schema::{List, Number, check_count, within};
use super::tool_call::{ForcedTool, ToolCall, ToolDefinition};
use super::validation_error::ValidationError;

/// A request. [`ChatRequest::read`] rejects unknown keys of the body.
#[derive(Deserialize)]
#[expect(dead_code, reason = "the unused members are only validated")]
pub(super) struct ChatRequest {
    pub(super) messages: List<Message, 1, { usize::MAX }>,
    model: Option<String>,
    stream: Option<bool>,
    #[serde(default)]
    stream_options: StreamOptions,
    max_tokens: Option<i64>,
    max_completion_tokens: Option<i64>,
    min_tokens: Option<i64>,
    temperature: Option<Number<0, 2>>,
    top_p: Option<Number<0, 1>>,
    presence_penalty: Option<Number<-2, 2>>,
    frequency_penalty: Option<Number<-2, 2>>,
    seed: Option<i64>,
    n: Option<i64>,
    stop: Option<Value>,
    #[serde(default)]
    tools: Vec<Tool>,
    tool_choice: Option<Value>,
    response_format: Option<ResponseFormat>,
    reasoning_config: Option<Effort>,
    reasoning_effort: Option<Effort>,
}

#[derive(Default, Deserialize)]
struct StreamOptions {
    #[serde(default)]
    include_usage: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Effort {
    Low,
    Medium,
    High,
}

/// The format of the response. Only `json_schema` has an effect.
#[derive(Deserialize)]
struct ResponseFormat {
    #[serde(rename = "type")]
    kind: FormatKind,
    json_schema: Option<JsonSchema>,
}

#[derive(PartialEq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum FormatKind {
    Text,
    JsonObject,
    JsonSchema,
}

#[derive(Deserialize)]
struct JsonSchema {
    #[serde(default)]
    schema: Value,
}

/// A tool. Other members are ignored.
#[derive(Deserialize)]
struct Tool {
    #[expect(dead_code, reason = "functions are the only kind of tools")]
    #[serde(rename = "type")]
    kind: ToolKind,
    function: Function,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum ToolKind {
    Function,
}

#[derive(Deserialize)]
struct Function {
    name: String,
    #[serde(default = "any_schema")]
    parameters: Value,
}

fn any_schema() -> Value {
    Value::Bool(true)
}

impl ChatRequest {
    /// Reads and checks a body.
    pub(super) fn read(model: &Model, body: &Value, dialect: &ChatDialect) -> Result<Self, ValidationError> {
        let body = without_nulls(body);
        let request: Self = json::read(&body)?;
        let is_known = |key: &str| COMMON_KEYS.contains(&key) || dialect.keys.contains(&key);
        let mut keys = body.as_object().into_iter().flatten().map(|(key, _)| key.as_str());
        if let Some(key) = keys.find(|key| !is_known(key) && !key.starts_with(json::BEDROCK_KEYS)) {
            return Err(ValidationError::extraneous(key));
        }
        request.check(model, dialect)?;
        Ok(request)
    }

    /// Returns the token limit.
    pub(super) fn max_tokens(&self, dialect: &ChatDialect) -> Option<i64> {
        self.max_completion_tokens.or(self.max_tokens).or(dialect.default_max_tokens)
    }

    /// Returns `true` if a stream ends with the usage.
    pub(super) fn streams_usage(&self, dialect: &ChatDialect) -> bool {
        dialect.always_streams_usage || self.stream_options.include_usage
    }

    /// Returns `true` if the model reasons before it replies.
    pub(super) fn has_reasoning(&self, dialect: &ChatDialect) -> bool {
        match dialect.reasoning {
            ChatReasoning::Unsupported => false,
            ChatReasoning::Tags => true,
            ChatReasoning::Member => self.reasoning_config.is_some() || self.reasoning_effort.is_some(),
        }
    }

    /// Returns the JSON Schema of the text, if the request has one.
    pub(super) fn output_schema(&self) -> Option<&Value> {
        let format = self.response_format.as_ref()?;
        format.json_schema.as_ref().map(|format| &format.schema)
    }

    /// Returns the stop sequences.
    pub(super) fn stop_sequences(&self, dialect: &ChatDialect) -> Result<Vec<String>, ValidationError> {
        let sequences = match &self.stop {
            None => Vec::new(),
            Some(Value::String(sequence)) => vec![sequence.clone()],
            Some(sequences) => json::read(sequences).map_err(|error: ValidationError| error.at("stop"))?,
        };
        check_count(sequences.len(), dialect.max_stop_sequences)
            .map_err(|error: ValidationError| error.at("stop"))?;
        Ok(sequences)
    }

    /// Returns the text that the model replies to. If the conversation ends with results of tools, this is
    /// the text of the results. Otherwise, this is the text of the last message of the user.
    pub(super) fn turn(&self) -> String {
        let messages = &self.messages.0;
        match self.results() {
            [] => {
                let last = messages.iter().rfind(|message| message.role == Role::User);
                last.map_or_else(String::new, Message::text)
            }
            results => results.iter().map(Message::text).collect::<Vec<_>>().join("\n"),
        }
    }

    /// Returns the tool call that the request forces, if any.
    pub(super) fn forced_call(&self) -> Result<Option<ToolCall>, ValidationError> {
        let Some(forced) = self.forced_tool()? else { return Ok(None) };
        let tools = self.tools.iter().map(|tool| &tool.function);
        let tools: Vec<_> =
            tools.map(|tool| ToolDefinition { name: &tool.name, schema: &tool.parameters }).collect();
        let calls = self.messages.0.iter().flat_map(|message| &message.tool_calls);
        let calls: Vec<_> = calls.map(Call::as_earlier).collect();
        let results = self.results().iter().filter_map(|message| message.tool_call_id.as_deref());
        Ok(ToolCall::forced(forced, &tools, &calls, results))
    }

    /// Returns the results of tools at the end of the conversation.
    fn results(&self) -> &[Message] {
        let messages = &self.messages.0;
        let start = messages.iter().rposition(|message| message.role != Role::Tool);
        &messages[start.map_or(0, |last| last + 1)..]
    }

    /// Returns the tool that `tool_choice` forces the model to call.
    fn forced_tool(&self) -> Result<Option<ForcedTool<'_>>, ValidationError> {
        let at = |error: ValidationError| error.at("tool_choice");
        let forced = match &self.tool_choice {
            None => return Ok(None),
            Some(Value::String(choice)) => match choice.as_str() {
                "auto" | "none" => return Ok(None),
                "required" => ForcedTool::Any,
                choice => {
                    return Err(at(ValidationError::new(format_args!("{choice} is not a valid enum value"))));
                }
            },
            Some(choice) => match choice.pointer("/function/name").and_then(Value::as_str) {
                Some(name) => ForcedTool::Named(name),
                None => {
                    let problem = "expected a string, or an object with [function][name]";
                    return Err(at(ValidationError::new(problem)));
                }
            },
        };
        let is_missing = match forced {
            ForcedTool::Any => self.tools.is_empty(),
            ForcedTool::Named(name) => self.tools.iter().all(|tool| tool.function.name != name),
        };
        if is_missing {
            return Err(at(ValidationError::new("the chosen tool is not one of the [tools]")));
        }
        Ok(Some(forced))
    }

    /// Checks the rules that the structure does not express.
    fn check(&self, model: &Model, dialect: &ChatDialect) -> Result<(), ValidationError> {
        let (min, max) = dialect.token_limit;
        for (key, limit) in
            [("max_tokens", self.max_tokens), ("max_completion_tokens", self.max_completion_tokens)]
        {
            limit.map_or(Ok(0), |limit| {
                within(limit, min, max).map_err(|error: ValidationError| error.at(key))
            })?;
        }
        if let Some(min_tokens) = self.min_tokens {
            within(min_tokens, 0, self.max_tokens(dialect).unwrap_or(max))
                .map_err(|error: ValidationError| error.at("min_tokens"))?;
        }
        if self.n.is_some_and(|n| n != 1) {
            let problem = "only one response is implemented by the local endpoint; use 1";
            return Err(ValidationError::new(problem).at("n"));
        }
        if let Some(other) = self.model.as_deref().filter(|id| base_model_id(id) != Some(model.id)) {
            let problem = format_args!("{other} is not the model of the request; omit [model]");
            return Err(ValidationError::new(problem).at("model"));
        }
        let format = self.response_format.as_ref();
        if format.is_some_and(|format| format.kind == FormatKind::JsonSchema && format.json_schema.is_none())
        {
            return Err(ValidationError::missing("json_schema").at("response_format"));
        }
        let names: BTreeSet<_> = self.tools.iter().map(|tool| &tool.function.name).collect();
        if names.len() < self.tools.len() {
            return Err(ValidationError::new("the name of a tool occurs more than once").at("tools"));
        }
        let mut calls = BTreeSet::new();
        for (index, message) in self.messages.0.iter().enumerate() {
            calls.extend(message.tool_calls.iter().map(|call| call.id.as_str()));
            message.check(model, &calls).map_err(|error| error.at(index).at("messages"))?;
        }
        Ok(())
    }
}

/// Removes the members whose value is `null` from the body and from its messages.
fn without_nulls(body: &Value) -> Cow<'_, Value> {
    let mut body = Cow::Borrowed(body);
    let has_null =
        |value: &Value| value.as_object().is_some_and(|members| members.values().any(Value::is_null));
    let in_messages = body["messages"].as_array().is_some_and(|messages| messages.iter().any(has_null));
    if has_null(&body) || in_messages {
        let body = body.to_mut();
        remove_nulls(body);
        let messages = body.get_mut("messages").and_then(Value::as_array_mut);
        messages.into_iter().flatten().for_each(remove_nulls);
    }
    body
}

fn remove_nulls(value: &mut Value) {
    if let Some(members) = value.as_object_mut() {
        members.retain(|_, value| !value.is_null());
    }
}
