//! The limits of a quota limiter.

use std::fmt;
use std::num::NonZeroU32;
use std::sync::Arc;

use super::budget::Budget;
use super::error::QuotaError;

/// The name of the key of the limits that a builder sets without a key.
pub(super) const DEFAULT_KEY: &str = "default";

/// A limit of a [`QuotaLimiter`](super::QuotaLimiter).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum QuotaLimit {
    /// Concurrent requests.
    Concurrency,
    /// Requests per minute.
    RequestsPerMinute,
    /// Tokens per minute.
    TokensPerMinute,
}

impl fmt::Display for QuotaLimit {
    /// Writes the name of the setting, for example `max_concurrency`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Concurrency => "max_concurrency",
            Self::RequestsPerMinute => "requests_per_minute",
            Self::TokensPerMinute => "tokens_per_minute",
        })
    }
}

/// The limits of one key. `None` means that there is no limit.
///
/// ```
/// use invoke_model_client::QuotaLimits;
///
/// let limits = QuotaLimits::default().requests_per_minute(200).tokens_per_minute(400_000);
/// assert_eq!(limits.max_concurrency, None);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct QuotaLimits {
    /// The maximum number of concurrent requests.
    pub max_concurrency: Option<u32>,
    /// The maximum number of requests in any 60 seconds.
    pub requests_per_minute: Option<u32>,
    /// The maximum number of tokens in any 60 seconds.
    pub tokens_per_minute: Option<u64>,
    /// The maximum number of tokens or the maximum cost of a period.
    pub budget: Option<Budget>,
}

impl QuotaLimits {
    /// Sets the maximum number of concurrent requests.
    #[must_use]
    pub fn max_concurrency(mut self, requests: u32) -> Self {
        self.max_concurrency = Some(requests);
        self
    }

    /// Sets the maximum number of requests in any 60 seconds.
    #[must_use]
    pub fn requests_per_minute(mut self, requests: u32) -> Self {
        self.requests_per_minute = Some(requests);
        self
    }

    /// Sets the maximum number of tokens in any 60 seconds.
    #[must_use]
    pub fn tokens_per_minute(mut self, tokens: u64) -> Self {
        self.tokens_per_minute = Some(tokens);
        self
    }

    /// Sets the budget of the key.
    #[must_use]
    pub fn budget(mut self, budget: Budget) -> Self {
        self.budget = Some(budget);
        self
    }

    /// Returns `true` if there is a per-minute limit. In this case, a store must record the requests of the
    /// last minute.
    pub fn has_per_minute(&self) -> bool {
        self.requests_per_minute.is_some() || self.tokens_per_minute.is_some()
    }

    /// Returns the part of the limits that one of several processes may use, rounded down. Does not divide the budget.
    pub(super) fn divided(self, processes: NonZeroU32) -> Self {
        Self {
            max_concurrency: self.max_concurrency.map(|limit| limit / processes),
            requests_per_minute: self.requests_per_minute.map(|limit| limit / processes),
            tokens_per_minute: self.tokens_per_minute.map(|limit| limit / u64::from(processes.get())),
            budget: self.budget,
        }
    }
}

/// A key of a quota, for example an account, a tenant or a model, with its limits. A request counts against
/// every key of its limiter. Requests of several limiters count together if the keys have the same name and
/// the limiters use the same [store](super::QuotaStore).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct QuotaKey {
    /// The name of the key.
    pub name: Arc<str>,
    /// The limits of the key.
    pub limits: QuotaLimits,
    /// `true` if the key belongs to a tag of the call.
    pub(super) of_tag: bool,
}

impl QuotaKey {
    /// Returns a key with limits.
    pub fn new(name: impl Into<Arc<str>>, limits: QuotaLimits) -> Self {
        Self { name: name.into(), limits, of_tag: false }
    }

    /// Returns the name for an error, or `None` for the limits that a builder sets without a key.
    pub(super) fn shown(&self) -> Option<Arc<str>> {
        (&*self.name != DEFAULT_KEY).then(|| self.name.clone())
    }

    /// Returns an error if the limits never admit a request with these numbers of input and output tokens.
    pub(super) fn check(&self, input: u64, output: u64) -> Result<(), QuotaError> {
        let zero = |limit| Err(QuotaError::ZeroLimit { limit, key: self.shown() });
        let limits = &self.limits;
        if limits.max_concurrency == Some(0) {
            return zero(QuotaLimit::Concurrency);
        }
        if limits.requests_per_minute == Some(0) {
            return zero(QuotaLimit::RequestsPerMinute);
        }
        match limits.tokens_per_minute {
            Some(limit) if input.saturating_add(output) > limit => {
                Err(QuotaError::TooLarge { input, output, limit, key: self.shown() })
            }
            _ => Ok(()),
        }
    }
}
