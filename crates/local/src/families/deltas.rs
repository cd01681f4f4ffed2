//! A reply, piece by piece, as the streaming schemas send it.

use super::reply::{End, Reply};
use super::tokens;

/// The most white space in a piece, in bytes: a part of a stream has a longest length, and a turn of a million blanks is
/// echoed as it is.
const LONGEST_BLANK: usize = 4_096;

/// A token is at most eight characters of at most four bytes.
const LONGEST_TOKEN: usize = 32;

/// A piece of a reply: a token and the white space before it, or white space alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Delta {
    pub(super) text: String,
    /// The tokens of the reply up to here.
    pub(super) tokens: u64,
}

/// Cuts a reply into pieces, one when the next is asked for.
#[derive(Debug, Clone)]
pub(super) struct Deltas {
    text: String,
    at: usize,
    tokens: u64,
}

/// A piece of a reply as the schemas have it that say with a piece whether it is the last one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Step {
    pub(super) delta: Delta,
    pub(super) is_first: bool,
    pub(super) is_last: bool,
}

impl Reply {
    /// Its pieces; none when it is empty.
    pub(super) fn deltas(&self) -> Deltas {
        Deltas { text: self.text.clone(), at: 0, tokens: 0 }
    }

    /// Its pieces, at least one. A model that has finished says so with one token more, which has no text; at the token
    /// limit there is none left.
    pub(super) fn steps(&self) -> impl Iterator<Item = Step> + Send + use<> {
        let tokens = self.tokens;
        let closing =
            (self.end != End::Length || self.text.is_empty()).then(|| Delta { text: String::new(), tokens });
        let mut deltas = self.deltas().chain(closing).peekable();
        let mut is_first = true;
        std::iter::from_fn(move || {
            let delta = deltas.next()?;
            let is_first = std::mem::take(&mut is_first);
            Some(Step { delta, is_first, is_last: deltas.peek().is_none() })
        })
    }
}

impl Iterator for Deltas {
    type Item = Delta;

    fn next(&mut self) -> Option<Delta> {
        let rest = &self.text[self.at..];
        if rest.is_empty() {
            return None;
        }
        // No more is looked at than a piece can have, so that a long reply costs no more than its length.
        let near = start(rest, LONGEST_BLANK + LONGEST_TOKEN);
        let piece = match tokens::pieces(near).next() {
            Some((token, end)) if token <= LONGEST_BLANK => {
                self.tokens += 1;
                &rest[..end]
            }
            _ => start(rest, LONGEST_BLANK),
        };
        self.at += piece.len();
        Some(Delta { text: piece.to_owned(), tokens: self.tokens })
    }
}

/// The longest start of `text` of at most `length` bytes that ends between characters.
fn start(text: &str, length: usize) -> &str {
    let end = (0..=length.min(text.len())).rev().find(|end| text.is_char_boundary(*end));
    &text[..end.unwrap_or_default()]
}
