//! A point in time at which an operation must be complete.

use std::future::Future;
use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use super::TimeoutKind;
use crate::TransportError;

/// A deadline by the clock of tokio, with the timeout that it was made from, which errors name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deadline {
    at: Instant,
    timeout: Duration,
}

impl Deadline {
    /// Returns the deadline that is `timeout` from now; `None` if the clock cannot represent it.
    #[must_use]
    pub fn after(timeout: Duration) -> Option<Self> {
        Some(Self { at: Instant::now().checked_add(timeout)?, timeout })
    }

    /// Returns the time that is left; zero if the deadline has passed.
    #[must_use]
    pub fn remaining(&self) -> Duration {
        self.at.saturating_duration_since(Instant::now())
    }

    /// Moves the deadline by `duration` into the future.
    pub fn extend(&mut self, duration: Duration) {
        self.at = self.at.checked_add(duration).unwrap_or(self.at);
    }

    /// Waits for something that must happen before a request is sent, such as loading credentials.
    ///
    /// # Errors
    ///
    /// Returns an error of kind `Timeout(Operation)` if the deadline passes first; `future` is then dropped. The error's
    /// [`may_have_been_sent`](TransportError::may_have_been_sent) is `false`.
    pub async fn bound<F: Future>(self, future: F) -> Result<F::Output, TransportError> {
        timeout_at(self.at, future).await.map_err(|_| self.error().before_sending())
    }

    pub(super) const fn at(&self) -> Instant {
        self.at
    }

    pub(super) const fn timeout(&self) -> Duration {
        self.timeout
    }

    pub(super) fn has_passed(&self) -> bool {
        Instant::now() >= self.at
    }

    pub(super) fn error(&self) -> TransportError {
        TimeoutKind::Operation.error(self.timeout)
    }
}
