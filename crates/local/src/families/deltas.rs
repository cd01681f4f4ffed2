//! Splits a reply into deltas for the streaming schemas.

use super::reply::{Reply, StopReason};
use super::tokens;

/// The maximum length of white space in a delta, in bytes. This limit is necessary because the length of an
/// event is limited, but a reply may echo a million consecutive spaces.
const MAX_BLANK_BYTES: usize = 4_096;

/// The maximum length of a token in bytes, with four bytes per character.
const MAX_TOKEN_BYTES: usize = tokens::MAX_CHARACTERS * 4;

/// A piece of a reply: a token and the white space before it, or white space alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Delta {
    pub(super) text: String,
    /// The number of tokens of the reply up to the end of this delta.
    pub(super) tokens: u64,
}

/// An iterator that splits a reply into deltas.
#[derive(Clone, Debug)]
pub(super) struct Deltas {
    text: String,
    position: usize,
    tokens: u64,
}

/// A delta for schemas that mark the first and the last delta.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct MarkedDelta {
    pub(super) delta: Delta,
    pub(super) is_first: bool,
    pub(super) is_last: bool,
}

/// Splits a text into the pieces that a stream sends.
pub(crate) fn pieces(text: String) -> impl Iterator<Item = String> + Send {
    Deltas { text, position: 0, tokens: 0 }.map(|delta| delta.text)
}

impl Reply {
    /// Returns the deltas of the reply. An empty reply has no deltas.
    pub(super) fn deltas(&self) -> Deltas {
        Deltas { text: self.text.clone(), position: 0, tokens: 0 }
    }

    /// Returns the deltas of the reply, and marks the first and the last delta. Returns at least one delta.
    ///
    /// If the token limit does not truncate the reply, the last delta is an additional delta without text.
    /// This delta represents the end token of the model.
    pub(super) fn marked_deltas(&self) -> impl Iterator<Item = MarkedDelta> + Send + use<> {
        let tokens = self.tokens;
        let has_end_token = self.stop != StopReason::MaxTokens || self.text.is_empty();
        let closing = has_end_token.then(|| Delta { text: String::new(), tokens });
        let mut deltas = self.deltas().chain(closing).peekable();
        let mut is_first = true;
        std::iter::from_fn(move || {
            let delta = deltas.next()?;
            let is_first = std::mem::take(&mut is_first);
            Some(MarkedDelta { delta, is_first, is_last: deltas.peek().is_none() })
        })
    }
}

impl Iterator for Deltas {
    type Item = Delta;

    fn next(&mut self) -> Option<Delta> {
        let rest = &self.text[self.position..];
        if rest.is_empty() {
            return None;
        }
        // Searches a prefix of bounded length, so the total time is linear in the length of the reply.
        let near = prefix(rest, MAX_BLANK_BYTES + MAX_TOKEN_BYTES);
        let text = match tokens::ranges(near).next() {
            Some((token, end)) if token <= MAX_BLANK_BYTES => {
                self.tokens += 1;
                &rest[..end]
            }
            _ => prefix(rest, MAX_BLANK_BYTES),
        };
        self.position += text.len();
        Some(Delta { text: text.to_owned(), tokens: self.tokens })
    }
}

/// Returns the longest prefix of `text` of at most `length` bytes that ends at a character boundary.
fn prefix(text: &str, length: usize) -> &str {
    let end = (0..=length.min(text.len())).rev().find(|end| text.is_char_boundary(*end));
    &text[..end.unwrap_or_default()]
}
