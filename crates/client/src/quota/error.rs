//! Errors of a quota limiter.

use std::time::Duration;

use super::limits::QuotaLimit;

/// The error of a request that a [`QuotaLimiter`](super::QuotaLimiter) did not admit. The client did not send
/// the request. The request does not count against the limits.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum QuotaError {
    /// The request would reserve more tokens than the limit for one minute.
    #[error(
        "the request would reserve {} tokens ({input} estimated input and {output} output tokens), but tokens_per_minute is \
         {limit}: lower max_tokens in the body, shorten the input, or raise the limit",
        .input.saturating_add(*.output)
    )]
    TooLarge {
        /// Estimated input tokens.
        input: u64,
        /// Maximum number of output tokens.
        output: u64,
        /// The limit.
        limit: u64,
    },

    /// A limit is zero, so the limiter never admits a request.
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
        /// The limit that blocks the first request in the queue, or `None` if no limit blocks it.
        limit: Option<QuotaLimit>,
        /// The number of other requests in the queue.
        waiting: usize,
    },
}
