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
/// says that it failed at ([`FailureClass::Failed`]). What it may have worked on is sent again only if
/// [`ambiguous`](Self::ambiguous) says so. Other refusals, and a quota for the day, never are.
///
/// `AWS_MAX_ATTEMPTS` sets [`attempts`](Self::attempts) where the program sets nothing.
///
/// Before it is sent again a call waits for a random time below a bound that doubles from one second on; a
/// `Retry-After` of the service takes its place. Retries are paid for from a bucket that all calls of a client share,
/// so that an outage is not answered with a flood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Retries {
    /// How often a call is sent at the most, the first time included. Default: 3.
    pub max_attempts: u32,
    /// The same for an error that the model marks as passing, as a model that is still being loaded. Default: 5, as the
    /// operation documents it.
    pub max_attempts_retryable: u32,
    /// Whether to send again what the service may have worked on, and charge for twice. Default: no.
    pub ambiguous: bool,
    /// The longest wait that is chosen here. Default: 20 seconds.
    pub max_backoff: Duration,
    /// The longest wait that the service may ask for: a call that should wait longer ends with the refusal.
    /// Default: 60 seconds.
    pub max_retry_after: Duration,
}

impl Retries {
    /// Every call is sent once, but for a refusal that is mended at once: a wrong clock, or credentials that have expired.
    pub const NONE: Self = Self { max_attempts: 1, max_attempts_retryable: 1, ..Self::STANDARD };

    /// So many attempts at the most, whatever the error.
    #[must_use]
    pub fn attempts(max_attempts: u32) -> Self {
        Self { max_attempts, max_attempts_retryable: max_attempts, ..Self::STANDARD }
    }

    const STANDARD: Self = Self {
        max_attempts: 3,
        max_attempts_retryable: 5,
        ambiguous: false,
        max_backoff: Duration::from_secs(20),
        max_retry_after: Duration::from_secs(60),
    };
}

impl Default for Retries {
    fn default() -> Self {
        Self::STANDARD
    }
}
