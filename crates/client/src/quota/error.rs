//! Errors of a quota limiter.

use std::time::Duration;

use super::limits::QuotaLimit;

/// A request that a [`QuotaLimiter`](super::QuotaLimiter) did not admit. Nothing was sent, and nothing
/// counts.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum QuotaError {
    /// The request reserves more tokens than the limit of a whole minute.
    #[error(
        "the request would reserve {} tokens ({input} input, estimated, and {output} output), but tokens_per_minute is \
         {limit}: lower max_tokens in the body, shorten the input, or raise the limit",
        .input.saturating_add(*.output)
    )]
    TooLarge {
        /// Estimated input tokens.
        input: u64,
        /// Maximum output tokens.
        output: u64,
        /// The limit.
        limit: u64,
    },

    /// A limit is zero, which admits no request.
    #[error("{limit} is 0, which admits no request: raise the limit")]
    ZeroLimit {
        /// The limit.
        limit: QuotaLimit,
    },

    /// The request was not admitted within [`max_wait`](super::QuotaLimiterBuilder::max_wait).
    #[error(
        "not admitted within {waited:?}{}{}: send fewer requests at a time, raise the limit, or raise max_wait",
        .limit.map(|limit| format!(" because of {limit}")).unwrap_or_default(),
        if *.waiting == 0 { String::new() } else { format!(", {waiting} more requests are waiting") }
    )]
    TimedOut {
        /// The time that the request waited.
        waited: Duration,
        /// The limit that blocks the first request in the queue.
        limit: Option<QuotaLimit>,
        /// The number of other requests in the queue.
        waiting: usize,
    },
}
