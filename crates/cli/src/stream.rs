//! An answer that comes in parts, printed as they come.

use std::io::{self, Write};

use invoke_model_client::types::{InvokeModelWithResponseStream, ResponseStream};
use invoke_model_client::{Call, EventReceiver};

use crate::exit::Failure;
use crate::part;

pub(crate) async fn run(call: Call<InvokeModelWithResponseStream>, raw: bool) -> Result<(), Failure> {
    let mut events = call.send().await.map_err(|error| Failure::call(&error))?.body;
    let mut printer = Printer { raw, ..Printer::default() };
    let printed = tokio::select! {
        // First, so that from the first text on an interrupt is heard.
        biased;
        Ok(()) = tokio::signal::ctrl_c() => None,
        printed = print(&mut events, &mut printer) => Some(printed),
    };
    let printed = printed.unwrap_or_else(|| Err(Failure::interrupted(&events.received())));
    // Closes the request of a stream that was not read to its end: what nobody reads need not be made.
    drop(events);
    // Whatever comes next, on this screen, begins on a line of its own.
    printer.end().map_err(|error| Failure::output(&error))?;
    printed?;
    for note in printer.notes() {
        eprintln!("note: {note}");
    }
    Ok(())
}

async fn print(
    events: &mut EventReceiver<InvokeModelWithResponseStream>,
    printer: &mut Printer,
) -> Result<(), Failure> {
    while let Some(event) = events.recv().await.map_err(|error| Failure::call(&error))? {
        match event {
            ResponseStream::Chunk(part) => {
                let bytes = part.bytes.unwrap_or_default();
                printer.part(&bytes).map_err(|error| Failure::output(&error))?;
            }
            _ => printer.unknown += 1,
        }
    }
    Ok(())
}

/// What was printed, and what could not be.
#[derive(Default)]
struct Printer {
    /// Parts as they are, not their text.
    raw: bool,
    parts: u64,
    /// Parts with text.
    texts: u64,
    /// EventReceiver that the model does not know.
    unknown: u64,
    /// Whether the last part was the service's account of the call.
    ended: bool,
    in_line: bool,
}

impl Printer {
    /// A part as a line, or the text in it, seen at once.
    fn part(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.parts += 1;
        let part = part::read(bytes);
        self.ended = part.is_last;
        let mut out = io::stdout().lock();
        if self.raw {
            out.write_all(bytes)?;
            out.write_all(b"\n")?;
        } else if !part.text.is_empty() {
            self.texts += 1;
            self.in_line = !part.text.ends_with('\n');
            out.write_all(part.text.as_bytes())?;
        }
        out.flush()
    }

    fn end(&mut self) -> io::Result<()> {
        match std::mem::take(&mut self.in_line) {
            true => writeln!(io::stdout()),
            false => Ok(()),
        }
    }

    /// What a reader of a stream that is whole should know beside its text.
    fn notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        if self.unknown > 0 {
            notes.push(format!("{} event(s) of a kind that this version does not know", self.unknown));
        }
        if !self.raw && self.texts == 0 && self.parts > 0 {
            notes.push(format!("no text was found in {} parts: --raw prints them as they are", self.parts));
        }
        if !self.ended {
            notes.push(
                "the stream was whole, but its last part is not the account of the call with which the service \
                 ends an answer: the model may have broken off"
                    .to_owned(),
            );
        }
        notes
    }
}
