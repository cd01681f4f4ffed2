//! Whether a call that failed is sent again, and when.

mod backoff;
mod bucket;
mod class;
mod decision;
mod random;
mod skew;
#[cfg(test)]
mod tests;

use std::time::Duration;

pub(crate) use bucket::{Bucket, Paid};
pub use class::FailureClass;
pub(crate) use class::{class, is_transient, status_of};
pub(crate) use decision::{Decision, Known, decide};
pub(crate) use random::random;
pub(crate) use skew::Skew;

/// When a call that failed is sent again: the standard mode of the AWS SDKs, as far as nothing is done, and charged for,
/// twice. <https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html>
///
/// Sent again by default: what was certainly not sent, what the service refused before any work (429, 503), and what it
/// says that it failed at ([`FailureClass::ServerError`]). What it may have worked on is sent again only if
/// [`retry_ambiguous`](Self::retry_ambiguous) says so. Other refusals, and a quota for the day, never are.
///
/// `AWS_MAX_ATTEMPTS` sets [`attempts`](Self::attempts) where the program sets nothing.
///
/// Before it is sent again a call waits for a random time below a bound that doubles from one second on; a
/// `Retry-After` of the service takes its place. RetryConfig are paid for from a bucket that all calls of a client share,
/// so that an outage is not answered with a flood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RetryConfig {
    /// How often a call is sent at the most, the first time included. Default: 3.
    pub max_attempts: u32,
    /// The same for an error that the model marks as passing, as a model that is still being loaded. Default: 5, as the
    /// operation documents it.
    pub max_attempts_retryable: u32,
    /// Whether to send again what the service may have worked on, and charge for twice. Default: no.
    pub retry_ambiguous: bool,
    /// The longest wait that is chosen here. Default: 20 seconds.
    pub max_backoff: Duration,
    /// The longest wait that the service may ask for: a call that should wait longer ends with the refusal.
    /// Default: 60 seconds.
    pub max_retry_after: Duration,
}

impl RetryConfig {
    /// Returns the standard mode of the AWS SDKs: up to 3 attempts.
    #[must_use]
    pub const fn standard() -> Self {
        Self::STANDARD
    }

    /// Returns a configuration that never retries, except once after a wrong clock or expired credentials, because these
    /// failures cost nothing and the next attempt differs.
    #[must_use]
    pub const fn disabled() -> Self {
        Self { max_attempts: 1, max_attempts_retryable: 1, ..Self::STANDARD }
    }

    /// Sets the maximum number of attempts, including the first, for every error: both
    /// [`max_attempts`](Self::max_attempts) and [`max_attempts_retryable`](Self::max_attempts_retryable).
    #[must_use]
    pub const fn max_attempts(self, attempts: u32) -> Self {
        Self { max_attempts: attempts, max_attempts_retryable: attempts, ..self }
    }

    /// Sets [`retry_ambiguous`](Self::retry_ambiguous).
    #[must_use]
    pub const fn retry_ambiguous(self, yes: bool) -> Self {
        Self { retry_ambiguous: yes, ..self }
    }

    /// Sets [`max_backoff`](Self::max_backoff).
    #[must_use]
    pub const fn max_backoff(self, longest: Duration) -> Self {
        Self { max_backoff: longest, ..self }
    }

    /// Sets [`max_retry_after`](Self::max_retry_after).
    #[must_use]
    pub const fn max_retry_after(self, longest: Duration) -> Self {
        Self { max_retry_after: longest, ..self }
    }

    const STANDARD: Self = Self {
        max_attempts: 3,
        max_attempts_retryable: 5,
        retry_ambiguous: false,
        max_backoff: Duration::from_secs(20),
        max_retry_after: Duration::from_secs(60),
    };
}

impl Default for RetryConfig {
    fn default() -> Self {
        Self::STANDARD
    }
}
