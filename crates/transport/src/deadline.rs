//! Deadlines, and the errors for deadlines that have passed.

use std::future::Future;
use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use crate::error::{TimeoutKind, TransportError, TransportErrorKind};
use crate::progress::RequestStage;

/// A point in time on tokio's clock. It also stores the timeout from which it was computed, because error
/// messages contain this timeout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deadline {
    at: Instant,
    timeout: Duration,
}

impl Deadline {
    /// Returns the deadline that is `timeout` from now, or `None` if the clock cannot represent that time.
    #[must_use]
    pub fn after(timeout: Duration) -> Option<Self> {
        Self::starting_at(Instant::now(), timeout)
    }

    /// Returns the deadline that is `timeout` from `start`, or `None` if the clock cannot represent that time.
    pub(crate) fn starting_at(start: Instant, timeout: Duration) -> Option<Self> {
        Some(Self { at: start.checked_add(timeout)?, timeout })
    }

    /// Returns the remaining time, or zero if the deadline has passed.
    #[must_use]
    pub fn remaining(&self) -> Duration {
        self.at.saturating_duration_since(Instant::now())
    }

    /// Moves the deadline by `duration` into the future.
    pub fn extend(&mut self, duration: Duration) {
        self.at = self.at.checked_add(duration).unwrap_or(self.at);
    }

    /// Waits for a future that must complete before a request is sent, for example a future that loads
    /// credentials.
    ///
    /// # Errors
    ///
    /// Returns an error of kind `Timeout(Operation)` if the deadline passes before `future` completes.
    /// `future` is then dropped. For this error, [`may_have_been_sent`](TransportError::may_have_been_sent)
    /// returns `false`.
    pub async fn bound<F: Future>(self, future: F) -> Result<F::Output, TransportError> {
        timeout_at(self.at, future).await.map_err(|_| self.error().before_sending())
    }

    /// Waits for a future after the request was sent, for example a future that completes when the peer has
    /// read more of the request.
    ///
    /// # Errors
    ///
    /// Returns an error of kind `Timeout(Operation)` if the deadline passes before `future` completes.
    /// `future` is then dropped.
    pub async fn bound_after_sending<F: Future>(self, future: F) -> Result<F::Output, TransportError> {
        timeout_at(self.at, future).await.map_err(|_| self.error())
    }

    pub(crate) const fn at(&self) -> Instant {
        self.at
    }

    pub(crate) const fn timeout(&self) -> Duration {
        self.timeout
    }

    pub(crate) fn has_passed(&self) -> bool {
        Instant::now() >= self.at
    }

    pub(crate) fn error(&self) -> TransportError {
        expired(TimeoutKind::Operation, self.timeout)
    }
}

/// Returns the earlier of a timeout and the deadline of the operation.
pub(crate) fn earlier(
    timeout: Option<(TimeoutKind, Deadline)>,
    operation: Option<Deadline>,
) -> Option<(TimeoutKind, Deadline)> {
    match (timeout, operation) {
        (Some(timeout), Some(operation)) if operation.at >= timeout.1.at => Some(timeout),
        (timeout, None) => timeout,
        (_, Some(operation)) => Some((TimeoutKind::Operation, operation)),
    }
}

/// Returns the error for a timeout of kind `kind` that expired after `timeout`.
pub(crate) fn expired(kind: TimeoutKind, timeout: Duration) -> TransportError {
    let (event, setting, condition) = match kind {
        TimeoutKind::FirstByte => ("no response after", "first_byte", "the model may think longer"),
        TimeoutKind::Idle => ("no data for", "idle", "the model may pause longer"),
        TimeoutKind::Operation => ("not complete after", "operation", "the operation may take longer"),
    };
    let message = format!("{event} {timeout:?}; raise `TimeoutConfig::{setting}` if {condition}");
    TransportError::new(TransportErrorKind::Timeout(kind), message)
}

/// Returns the error for a timeout that expired while a request was at `stage`. The error states whether the
/// request may have been sent.
pub(crate) fn expired_at(stage: RequestStage, kind: TimeoutKind, timeout: Duration) -> TransportError {
    let (reason, advice) = match stage {
        RequestStage::Unknown | RequestStage::Sending => return expired(kind, timeout),
        RequestStage::NotStarted => return expired(kind, timeout).before_sending(),
        RequestStage::Queued => (
            "other requests used all connections",
            "send fewer requests at a time, raise `HyperTransport::builder().max_connections_per_host(..)`,",
        ),
        RequestStage::Resolving => ("the host name was not resolved", "check the DNS server"),
        RequestStage::Connecting => {
            ("no connection was established", "check the endpoint, firewalls and proxies")
        }
        RequestStage::TlsHandshake => {
            ("the TLS handshake was not completed", "check the endpoint, firewalls and proxies")
        }
    };
    let setting = match kind {
        TimeoutKind::FirstByte => "first_byte",
        TimeoutKind::Idle => "idle",
        TimeoutKind::Operation => "operation",
    };
    let message =
        format!("not sent after {timeout:?}, because {reason}; {advice} or raise `TimeoutConfig::{setting}`");
    TransportError::new(TransportErrorKind::Timeout(kind), message).before_sending()
}
