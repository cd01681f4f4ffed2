//! The reply of text models: an echo of the last user turn.

use super::tokens;

/// The maximum number of tokens that a reply echoes. `...` replaces the rest of the turn.
const MAX_ECHOED_TOKENS: u64 = 256;

/// The limits that a request sets for its reply.
pub(crate) struct ReplyBounds<'a> {
    /// The token limit of the request, or the default of the vendor if the request has no limit. `None` means
    /// that there is no limit.
    pub(crate) max_tokens: Option<i64>,
    /// Texts that end the reply. The reply does not contain them.
    pub(crate) stop_sequences: &'a [String],
}

impl ReplyBounds<'_> {
    /// Returns the token limit. A negative limit counts as 0.
    pub(super) fn token_limit(&self) -> u64 {
        self.max_tokens.map_or(u64::MAX, |limit| u64::try_from(limit).unwrap_or(0))
    }
}

/// A reply and its stop reason.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Reply {
    pub(crate) text: String,
    pub(crate) tokens: u64,
    /// The token limit, from [`ReplyBounds`].
    pub(crate) max_tokens: Option<i64>,
    pub(crate) stop: StopReason,
}

/// The reason why a reply ends.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum StopReason {
    /// The reply is complete.
    EndTurn,
    /// The token limit was reached.
    MaxTokens,
    /// The reply was truncated before this stop sequence.
    StopSequence(String),
}

impl StopReason {
    /// Returns the finish reason for vendors that distinguish only `length` and `stop`.
    pub(super) fn finish_reason(&self) -> &'static str {
        if *self == Self::MaxTokens { "length" } else { "stop" }
    }
}

/// Replies to the last user turn of a conversation.
pub(super) fn reply(turn: &str, bounds: &ReplyBounds<'_>) -> Reply {
    bounded(&echo(turn), bounds)
}

/// Truncates a text to the bounds of a request.
pub(crate) fn bounded(full: &str, bounds: &ReplyBounds<'_>) -> Reply {
    let mut text = tokens::first(full, bounds.token_limit());
    let mut stop = if text.len() < full.len() { StopReason::MaxTokens } else { StopReason::EndTurn };
    let sequences = bounds.stop_sequences.iter().filter(|sequence| !sequence.is_empty());
    let found = sequences.filter_map(|sequence| Some((text.find(sequence.as_str())?, sequence))).min();
    if let Some((at, sequence)) = found {
        text = &text[..at];
        stop = StopReason::StopSequence(sequence.clone());
    }
    Reply { text: text.to_owned(), tokens: tokens::count(text), max_tokens: bounds.max_tokens, stop }
}

/// Returns the complete reply to a user turn.
pub(crate) fn echo(turn: &str) -> String {
    let turn = turn.trim();
    let start = tokens::first(turn, MAX_ECHOED_TOKENS);
    if turn.is_empty() {
        "You sent no text.".to_owned()
    } else if start.len() < turn.len() {
        format!("You said: {start} ...")
    } else {
        format!("You said: {turn}")
    }
}
