//! The messages of the chat completion schema of OpenAI.

use std::collections::BTreeSet;

use serde::Deserialize;

use super::content::Content;
use super::models::Model;
use super::tool_call::EarlierCall;
use super::validation_error::ValidationError;

/// A message. Other members, such as `name` and `reasoning_content`, are ignored.
#[derive(Deserialize)]
pub(super) struct Message {
    pub(super) role: Role,
    content: Option<Content>,
    #[serde(default)]
    pub(super) tool_calls: Vec<Call>,
    pub(super) tool_call_id: Option<String>,
}

#[derive(PartialEq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Role {
    System,
    Developer,
    User,
    Assistant,
    Tool,
}

/// A tool call of an earlier response. Other members are ignored.
#[derive(Deserialize)]
pub(super) struct Call {
    pub(super) id: String,
    function: CalledFunction,
}

#[derive(Deserialize)]
struct CalledFunction {
    name: String,
}

impl Call {
    pub(super) fn as_earlier(&self) -> EarlierCall<'_> {
        EarlierCall { id: &self.id, name: &self.function.name }
    }
}

impl Message {
    pub(super) fn text(&self) -> String {
        self.content.as_ref().map_or_else(String::new, Content::text)
    }

    /// Checks the content. `calls` contains the ids of the tool calls up to this message.
    pub(super) fn check(&self, model: &Model, calls: &BTreeSet<&str>) -> Result<(), ValidationError> {
        let Some(content) = &self.content else {
            let has_calls = self.role == Role::Assistant && !self.tool_calls.is_empty();
            return if has_calls { Ok(()) } else { Err(ValidationError::missing("content")) };
        };
        for (index, part) in content.parts().iter().enumerate() {
            let problem = match part.kind.as_str() {
                "text" if part.text.is_some() => continue,
                "text" => ValidationError::missing("text"),
                "image_url" if has_images(model) => continue,
                "image_url" => ValidationError::new("the model does not support images").at("type"),
                kind => ValidationError::new(format_args!("{kind} is not a valid enum value")).at("type"),
            };
            return Err(problem.at(index).at("content"));
        }
        match self.tool_call_id.as_deref() {
            None if self.role == Role::Tool => Err(ValidationError::missing("tool_call_id")),
            Some(id) if self.role == Role::Tool && !calls.contains(id) => {
                let problem = format_args!("no earlier message has a tool call with the id {id}");
                Err(ValidationError::new(problem).at("tool_call_id"))
            }
            _ => Ok(()),
        }
    }
}

/// Returns `true` for models that read images: Qwen3-VL.
fn has_images(model: &Model) -> bool {
    model.id.contains("-vl-")
}
