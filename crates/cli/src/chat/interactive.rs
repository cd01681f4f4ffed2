//! The conversation of `chat`: reads questions line by line.

use std::io::{self, IsTerminal, Write};

use super::conversation::Conversation;
use crate::exit::Failure;
use crate::input::{self, ReadError};
use crate::output::print_error;
use crate::stream::until_interrupt;

/// Commands of a conversation.
const HELP: &str = "/exit or Ctrl-D ends the conversation, /clear forgets it, Ctrl-C stops a response";

/// Asks the first question, if there is one. Then reads and asks questions until the end of standard input.
///
/// A failed call does not end the conversation, because the user can repeat or change the question.
pub(super) async fn run(mut conversation: Conversation<'_>, first: Option<String>) -> Result<(), Failure> {
    let is_terminal = io::stdin().is_terminal();
    if is_terminal {
        print_error(&HELP);
    }
    let mut lines = input::lines();
    let mut next = first;
    loop {
        let line = match next.take() {
            Some(question) => question,
            None => {
                if is_terminal {
                    // Ignore a failed write, because the conversation also works without the prompt.
                    let _ = write!(io::stderr(), "> ");
                }
                match until_interrupt(lines.recv()).await {
                    Some(Some(line)) => line.map_err(|error| Failure::input(ReadError(error)))?,
                    // The end of the input, or Ctrl-C.
                    Some(None) | None => {
                        if is_terminal {
                            print_error(&"");
                        }
                        return Ok(());
                    }
                }
            }
        };
        match line.trim() {
            "" => {}
            "/exit" | "/quit" => return Ok(()),
            "/clear" => conversation.clear(),
            "/help" => print_error(&HELP),
            command if command.starts_with('/') && !command.contains(char::is_whitespace) => {
                print_error(&format_args!("note: `{command}` is not a command: {HELP}"));
            }
            question => match conversation.ask(question).await {
                Ok(None) => {}
                Ok(Some(note)) => print_error(&format_args!("note: {note}")),
                // End the conversation, because the reader of the output has closed the pipe.
                Err(failure) if !failure.has_message() => return Err(failure),
                Err(failure) => {
                    failure.print();
                }
            },
        }
    }
}
