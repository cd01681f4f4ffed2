//! The decision, as a pure function of what is known of a failure.

use std::time::{Duration, SystemTime};

use http::{HeaderMap, StatusCode};
use invoke_model_protocol::OperationError;
use invoke_model_transport::TransportErrorKind;

use super::{FailureClass, RetryConfig, backoff, class, is_transient, status_of};
use crate::ErrorKind;
use crate::error::is_daily_quota;

/// What becomes of a call that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Decision {
    /// It ends with its failure.
    End,
    /// It is sent again after a wait, if the bucket pays for it.
    Again {
        /// How long it waits.
        wait: Duration,
        /// Whether a timeout was the cause, for which retries are dearer.
        after_timeout: bool,
    },
}

/// What else is known when a call fails.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Known {
    /// How often it was sent.
    pub(crate) attempts: u32,
    /// The time, for a `Retry-After` that is a date.
    pub(crate) now: SystemTime,
    /// From 0 to 1.
    pub(crate) random: f64,
}

/// Whether a call that failed is sent again.
pub(crate) fn decide<E: OperationError>(
    kind: &ErrorKind<E>,
    retries: &RetryConfig,
    known: Known,
) -> Decision {
    let most = match kind {
        ErrorKind::Service { error, .. } if error.retryable().is_some() => retries.max_attempts_retryable,
        _ => retries.max_attempts,
    };
    if known.attempts >= most || !is_worth_it(kind, retries) {
        return Decision::End;
    }
    let asked = headers(kind).and_then(|headers| backoff::retry_after(headers, known.now));
    let wait = match asked {
        Some(asked) if asked > retries.max_retry_after => return Decision::End,
        Some(asked) => asked,
        None => backoff::backoff(known.attempts, retries.max_backoff, known.random),
    };
    Decision::Again { wait, after_timeout: is_timeout(kind) }
}

/// Whether the same request can succeed, and its first sending has cost nothing or the caller does not mind.
fn is_worth_it<E: OperationError>(kind: &ErrorKind<E>, retries: &RetryConfig) -> bool {
    match (class(kind), kind) {
        (FailureClass::NotSent, ErrorKind::Transport(error)) => is_transient(error.kind()),
        (FailureClass::Rejected, ErrorKind::Service { error, response }) => {
            let later = matches!(status_of(error, response), 429 | 503);
            later && !error.message().is_some_and(is_daily_quota)
        }
        (FailureClass::ServerError, _) => true,
        (FailureClass::Ambiguous, ErrorKind::Transport(error)) => {
            retries.retry_ambiguous && is_transient(error.kind())
        }
        (FailureClass::Ambiguous, ErrorKind::Service { .. }) => retries.retry_ambiguous,
        // The caller's to mend, or an answer that the next attempt would give again.
        _ => false,
    }
}

fn is_timeout<E>(kind: &ErrorKind<E>) -> bool {
    use TransportErrorKind::{ConnectTimeout, ResponseTimeout, Timeout};
    match kind {
        ErrorKind::Transport(error) => matches!(error.kind(), ConnectTimeout | ResponseTimeout | Timeout(_)),
        ErrorKind::Service { response, .. } => response.status() == StatusCode::REQUEST_TIMEOUT,
        _ => false,
    }
}

fn headers<E>(kind: &ErrorKind<E>) -> Option<&HeaderMap> {
    match kind {
        ErrorKind::Service { response, .. } => Some(response.headers()),
        _ => None,
    }
}
