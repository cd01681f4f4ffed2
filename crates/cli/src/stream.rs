//! `invoke-model invoke --stream`: prints the parts of a response as they arrive. A part is the JSON in one
//! event of the stream.

use std::future::Future;

use invoke_model_client::types::{InvokeModelWithResponseStream, ResponseStream};
use invoke_model_client::{Bytes, Call, EventReceiver};
use invoke_model_families::StreamPart;

use crate::connection::Session;
use crate::exit::Failure;
use crate::output::{print_error, print_output};

pub(crate) async fn run(
    call: Call<InvokeModelWithResponseStream>,
    raw: bool,
    session: &Session,
) -> Result<(), Failure> {
    let mut events = call.send().await.map_err(|error| session.failure(error))?.events;
    let mut printer = Printer { raw, ..Printer::default() };
    let result = until_interrupt(print(&mut events, &mut printer)).await;
    let result = result.unwrap_or_else(|| Err(Failure::interrupted(&events.received())));
    // If the stream was not read to its end, this drop closes the request, and the service can stop the
    // inference.
    drop(events);
    printer.end_line()?;
    for part in &printer.unreadable {
        print_error(&format_args!("note: this part is not JSON: {}", String::from_utf8_lossy(part)));
    }
    result?;
    for note in printer.notes() {
        print_error(&format_args!("note: {note}"));
    }
    match printer.unreadable.len() {
        0 => Ok(()),
        unreadable => Err(Failure::incomplete(UnreadableParts { unreadable, parts: printer.parts })),
    }
}

/// Error of a complete stream with parts that are not JSON, so their text is missing in the output.
#[derive(Debug, thiserror::Error)]
#[error("{unreadable} of {parts} parts of the response are not JSON, so the printed text is incomplete")]
struct UnreadableParts {
    unreadable: usize,
    parts: u64,
}

/// Runs a future. Returns `None` if the user presses Ctrl-C before the future is ready.
pub(crate) async fn until_interrupt<T>(future: impl Future<Output = T>) -> Option<T> {
    tokio::select! {
        // Polls Ctrl-C first, to install its handler before the first text is printed.
        biased;
        Ok(()) = tokio::signal::ctrl_c() => None,
        result = future => Some(result),
    }
}

async fn print(
    events: &mut EventReceiver<InvokeModelWithResponseStream>,
    printer: &mut Printer,
) -> Result<(), Failure> {
    while let Some(event) = events.recv().await.map_err(Failure::call)? {
        match event {
            ResponseStream::Chunk(chunk) => {
                printer.print(&chunk.bytes.unwrap_or_default())?;
            }
            _ => printer.unknown_events += 1,
        }
    }
    Ok(())
}

/// A printer of parts. It counts the parts for the notes at the end.
#[derive(Default)]
struct Printer {
    /// `true` to print the parts instead of their text.
    raw: bool,
    parts: u64,
    parts_with_text: u64,
    /// The number of parts that are JSON only after the replacements of [`StreamPart::parse_lossy`].
    parts_with_replacements: u64,
    /// The parts that are not JSON.
    unreadable: Vec<Bytes>,
    /// The number of events that the model does not define.
    unknown_events: u64,
    /// `true` if the last part had the metrics of the call.
    has_metrics: bool,
    /// `true` if the last text did not end with a line feed.
    in_line: bool,
}

impl Printer {
    /// Prints the raw part as one line, or only the text of the part.
    fn print(&mut self, bytes: &Bytes) -> Result<(), Failure> {
        self.parts += 1;
        if bytes.is_empty() {
            return Ok(());
        }
        if self.raw {
            self.has_metrics = StreamPart::parse(bytes).is_ok_and(|part| part.has_invocation_metrics());
            return print_output(&[bytes, &b"\n"[..]].concat());
        }
        let part = self.parse(bytes);
        self.has_metrics = part.has_invocation_metrics();
        let text = part.text();
        if text.is_empty() {
            return Ok(());
        }
        self.parts_with_text += 1;
        self.in_line = !text.ends_with('\n');
        print_output(text.as_bytes())
    }

    /// Parses a part. A part that is not JSON has no text.
    fn parse(&mut self, bytes: &Bytes) -> StreamPart {
        if let Ok(part) = StreamPart::parse(bytes) {
            return part;
        }
        match StreamPart::parse_lossy(bytes) {
            Ok(part) => {
                self.parts_with_replacements += 1;
                part
            }
            Err(_) => {
                self.unreadable.push(bytes.clone());
                StreamPart::default()
            }
        }
    }

    /// Ends an incomplete line. Notes, errors and the prompt of the shell then start on a new line.
    fn end_line(&mut self) -> Result<(), Failure> {
        match std::mem::take(&mut self.in_line) {
            true => print_output(b"\n"),
            false => Ok(()),
        }
    }

    /// Returns notes for the user about a complete stream.
    fn notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        if self.parts_with_replacements > 0 {
            notes.push(format!(
                "{} of {} parts are not valid JSON: U+FFFD replaces each character that is not valid; use --raw \
                 to print the parts unchanged",
                self.parts_with_replacements, self.parts
            ));
        }
        if self.unknown_events > 0 {
            notes.push(format!(
                "skipped {} event(s) of a type that this version does not support",
                self.unknown_events
            ));
        }
        if !self.raw && self.parts_with_text == 0 && self.parts > 0 {
            notes.push(format!("found no text in {} parts; use --raw to print the parts", self.parts));
        }
        if !self.has_metrics {
            notes.push(
                "the stream is complete, but its last part has no `amazon-bedrock-invocationMetrics`; the \
                 service usually adds these metrics to the last part, so the model may have stopped early"
                    .to_owned(),
            );
        }
        notes
    }
}
