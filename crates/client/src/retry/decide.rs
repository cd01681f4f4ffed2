//! The retry decision, as a pure function.

use std::time::{Duration, SystemTime};

use http::HeaderMap;

use super::RetryConfig;
use super::backoff::{backoff, retry_after};
use crate::error::{
    ErrorKind, ServiceErrorDetails, TruncationCause, class, is_daily_quota, is_transient, status_of,
};
use crate::metadata::FailureClass;

/// The decision whether to retry a failed call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RetryDecision {
    /// The call fails.
    Fail,
    /// The call is retried after the backoff, if the token bucket has enough tokens.
    Retry {
        /// The time to wait before the next attempt.
        backoff: Duration,
        /// `true` if the failure was a timeout. A retry after a timeout costs more tokens.
        after_timeout: bool,
    },
}

/// The state of a call after a failed attempt.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RetryState {
    /// The number of requests sent.
    pub(crate) attempts: u32,
    /// `true` if a repeated request of the operation has the same effect as a single request.
    pub(crate) is_idempotent: bool,
    /// The current time. [`decide`] compares it with a `Retry-After` header that contains a date.
    pub(crate) now: SystemTime,
    /// A random number from 0 to 1.
    pub(crate) random: f64,
}

/// Decides if the client retries a call after a failure.
pub(crate) fn decide<E: ServiceErrorDetails>(
    kind: &ErrorKind<E>,
    retries: &RetryConfig,
    state: RetryState,
) -> RetryDecision {
    let max_attempts = match kind {
        ErrorKind::Service { error, .. } if error.retryable().is_some() => retries.max_attempts_retryable,
        _ => retries.max_attempts,
    };
    let retries_ambiguous = retries.retry_ambiguous || state.is_idempotent;
    if state.attempts >= max_attempts || !is_retried(kind, retries_ambiguous) {
        return RetryDecision::Fail;
    }
    // Another target is better than a backoff.
    if retries.failover.is_some_and(|rules| rules.ends_retries(kind, state.attempts, retries_ambiguous)) {
        return RetryDecision::Fail;
    }
    let requested = headers(kind).and_then(|headers| retry_after(headers, state.now));
    let backoff = match requested {
        Some(requested) if requested > retries.max_retry_after => return RetryDecision::Fail,
        Some(requested) => requested,
        None => backoff(state.attempts, retries.max_backoff, state.random),
    };
    RetryDecision::Retry { backoff, after_timeout: kind.is_timeout() }
}

/// Returns `true` if a retry may succeed and is allowed. If the service may have executed the request, the
/// retry is allowed only if `retry_ambiguous` is `true`.
fn is_retried<E: ServiceErrorDetails>(kind: &ErrorKind<E>, retry_ambiguous: bool) -> bool {
    match (class(kind), kind) {
        (FailureClass::NotSent, ErrorKind::Transport(error)) => is_transient(error.kind()),
        (FailureClass::Rejected, ErrorKind::Service { error, response }) => {
            let is_temporary = matches!(status_of(error, response), 429 | 503);
            is_temporary && !error.message().is_some_and(is_daily_quota)
        }
        (FailureClass::ServerError, _) => true,
        (FailureClass::Ambiguous, ErrorKind::Transport(error)) => {
            retry_ambiguous && is_transient(error.kind())
        }
        (FailureClass::Ambiguous, ErrorKind::Service { .. }) => retry_ambiguous,
        // A response whose end is unknown is not requested again, because the next response would have the
        // same form.
        (FailureClass::Ambiguous, ErrorKind::Truncated(error)) => {
            retry_ambiguous && !matches!(error.cause, TruncationCause::UnknownEnd)
        }
        // A retry does not help after a mistake of the caller, or if the next attempt would return the same
        // response.
        _ => false,
    }
}

fn headers<E>(kind: &ErrorKind<E>) -> Option<&HeaderMap> {
    match kind {
        ErrorKind::Service { response, .. } => Some(response.headers()),
        _ => None,
    }
}
