//! Retries: which failures are retried, and after which wait.

mod backoff;
mod clock_skew;
mod decide;
#[cfg(test)]
mod tests;
mod token_bucket;

use std::time::Duration;

pub(crate) use clock_skew::ClockSkew;
pub(crate) use decide::{RetryDecision, RetryState, decide};
pub(crate) use token_bucket::{RetryCost, RetryTokenBucket};

/// The retry configuration of a client or of a call: the standard mode of the AWS SDKs, restricted to retries
/// that cannot be billed twice. <https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html>
///
/// ```
/// use std::time::Duration;
///
/// use invoke_model_client::{Config, RetryConfig};
///
/// let retries = RetryConfig::standard().max_attempts(5).max_backoff(Duration::from_secs(10));
/// let config = Config::builder().region("us-east-1").retry_config(retries);
/// # config.build().unwrap();
/// ```
///
/// # Failures that are retried
///
/// | failure | [class](crate::FailureClass) | retried |
/// |---|---|---|
/// | no connection | not sent | yes |
/// | 429, 503 | rejected | yes, except an exhausted daily quota |
/// | other 4xx responses | rejected | no |
/// | modeled error with status 500 | server error | yes |
/// | lost connection, expired timeout, 408, 424, other 5xx responses | ambiguous | only with [`retry_ambiguous`](Self::retry_ambiguous) |
///
/// # Backoff
///
/// Before a retry, the call waits for a random duration below a bound that starts at one second and doubles
/// with each attempt, up to [`max_backoff`](Self::max_backoff). A `Retry-After` of the service replaces it.
///
/// All calls of a client share a bucket of 500 tokens. A retry takes 5, after a timeout 10, and a call fails
/// without a retry if there are too few. During an outage this prevents a flood of retries.
///
/// `AWS_MAX_ATTEMPTS` sets [`max_attempts`](Self::max_attempts) unless the program sets a retry
/// configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
#[doc(alias("retry", "backoff", "attempts"))]
pub struct RetryConfig {
    /// Maximum number of attempts, including the first. Default: 3.
    pub max_attempts: u32,
    /// Maximum number of attempts for an error that the model marks as retryable, such as a model that is
    /// still loading. Default: 5, as the documentation of the operation says.
    pub max_attempts_retryable: u32,
    /// Enables retries of requests that the service may have executed, and may therefore bill twice. Default:
    /// `false`.
    pub retry_ambiguous: bool,
    /// Maximum backoff that the client chooses. Default: 20 seconds.
    pub max_backoff: Duration,
    /// Maximum wait that the service may request: if it requests more, the call fails. Default: 60 seconds.
    pub max_retry_after: Duration,
}

impl RetryConfig {
    /// Returns the standard mode of the AWS SDKs: up to 3 attempts.
    #[must_use]
    pub const fn standard() -> Self {
        Self::STANDARD
    }

    /// Returns a configuration that never retries, except once after a wrong clock or expired credentials,
    /// because these failures cost nothing and the next attempt differs.
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
    pub const fn max_backoff(self, duration: Duration) -> Self {
        Self { max_backoff: duration, ..self }
    }

    /// Sets [`max_retry_after`](Self::max_retry_after).
    #[must_use]
    pub const fn max_retry_after(self, duration: Duration) -> Self {
        Self { max_retry_after: duration, ..self }
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
