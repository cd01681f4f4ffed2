//! The limits of a quota limiter.

use std::fmt;

use super::error::QuotaError;

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

/// The limits. `None` means that there is no limit.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct QuotaLimits {
    pub(super) concurrency: Option<u32>,
    pub(super) requests: Option<u32>,
    pub(super) tokens: Option<u64>,
}

impl QuotaLimits {
    /// Returns an error if the limits never admit a request with these numbers of input and output tokens.
    pub(super) fn check(&self, input: u64, output: u64) -> Result<(), QuotaError> {
        if self.concurrency == Some(0) {
            return Err(QuotaError::ZeroLimit { limit: QuotaLimit::Concurrency });
        }
        if self.requests == Some(0) {
            return Err(QuotaError::ZeroLimit { limit: QuotaLimit::RequestsPerMinute });
        }
        match self.tokens {
            Some(limit) if input.saturating_add(output) > limit => {
                Err(QuotaError::TooLarge { input, output, limit })
            }
            _ => Ok(()),
        }
    }

    /// Returns `true` if there is a per-minute limit. In this case, the limiter must record the requests of
    /// the last minute.
    pub(super) fn has_per_minute(&self) -> bool {
        self.requests.is_some() || self.tokens.is_some()
    }
}
