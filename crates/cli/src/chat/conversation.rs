//! The messages of a conversation, and the calls of `Converse` and `ConverseStream`.

use std::future::Future;

use invoke_model_client::{Error, Explanation, JsonCall, Metadata};
use serde_json::{Map, Value, json};

use crate::connection::Session;
use crate::exit::Failure;
use crate::output::{print_error, print_output};
use crate::stream::until_interrupt;

/// A conversation with a model. The input of each call contains all earlier messages.
pub(super) struct Conversation<'a> {
    session: &'a Session,
    model_id: String,
    /// The members of the input other than `modelId` and `messages`.
    members: Map<String, Value>,
    messages: Vec<Value>,
    /// Content blocks that the next question contains.
    attachments: Vec<Value>,
    /// `true` to call `ConverseStream` instead of `Converse`.
    pub(super) stream: bool,
    /// `true` to print the metadata of each call.
    pub(super) verbose: bool,
}

impl<'a> Conversation<'a> {
    pub(super) fn new(session: &'a Session, model_id: String, members: Map<String, Value>) -> Self {
        let (messages, attachments) = Default::default();
        Self { session, model_id, members, messages, attachments, stream: true, verbose: false }
    }

    /// Adds content blocks to the next question.
    pub(super) fn attach(&mut self, blocks: Vec<Value>) {
        self.attachments.extend(blocks);
    }

    /// Removes all messages.
    pub(super) fn clear(&mut self) {
        self.messages.clear();
    }

    /// Returns the request for a question.
    pub(super) async fn explain(&self, question: &str) -> Result<Explanation, Failure> {
        let call = self.call(&self.question(question))?;
        call.explain().await.map_err(|error| self.session.failure(error))
    }

    /// Sends a question, and prints the response. If the model stopped early, returns a note.
    ///
    /// If the call fails, the conversation does not contain the question, so the user can ask again.
    pub(super) async fn ask(&mut self, question: &str) -> Result<Option<String>, Failure> {
        let question = self.question(question);
        let call = self.call(&question)?;
        let (text, metadata) = match self.stream {
            true => self.print_stream(call).await?,
            false => self.print_output(call).await?,
        };
        if self.verbose {
            print_error(&summary(&self.model_id, &metadata));
        }
        // Drop the question if the response has no text, because the service rejects messages without text.
        if !text.trim().is_empty() {
            self.messages.extend([question, json!({ "role": "assistant", "content": [{ "text": text }] })]);
            self.attachments.clear();
        }
        Ok(note(&text, metadata.stop_reason.as_deref()))
    }

    fn question(&self, text: &str) -> Value {
        let mut content = self.attachments.clone();
        content.push(json!({ "text": text }));
        json!({ "role": "user", "content": content })
    }

    fn call(&self, question: &Value) -> Result<JsonCall, Failure> {
        let mut input = self.members.clone();
        let messages: Vec<&Value> = self.messages.iter().chain([question]).collect();
        input.insert("modelId".to_owned(), self.model_id.as_str().into());
        input.insert("messages".to_owned(), json!(messages));
        let name = if self.stream { "ConverseStream" } else { "Converse" };
        Ok(self.session.client.operation(name).map_err(Failure::call)?.json(input.into()))
    }

    /// Waits for a response, or for Ctrl-C. In a conversation, Ctrl-C does not end the process, so the
    /// command must handle Ctrl-C in each step.
    async fn response<T>(&self, sending: impl Future<Output = Result<T, Error>>) -> Result<T, Failure> {
        match until_interrupt(sending).await {
            Some(result) => result.map_err(|error| self.session.failure(error)),
            None => Err(Failure::interrupted(&"0 events")),
        }
    }

    async fn print_output(&self, call: JsonCall) -> Result<(String, Metadata), Failure> {
        let (output, metadata) = self.response(call.send_with_metadata()).await?;
        let blocks = output["output"]["message"]["content"].as_array();
        let texts = blocks.into_iter().flatten().filter_map(|block| block["text"].as_str());
        let text: String = texts.collect();
        print_output(text.as_bytes())?;
        end_line(&text)?;
        Ok((text, metadata))
    }

    async fn print_stream(&self, call: JsonCall) -> Result<(String, Metadata), Failure> {
        let mut events = self.response(call.send_stream()).await?.events;
        let mut text = String::new();
        let printed = until_interrupt(async {
            while let Some(event) = events.recv().await.map_err(Failure::call)? {
                if let Some(part) = event["contentBlockDelta"]["delta"]["text"].as_str() {
                    text.push_str(part);
                    print_output(part.as_bytes())?;
                }
            }
            Ok(())
        });
        let result = printed.await.unwrap_or_else(|| Err(Failure::interrupted(&events.received())));
        // End the line, so that notes, errors and the prompt of the shell start on a new line.
        let ended = end_line(&text);
        result.and(ended)?;
        Ok((text, events.metadata()))
    }
}

fn end_line(text: &str) -> Result<(), Failure> {
    if text.is_empty() || text.ends_with('\n') { Ok(()) } else { print_output(b"\n") }
}

/// Returns the metadata of a call as one line.
fn summary(model_id: &str, metadata: &Metadata) -> String {
    let usage = metadata.usage;
    let count = |count: Option<u64>, name: &str| Some(format!("{} {name}", count?));
    let facts = [
        Some(model_id.to_owned()),
        count(usage.input_tokens, "input tokens"),
        count(usage.output_tokens, "output tokens"),
        count(usage.cache_read_input_tokens.filter(|count| *count > 0), "tokens read from the cache"),
        count(usage.cache_write_input_tokens.filter(|count| *count > 0), "tokens written to the cache"),
        metadata.latency.map(|latency| format!("{} ms", latency.as_millis())),
        metadata.stop_reason.clone(),
        (metadata.attempts > 1).then(|| format!("{} attempts", metadata.attempts)),
        metadata.request_id.as_ref().map(|id| format!("request id {id}")),
    ];
    facts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

/// Returns a note if the response has no text or the model stopped early. The printed text alone does not
/// show this.
fn note(text: &str, stop_reason: Option<&str>) -> Option<String> {
    let reason = match stop_reason {
        Some("end_turn" | "stop_sequence") if !text.trim().is_empty() => return None,
        // The service always states a reason. A proxy can end an incomplete stream like a complete one.
        None if !text.trim().is_empty() => {
            return Some("the response has no stop reason, so it may be incomplete".to_owned());
        }
        Some("max_tokens") => {
            return Some(
                "the response is incomplete, because it reached the limit of --max-tokens".to_owned(),
            );
        }
        Some(reason) => reason,
        None => "unknown",
    };
    let text = if text.trim().is_empty() { "the response has no text" } else { "the model stopped early" };
    Some(format!("{text} (stop reason: {reason})"))
}

#[cfg(test)]
mod tests;
