//! What the text models say: the last user turn, echoed.

use super::tokens;

/// How many tokens of a turn are echoed before the echo says `...`.
const ECHOED: u64 = 256;

/// What the caller allows a reply to be.
pub(super) struct Limits<'a> {
    /// The most tokens, where the caller or the vendor says one.
    pub(super) max_tokens: Option<i64>,
    /// Texts that end the reply before they appear in it.
    pub(super) stop: &'a [String],
}

/// A reply, and why it ends.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Reply {
    pub(super) text: String,
    pub(super) tokens: u64,
    /// As in its [`Limits`].
    pub(super) max_tokens: Option<i64>,
    pub(super) end: End,
}

/// Why a reply ends.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum End {
    /// Everything is said.
    Finished,
    /// The token limit is reached.
    Length,
    /// This stop sequence came up.
    Stop(String),
}

/// Replies to the last user turn of a conversation.
pub(super) fn reply(turn: &str, limits: &Limits<'_>) -> Reply {
    let full = echo(turn.trim());
    let limit = limits.max_tokens.map_or(u64::MAX, |limit| u64::try_from(limit).unwrap_or(0));
    let mut text = tokens::first(&full, limit);
    let mut end = if text.len() < full.len() { End::Length } else { End::Finished };
    let stops = limits.stop.iter().filter(|stop| !stop.is_empty());
    if let Some((at, stop)) = stops.filter_map(|stop| Some((text.find(stop.as_str())?, stop))).min() {
        text = &text[..at];
        end = End::Stop(stop.clone());
    }
    Reply { text: text.to_owned(), tokens: tokens::count(text), max_tokens: limits.max_tokens, end }
}

fn echo(turn: &str) -> String {
    let start = tokens::first(turn, ECHOED);
    if turn.is_empty() {
        "You said nothing in words.".to_owned()
    } else if start.len() < turn.len() {
        format!("You said: {start} ...")
    } else {
        format!("You said: {turn}")
    }
}
