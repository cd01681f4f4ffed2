//! Errors of a quota limiter and of its store.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::budget::Budget;
use super::limits::QuotaLimit;

/// The error of a request that a [`QuotaLimiter`](super::QuotaLimiter) did not admit. The client did not send
/// the request. The request does not count against the limits.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum QuotaError {
    /// The request would reserve more tokens than the limit for one minute.
    #[error(
        "the request would reserve {} tokens ({input} estimated input and {output} output tokens), but tokens_per_minute{} is \
         {limit}: lower max_tokens in the body, shorten the input, or raise the limit",
        .input.saturating_add(*.output), OfKey(.key)
    )]
    TooLarge {
        /// Estimated input tokens.
        input: u64,
        /// Maximum number of output tokens.
        output: u64,
        /// The limit.
        limit: u64,
        /// The key of the limit, or `None` for a limit without a key.
        key: Option<Arc<str>>,
    },

    /// A limit is zero, so the limiter never admits a request.
    #[error("{limit}{} is 0, which admits no request: raise the limit", OfKey(.key))]
    ZeroLimit {
        /// The limit.
        limit: QuotaLimit,
        /// The key of the limit, or `None` for a limit without a key.
        key: Option<Arc<str>>,
    },

    /// The request was not admitted within [`max_wait`](super::QuotaLimiterBuilder::max_wait).
    #[error(
        "not admitted within {waited:?}{}{}: send fewer requests at a time, raise the limit, or raise max_wait",
        .limit.map(|limit| format!(" because of {limit}{}", OfKey(.key))).unwrap_or_default(),
        if *.waiting == 0 { String::new() } else { format!(", {waiting} more requests are waiting") }
    )]
    TimedOut {
        /// The time that the request waited.
        waited: Duration,
        /// The limit that blocks the first request in the queue, or `None` if no limit blocks it.
        limit: Option<QuotaLimit>,
        /// The key of the limit, or `None` for a limit without a key.
        key: Option<Arc<str>>,
        /// `true` if the key belongs to a tag of the call: see
        /// [`key_of_tag`](super::QuotaLimiterBuilder::key_of_tag).
        of_tag: bool,
        /// The number of other requests in the queue.
        waiting: usize,
    },

    /// The budget of a key does not admit the request in this period.
    #[error(
        "the budget of the key `{key}` is {}, of which {} are used or reserved, and the request would reserve {}: raise the \
         budget, or lower max_tokens in the body",
        .budget.shown(.currency.as_deref()),
        .budget.shown_amount(*.used, .currency.as_deref()),
        .budget.shown_amount(*.reserved, .currency.as_deref())
    )]
    OverBudget {
        /// The key.
        key: Arc<str>,
        /// The budget.
        budget: Budget,
        /// The used and reserved amount of the period.
        used: u64,
        /// The amount that the request would reserve.
        reserved: u64,
        /// The currency of the price table, for a budget in money.
        currency: Option<Arc<str>>,
    },

    /// A key has a budget in money, and the price of the model is not known.
    #[error("{}", NoPrice(.model_id.as_deref()))]
    NoPrice {
        /// The model id, or `None` if the client does not know the model of the request, as for a raw request.
        model_id: Option<Arc<str>>,
    },

    /// The [store](super::QuotaStore) did not decide.
    #[error(transparent)]
    Store(#[from] QuotaStoreError),
}

/// The error of a [`QuotaStore`](super::QuotaStore) that could not decide.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum QuotaStoreError {
    /// The store cannot be reached, or cannot work at the moment.
    #[error("the quota store {store} is not available: {reason}")]
    Unavailable {
        /// The name of the store, for example `127.0.0.1:6379`.
        store: String,
        /// The reason.
        reason: String,
    },

    /// The store did not respond in time.
    #[error("the quota store {store} did not respond within {timeout:?}")]
    TimedOut {
        /// The name of the store.
        store: String,
        /// The timeout.
        timeout: Duration,
    },

    /// The store started a short time ago and has no counts of the requests before its start.
    #[error(
        "the quota store {store} started less than a minute ago and has no counts of earlier requests: wait {remaining:?}"
    )]
    Restarted {
        /// The name of the store.
        store: String,
        /// The time after which no earlier request counts.
        remaining: Duration,
    },

    /// Another version of this library wrote the state of a key.
    #[error(
        "the quota store {store} contains version `{found}` of the state of the key `{key}`, and this program uses version \
         `{expected}`: use the same version in all programs, or another namespace"
    )]
    Version {
        /// The name of the store.
        store: String,
        /// The key.
        key: Arc<str>,
        /// The version in the store.
        found: String,
        /// The version of this program.
        expected: String,
    },

    /// The configuration of the store is invalid, or the store rejected the request.
    #[error("the quota store {store} failed: {reason}")]
    Failed {
        /// The name of the store.
        store: String,
        /// The reason.
        reason: String,
    },
}

impl QuotaStoreError {
    /// Returns `true` if the store may decide again later without a change of a program or of the
    /// configuration.
    pub fn is_temporary(&self) -> bool {
        matches!(self, Self::Unavailable { .. } | Self::TimedOut { .. } | Self::Restarted { .. })
    }
}

/// Writes the error of a request without a price.
struct NoPrice<'a>(Option<&'a str>);

impl fmt::Display for NoPrice<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(model) => write!(
                f,
                "the price table has no price for the model `{model}`: add it, or a pattern such as `*`"
            ),
            None => f.write_str("the request has no model id, so it cannot use a budget in money"),
        }
    }
}

/// Writes the key of a limit.
struct OfKey<'a>(&'a Option<Arc<str>>);

impl fmt::Display for OfKey<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(key) => write!(f, " of the key `{key}`"),
            None => Ok(()),
        }
    }
}
