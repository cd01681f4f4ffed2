//! The state of a session: the order of its events, and the responses of the model.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::completion::{Completion, OutputSettings, Tokens, silence};
use super::event::{ContentEnd, ContentKind, ContentStart, Event, Input, PromptStart, Role};
use crate::families::echo;

/// The maximum length of the text of one content, in bytes. A longer text is an error, because the endpoint
/// keeps the text until the content ends.
const MAX_TEXT: usize = 1_000_000;

/// A session.
#[derive(Debug)]
pub(crate) struct Session {
    id: String,
    state: State,
    prompt: Option<Prompt>,
    /// The number of responses so far.
    completions: u64,
    tokens: Tokens,
    /// The tokens at the last usage event.
    reported: Tokens,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Created,
    Started,
    Ended,
}

#[derive(Debug)]
struct Prompt {
    name: String,
    settings: OutputSettings,
    /// The contents that have started but have not ended.
    contents: Vec<Content>,
}

#[derive(Debug)]
struct Content {
    name: String,
    kind: ContentKind,
    role: Role,
    text: String,
    /// The number of bytes of audio.
    audio: u64,
    /// The response to the audio of this content. It begins when the first audio arrives.
    completion: Option<Completion>,
}

impl Session {
    /// Creates a session with an id.
    pub(crate) fn new(id: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            state: State::Created,
            prompt: None,
            completions: 0,
            tokens: Tokens::default(),
            reported: Tokens::default(),
        }
    }

    /// Returns `true` if the client has ended the session.
    pub(crate) fn is_ended(&self) -> bool {
        self.state == State::Ended
    }

    /// Processes an event of the client. Returns the events of the model.
    ///
    /// # Errors
    /// Returns the message of a validation error if the event is malformed or not allowed in the current
    /// state.
    pub(crate) fn receive(&mut self, bytes: &[u8]) -> Result<Vec<Value>, String> {
        let event = Event::parse(bytes)?;
        match (self.state, &event) {
            (State::Created, Event::SessionStart(_)) => self.state = State::Started,
            (State::Created, event) => {
                return Err(format!("the first event is {}: it must be sessionStart", event.name()));
            }
            (State::Started, Event::SessionStart(_)) => {
                return Err("the session has already started".to_owned());
            }
            (State::Ended, event) => return Err(format!("{} follows sessionEnd", event.name())),
            (State::Started, _) => return self.receive_in_session(event),
        }
        Ok(Vec::new())
    }

    fn receive_in_session(&mut self, event: Event) -> Result<Vec<Value>, String> {
        match event {
            Event::SessionStart(_) => {}
            Event::PromptStart(start) => self.start_prompt(start)?,
            Event::ContentStart(start) => self.start_content(start)?,
            Event::TextInput(input) => self.add_text(&input, ContentKind::Text, "textInput")?,
            Event::ToolResult(input) => self.add_text(&input, ContentKind::Tool, "toolResult")?,
            Event::AudioInput(input) => return self.add_audio(&input),
            Event::ContentEnd(end) => return self.end_content(&end),
            Event::PromptEnd(end) => {
                let prompt = current(&mut self.prompt, &end.prompt_name, "promptEnd")?;
                if let Some(content) = prompt.contents.first() {
                    return Err(format!("promptEnd: the content {:?} has not ended", content.name));
                }
                self.prompt = None;
            }
            Event::SessionEnd(_) => self.state = State::Ended,
        }
        Ok(Vec::new())
    }

    fn start_prompt(&mut self, start: PromptStart) -> Result<(), String> {
        if let Some(prompt) = &self.prompt {
            return Err(format!("promptStart: the prompt {:?} has not ended", prompt.name));
        }
        let PromptStart { prompt_name, text_output_configuration, audio_output_configuration } = start;
        let settings = OutputSettings { text: text_output_configuration, audio: audio_output_configuration };
        self.prompt = Some(Prompt { name: prompt_name, settings, contents: Vec::new() });
        Ok(())
    }

    fn start_content(&mut self, start: ContentStart) -> Result<(), String> {
        let ContentStart { prompt_name, content_name, kind, role } = start;
        let prompt = current(&mut self.prompt, &prompt_name, "contentStart")?;
        if prompt.contents.iter().any(|content| content.name == content_name) {
            return Err(format!("contentStart: the content {content_name:?} has already started"));
        }
        let (text, audio, completion) = (String::new(), 0, None);
        prompt.contents.push(Content { name: content_name, kind, role, text, audio, completion });
        Ok(())
    }

    fn add_text(&mut self, input: &Input, kind: ContentKind, event: &'static str) -> Result<(), String> {
        let prompt = current(&mut self.prompt, &input.prompt_name, event)?;
        let content = find(&mut prompt.contents, &input.content_name, kind, event)?;
        content.text.push_str(&input.content);
        if content.text.len() > MAX_TEXT {
            return Err(format!("{event}: the content {:?} has more than {MAX_TEXT} bytes", content.name));
        }
        self.tokens.input_text += Tokens::of_text(&input.content);
        Ok(())
    }

    /// Echoes audio.
    fn add_audio(&mut self, input: &Input) -> Result<Vec<Value>, String> {
        let bytes =
            STANDARD.decode(&input.content).map_err(|error| format!("audioInput: {error}"))?.len() as u64;
        let Prompt { name, settings, contents } =
            current(&mut self.prompt, &input.prompt_name, "audioInput")?;
        let content = find(contents, &input.content_name, ContentKind::Audio, "audioInput")?;
        content.audio += bytes;
        let mut events = Vec::new();
        let is_first = content.completion.is_none();
        let completion = content.completion.get_or_insert_with(|| {
            self.completions += 1;
            Completion::new(&self.id, name, self.completions, settings)
        });
        if is_first {
            events.extend([completion.start(), completion.audio_start()]);
        }
        events.push(completion.audio(&input.content));
        self.tokens.input_speech += Tokens::of_audio(bytes);
        self.tokens.output_speech += Tokens::of_audio(bytes);
        Ok(events)
    }

    /// Ends a content. The model responds to the contents of the user and to the results of tools.
    fn end_content(&mut self, end: &ContentEnd) -> Result<Vec<Value>, String> {
        let prompt = current(&mut self.prompt, &end.prompt_name, "contentEnd")?;
        let position = prompt.contents.iter().position(|content| content.name == end.content_name);
        let position = position
            .ok_or_else(|| format!("contentEnd: the content {:?} has not started", end.content_name))?;
        let (name, settings) = (prompt.name.clone(), prompt.settings.clone());
        let Content { kind, role, text, audio, completion, .. } = prompt.contents.remove(position);
        if !matches!(role, Role::User | Role::Tool) {
            return Ok(Vec::new());
        }
        let mut events = Vec::new();
        let completion = match completion {
            Some(mut completion) => {
                events.push(completion.audio_end());
                events.extend(self.say(&mut completion, &format!("You sent {audio} bytes of audio.")));
                completion
            }
            None if kind == ContentKind::Audio => return Ok(Vec::new()),
            None => {
                self.completions += 1;
                let mut completion = Completion::new(&self.id, &name, self.completions, &settings);
                events.push(completion.start());
                events.extend(self.say(&mut completion, &echo(&text)));
                if !settings.audio.is_null() {
                    let (silence, bytes) = silence();
                    events.extend([
                        completion.audio_start(),
                        completion.audio(&silence),
                        completion.audio_end(),
                    ]);
                    self.tokens.output_speech += Tokens::of_audio(bytes);
                }
                completion
            }
        };
        events.push(completion.usage(self.tokens.since(self.reported), self.tokens));
        self.reported = self.tokens;
        events.push(completion.end());
        Ok(events)
    }

    fn say(&mut self, completion: &mut Completion, text: &str) -> Vec<Value> {
        self.tokens.output_text += Tokens::of_text(text);
        completion.text(text)
    }
}

/// Returns the current prompt, and checks that the event contains its name.
fn current<'a>(prompt: &'a mut Option<Prompt>, name: &str, event: &str) -> Result<&'a mut Prompt, String> {
    let prompt = prompt.as_mut();
    let prompt = prompt.ok_or_else(|| format!("{event}: there is no prompt: send promptStart first"))?;
    if prompt.name == name {
        Ok(prompt)
    } else {
        Err(format!("{event}: the prompt is {:?}, and not {name:?}", prompt.name))
    }
}

/// Returns the content with this name, and checks its kind.
fn find<'a>(
    contents: &'a mut [Content],
    name: &str,
    kind: ContentKind,
    event: &str,
) -> Result<&'a mut Content, String> {
    match contents.iter_mut().find(|content| content.name == name) {
        Some(content) if content.kind == kind => Ok(content),
        Some(_) => Err(format!("{event}: the content {name:?} has another type")),
        None => Err(format!("{event}: the content {name:?} has not started: send contentStart first")),
    }
}
