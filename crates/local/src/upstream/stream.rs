//! Streams of chat completions: server-sent events.

use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use invoke_model_types::{ModelStreamErrorException, StopReason};
use serde::Deserialize;
use tokio::sync::mpsc::Sender;

use super::response::{Usage, stop_reason};
use crate::backend::ForwardedBody;
use crate::conversation::{AnswerEnd, Part};
use crate::delivery::ResponseProgress;
use crate::families::count_tokens;
use crate::service_error::ServiceError;

#[derive(Deserialize)]
struct Chunk {
    #[serde(default)]
    choices: Vec<Choice>,
    usage: Option<Usage>,
    error: Option<serde_json::Value>,
}

#[derive(Deserialize)]
struct Choice {
    #[serde(default)]
    delta: Delta,
    finish_reason: Option<String>,
}

#[derive(Default, Deserialize)]
struct Delta {
    content: Option<String>,
    #[serde(alias = "reasoning")]
    reasoning_content: Option<String>,
    tool_calls: Option<Vec<CallDelta>>,
}

#[derive(Deserialize)]
struct CallDelta {
    #[serde(default)]
    index: usize,
    id: Option<String>,
    function: Option<FunctionDelta>,
}

#[derive(Deserialize)]
struct FunctionDelta {
    name: Option<String>,
    arguments: Option<String>,
}

/// The state of a stream.
#[derive(Default)]
struct Reader {
    /// The bytes after the last complete line.
    buffer: BytesMut,
    finish_reason: Option<StopReason>,
    usage: Option<Usage>,
    /// The index of the current tool call.
    call: Option<usize>,
    /// The signature of the reasoning, if reasoning of the model has a signature.
    signature: Option<String>,
    /// `true` if the last part is reasoning that has no signature yet.
    is_reasoning: bool,
    /// The number of output tokens. It is used if the server does not send token counts.
    output_tokens: u64,
    is_done: bool,
}

/// Reads a stream to its end, and sends its parts. Adds `signature` after reasoning, and sets the tokens of
/// `progress` at the end. Stops early if the receiver is dropped.
pub(super) async fn read(
    mut body: ForwardedBody,
    upstream: String,
    signature: Option<String>,
    progress: Arc<ResponseProgress>,
    sender: Sender<Result<Part, ServiceError>>,
) {
    let mut reader = Reader { signature, ..Reader::default() };
    while !reader.is_done {
        match reader.next(&mut body).await {
            Ok(parts) => {
                for part in parts {
                    if sender.send(Ok(part)).await.is_err() {
                        return;
                    }
                }
            }
            Err(problem) => {
                // If the receiver was dropped, nobody needs the error.
                let _ = sender.send(Err(stream_error(&upstream, &problem))).await;
                return;
            }
        }
    }
    let (end, mut parts) = (reader.end(), Vec::new());
    progress.set_tokens(Some((end.input_tokens, end.output_tokens)));
    reader.add(Part::End(end), &mut parts);
    for part in parts {
        // If the receiver was dropped, nobody needs the end.
        let _ = sender.send(Ok(part)).await;
    }
}

fn stream_error(upstream: &str, problem: &str) -> ServiceError {
    let mut error = ModelStreamErrorException::default();
    error.message = Some(format!("--upstream {upstream}: {problem}"));
    error.into()
}

impl Reader {
    /// Reads the next bytes of the stream, and returns their parts.
    async fn next(&mut self, body: &mut ForwardedBody) -> Result<Vec<Part>, String> {
        let mut parts = Vec::new();
        match body.frame().await {
            Some(Ok(frame)) => {
                if let Ok(bytes) = frame.into_data() {
                    parts = self.push(&bytes)?;
                }
            }
            Some(Err(error)) => return Err(format!("the stream is incomplete: {error}")),
            // Accept a stream without the last line, `data: [DONE]`, because some servers do not send this
            // line.
            None => self.is_done = true,
        }
        if self.is_done && self.finish_reason.is_none() {
            return Err("the stream ended without a finish reason".to_owned());
        }
        Ok(parts)
    }

    /// Adds the next bytes, and returns the parts of the complete lines.
    fn push(&mut self, bytes: &Bytes) -> Result<Vec<Part>, String> {
        self.buffer.extend_from_slice(bytes);
        let mut parts = Vec::new();
        while let Some(end) = self.buffer.iter().position(|byte| *byte == b'\n') {
            let line = self.buffer.split_to(end + 1);
            let line = String::from_utf8_lossy(&line);
            // Skip other fields and comments, because they contain no chunks.
            let Some(data) = line.trim_end().strip_prefix("data:") else { continue };
            let data = data.trim_start();
            if data == "[DONE]" {
                self.is_done = true;
                break;
            }
            let chunk: Chunk = serde_json::from_str(data)
                .map_err(|error| format!("an event is not a chunk of a chat completion: {error}"))?;
            self.read_chunk(chunk, &mut parts)?;
        }
        Ok(parts)
    }

    fn read_chunk(&mut self, chunk: Chunk, parts: &mut Vec<Part>) -> Result<(), String> {
        if let Some(error) = chunk.error {
            let message = error["message"].as_str().map_or_else(|| error.to_string(), str::to_owned);
            return Err(format!("it reported an error: {message}"));
        }
        self.usage = chunk.usage.or(self.usage);
        let Some(Choice { delta, finish_reason }) = chunk.choices.into_iter().next() else { return Ok(()) };
        if let Some(text) = delta.reasoning_content.filter(|text| !text.is_empty()) {
            self.output_tokens += count_tokens(&text);
            self.add(Part::Reasoning(text), parts);
        }
        if let Some(text) = delta.content.filter(|text| !text.is_empty()) {
            self.output_tokens += count_tokens(&text);
            self.add(Part::Text(text), parts);
        }
        for call in delta.tool_calls.unwrap_or_default() {
            let function = call.function.unwrap_or(FunctionDelta { name: None, arguments: None });
            if self.call != Some(call.index) {
                let name = function.name.ok_or("a tool call has no name")?;
                let id = call.id.unwrap_or_else(|| format!("call_{}", call.index));
                self.call = Some(call.index);
                self.add(Part::ToolCall { id, name, kind: None }, parts);
            }
            if let Some(arguments) = function.arguments {
                self.output_tokens += count_tokens(&arguments);
                self.add(Part::ToolInput(arguments), parts);
            }
        }
        if let Some(reason) = finish_reason {
            self.finish_reason = Some(stop_reason(&reason));
        }
        Ok(())
    }

    /// Adds a part. If the part follows reasoning, adds the signature of the reasoning first.
    fn add(&mut self, part: Part, parts: &mut Vec<Part>) {
        let is_reasoning = matches!(part, Part::Reasoning(_));
        if std::mem::replace(&mut self.is_reasoning, is_reasoning) && !is_reasoning {
            parts.extend(self.signature.clone().map(Part::Signature));
        }
        parts.push(part);
    }

    fn end(&self) -> AnswerEnd {
        let counted = Usage { prompt_tokens: 0, completion_tokens: self.output_tokens };
        let usage = self.usage.unwrap_or(counted);
        AnswerEnd {
            stop_reason: self.finish_reason.clone().unwrap_or(StopReason::END_TURN),
            stop_sequence: None,
            input_tokens: usage.prompt_tokens,
            output_tokens: usage.completion_tokens,
        }
    }
}
