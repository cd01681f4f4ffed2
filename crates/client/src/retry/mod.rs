//! Retry configuration, retry decisions and the state that calls share.

mod backoff;
mod clock_skew;
mod decide;
#[cfg(test)]
mod tests;
mod token_bucket;

use std::time::Duration;

pub(crate) use backoff::retry_after;
pub(crate) use clock_skew::ClockSkew;
pub(crate) use decide::{RetryDecision, RetryState, decide};
pub(crate) use token_bucket::{RetryCost, RetryTokenBucket};

use crate::failover::FailoverRules;

/// The retry configuration of a client or of a call. The default is the standard mode of the AWS SDKs, but it
/// retries only requests that the service cannot bill twice.
/// <https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html>
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
/// | 429, or 503 from the service | rejected | yes, except if the daily quota is exhausted |
/// | other 4xx responses | rejected | no |
/// | modeled error with status 500 from the service | server error | yes |
/// | lost connection, expired timeout, 408, 424, other 5xx responses | ambiguous | only if the operation is idempotent, or with [`retry_ambiguous`](Self::retry_ambiguous) |
///
/// A 5xx response is from the service if it has an error code of the service or the header
/// `x-amzn-requestid`. A gateway can send any other 5xx response after it has forwarded the request.
///
/// `GetAsyncInvoke` is an example of an idempotent operation, because it only reads. `StartAsyncInvoke` has an
/// idempotency token, which is the same in all attempts of a call, so the service starts only one invocation:
/// see [`Operation::IS_IDEMPOTENT`](invoke_model_protocol::Operation::IS_IDEMPOTENT).
///
/// # Backoff
///
/// Before a retry, the call waits for a random duration below a bound. The bound starts at one second and
/// doubles with each attempt, up to [`max_backoff`](Self::max_backoff). If the response has a `Retry-After`
/// header, the call waits for the time in the header and not for a random time.
///
/// All calls of a client share a bucket of 500 tokens. A retry takes 5 tokens, or 10 tokens after a timeout.
/// If the bucket has too few tokens, the call fails without a retry. During an outage, this limit prevents a
/// flood of retries.
///
/// `AWS_MAX_ATTEMPTS` sets [`max_attempts`](Self::max_attempts). If the program sets a retry configuration,
/// the client ignores `AWS_MAX_ATTEMPTS`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
#[doc(alias("retry", "backoff", "attempts"))]
pub struct RetryConfig {
    /// Maximum number of attempts, including the first. Default: 3.
    pub max_attempts: u32,
    /// Maximum number of attempts for an error that the Smithy model marks as retryable, such as
    /// `ModelNotReadyException`. Default: 5, as the documentation of the service states for this error.
    pub max_attempts_retryable: u32,
    /// Enables retries of requests that the service may have executed, and may therefore bill twice. Default:
    /// `false`. Requests of idempotent operations are retried in any case, because the service does not bill
    /// them twice.
    pub retry_ambiguous: bool,
    /// Maximum backoff that the client chooses. Default: 20 seconds.
    pub max_backoff: Duration,
    /// Maximum backoff that the service may request. If the service requests a longer backoff, the call
    /// fails. Default: 60 seconds.
    pub max_retry_after: Duration,
    /// The rules of the failover that sends the call, if it can move the call to another target.
    pub(crate) failover: Option<FailoverRules>,
}

impl RetryConfig {
    /// Returns the standard mode of the AWS SDKs, with up to 3 attempts.
    #[must_use]
    pub const fn standard() -> Self {
        Self::STANDARD
    }

    /// Returns a configuration that disables retries, with two exceptions. A call is still retried once if
    /// the local clock was wrong, and once if the credentials had expired. These failures are not billed, and
    /// the next attempt has a different signature.
    #[must_use]
    pub const fn disabled() -> Self {
        Self { max_attempts: 1, max_attempts_retryable: 1, ..Self::STANDARD }
    }

    /// Sets the maximum number of attempts, including the first attempt. The maximum applies to every error.
    /// Sets both [`max_attempts`](Self::max_attempts) and
    /// [`max_attempts_retryable`](Self::max_attempts_retryable).
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
        failover: None,
    };
}

impl Default for RetryConfig {
    fn default() -> Self {
        Self::STANDARD
    }
}
