//! Why a request is not admitted.

use std::time::Duration;

use super::QuotaLimit;

/// Why the limits of an [`QuotaLimiter`](super::QuotaLimiter) keep a request from being sent. Nothing was sent, and nothing
/// counts.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum QuotaError {
    /// It reserves more tokens than a whole minute has.
    #[error(
        "it would reserve {} tokens ({input} of input, as estimated, and {output} of output), but tokens_per_minute is \
         {allowed}: lower max_tokens in the body, send less, or raise the limit",
        .input.saturating_add(*.output)
    )]
    TooLarge {
        /// Tokens of input, as estimated.
        input: u64,
        /// The most tokens of output.
        output: u64,
        /// The limit.
        allowed: u64,
    },

    /// A limit of zero admits nothing.
    #[error("{limit} is 0, which admits no request: raise the limit")]
    Closed {
        /// Which one.
        limit: QuotaLimit,
    },

    /// There was no room in time.
    #[error(
        "there was no room{} within {waited:?}{}: send less at a time, raise the limit, or raise max_wait",
        .limit.map(|limit| format!(" under {limit}")).unwrap_or_default(),
        if *.others == 0 { String::new() } else { format!(", and {others} more wait") }
    )]
    TimedOut {
        /// How long it waited.
        waited: Duration,
        /// What kept the first in line waiting last.
        limit: Option<QuotaLimit>,
        /// How many others wait.
        others: usize,
    },
}
