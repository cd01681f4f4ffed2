//! What is limited.

use std::fmt;

use super::QuotaError;

/// What an admission can limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum QuotaLimit {
    /// Requests at a time.
    Concurrency,
    /// Requests in a minute.
    RequestsPerMinute,
    /// Tokens in a minute.
    TokensPerMinute,
}

impl fmt::Display for QuotaLimit {
    /// The name of the setting.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Concurrency => "max_concurrency",
            Self::RequestsPerMinute => "requests_per_minute",
            Self::TokensPerMinute => "tokens_per_minute",
        })
    }
}

/// The limits that are set.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Limits {
    pub(super) concurrency: Option<u32>,
    pub(super) requests: Option<u32>,
    pub(super) tokens: Option<u64>,
}

impl Limits {
    /// Whether a request can be admitted at all, however long it waits.
    pub(super) fn check(&self, input: u64, output: u64) -> Result<(), QuotaError> {
        if self.concurrency == Some(0) {
            return Err(QuotaError::Closed { limit: QuotaLimit::Concurrency });
        }
        if self.requests == Some(0) {
            return Err(QuotaError::Closed { limit: QuotaLimit::RequestsPerMinute });
        }
        match self.tokens {
            Some(allowed) if input.saturating_add(output) > allowed => {
                Err(QuotaError::TooLarge { input, output, allowed })
            }
            _ => Ok(()),
        }
    }

    /// Whether a request is to be remembered for a minute.
    pub(super) fn per_minute(&self) -> bool {
        self.requests.is_some() || self.tokens.is_some()
    }
}
