//! The events that a client sends.

use serde::Deserialize;
use serde_json::Value;

/// An event. Members that have no field are ignored.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum Event {
    SessionStart(SessionStart),
    PromptStart(PromptStart),
    ContentStart(ContentStart),
    TextInput(Input),
    AudioInput(Input),
    ToolResult(Input),
    ContentEnd(ContentEnd),
    PromptEnd(PromptEnd),
    SessionEnd(SessionEnd),
}

#[derive(Debug, Deserialize)]
pub(super) struct SessionStart {}

#[derive(Debug, Deserialize)]
pub(super) struct SessionEnd {}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PromptStart {
    pub(super) prompt_name: String,
    #[serde(default)]
    pub(super) text_output_configuration: Value,
    #[serde(default)]
    pub(super) audio_output_configuration: Value,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ContentStart {
    pub(super) prompt_name: String,
    pub(super) content_name: String,
    #[serde(rename = "type")]
    pub(super) kind: ContentKind,
    pub(super) role: Role,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub(super) enum ContentKind {
    Text,
    Audio,
    Tool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub(super) enum Role {
    System,
    User,
    Assistant,
    Tool,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Input {
    pub(super) prompt_name: String,
    pub(super) content_name: String,
    pub(super) content: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ContentEnd {
    pub(super) prompt_name: String,
    pub(super) content_name: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PromptEnd {
    pub(super) prompt_name: String,
}

#[derive(Deserialize)]
struct Envelope {
    event: Event,
}

impl Event {
    /// Parses the bytes of a chunk.
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, String> {
        let envelope: Result<Envelope, _> = serde_json::from_slice(bytes);
        envelope.map(|envelope| envelope.event).map_err(|error| format!("cannot parse the event: {error}"))
    }

    /// Returns the name of the event in JSON.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::SessionStart(_) => "sessionStart",
            Self::PromptStart(_) => "promptStart",
            Self::ContentStart(_) => "contentStart",
            Self::TextInput(_) => "textInput",
            Self::AudioInput(_) => "audioInput",
            Self::ToolResult(_) => "toolResult",
            Self::ContentEnd(_) => "contentEnd",
            Self::PromptEnd(_) => "promptEnd",
            Self::SessionEnd(_) => "sessionEnd",
        }
    }
}
