//! The events of a response.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::families::count_tokens;

/// The number of bytes of audio that count as one token.
const BYTES_PER_TOKEN: u64 = 640;

/// The length of the silence in the response to a text: 0.1 seconds of 16-bit audio at 24 kHz.
const SILENCE_BYTES: usize = 4_800;

/// A response to one content of the client.
#[derive(Debug)]
pub(super) struct Completion {
    session_id: String,
    prompt_name: String,
    id: String,
    /// The number of the current content. The number of the response is in the upper bits, so the numbers are
    /// unique in a session.
    contents: u64,
    text_output: Value,
    audio_output: Value,
}

/// The tokens of a session.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Tokens {
    pub(super) input_speech: u64,
    pub(super) input_text: u64,
    pub(super) output_speech: u64,
    pub(super) output_text: u64,
}

/// The settings of the output of a prompt.
#[derive(Clone, Debug)]
pub(super) struct OutputSettings {
    pub(super) text: Value,
    pub(super) audio: Value,
}

impl Completion {
    pub(super) fn new(session_id: &str, prompt_name: &str, number: u64, settings: &OutputSettings) -> Self {
        Self {
            session_id: session_id.to_owned(),
            prompt_name: prompt_name.to_owned(),
            id: identifier(1, number),
            contents: number << 16,
            text_output: settings.text.clone(),
            audio_output: settings.audio.clone(),
        }
    }

    pub(super) fn start(&self) -> Value {
        self.event("completionStart", json!({}))
    }

    /// Returns the events of a text.
    pub(super) fn text(&mut self, text: &str) -> Vec<Value> {
        let fields = json!({"generationStage": "FINAL"}).to_string();
        self.contents += 1;
        let start = json!({
            "type": "TEXT",
            "role": "ASSISTANT",
            "additionalModelFields": fields,
            "textOutputConfiguration": self.text_output,
        });
        let output = json!({"content": text, "role": "ASSISTANT"});
        let end = json!({"type": "TEXT", "stopReason": "PARTIAL_TURN"});
        vec![
            self.content("contentStart", start),
            self.content("textOutput", output),
            self.content("contentEnd", end),
        ]
    }

    /// Begins an audio content.
    pub(super) fn audio_start(&mut self) -> Value {
        self.contents += 1;
        let start = json!({
            "type": "AUDIO",
            "role": "ASSISTANT",
            "audioOutputConfiguration": self.audio_output,
        });
        self.content("contentStart", start)
    }

    /// Returns a piece of audio. `content` is base64.
    pub(super) fn audio(&self, content: &str) -> Value {
        self.content("audioOutput", json!({"content": content}))
    }

    pub(super) fn audio_end(&self) -> Value {
        self.content("contentEnd", json!({"type": "AUDIO", "stopReason": "END_TURN"}))
    }

    /// Returns the event with the tokens of this response and of the complete session.
    pub(super) fn usage(&self, delta: Tokens, total: Tokens) -> Value {
        let (input, output) =
            (total.input_speech + total.input_text, total.output_speech + total.output_text);
        let usage = json!({
            "details": {"delta": details(delta), "total": details(total)},
            "totalInputTokens": input,
            "totalOutputTokens": output,
            "totalTokens": input + output,
        });
        self.event("usageEvent", usage)
    }

    pub(super) fn end(&self) -> Value {
        self.event("completionEnd", json!({"stopReason": "END_TURN"}))
    }

    /// Returns an event that belongs to the current content.
    fn content(&self, name: &str, mut members: Value) -> Value {
        members["contentId"] = json!(identifier(2, self.contents));
        self.event(name, members)
    }

    fn event(&self, name: &str, mut members: Value) -> Value {
        members["sessionId"] = json!(self.session_id);
        members["promptName"] = json!(self.prompt_name);
        members["completionId"] = json!(self.id);
        json!({"event": {name: members}})
    }
}

impl Tokens {
    pub(super) fn of_text(text: &str) -> u64 {
        count_tokens(text)
    }

    pub(super) fn of_audio(bytes: u64) -> u64 {
        bytes.div_ceil(BYTES_PER_TOKEN)
    }

    /// Returns the tokens that were added since `earlier`.
    pub(super) fn since(self, earlier: Self) -> Self {
        Self {
            input_speech: self.input_speech - earlier.input_speech,
            input_text: self.input_text - earlier.input_text,
            output_speech: self.output_speech - earlier.output_speech,
            output_text: self.output_text - earlier.output_text,
        }
    }
}

/// Returns a silence as base64, and its length in bytes.
pub(super) fn silence() -> (String, u64) {
    (STANDARD.encode(vec![0; SILENCE_BYTES]), SILENCE_BYTES as u64)
}

fn details(tokens: Tokens) -> Value {
    json!({
        "input": {"speechTokens": tokens.input_speech, "textTokens": tokens.input_text},
        "output": {"speechTokens": tokens.output_speech, "textTokens": tokens.output_text},
    })
}

/// Returns an identifier in the form of a UUID. Unlike in the service, the identifiers are the same in every
/// run.
fn identifier(kind: u16, number: u64) -> String {
    format!("00000000-0000-4000-8{kind:03x}-{number:012x}")
}
