//! Limits on the time of a call, each with a name and a length of its own.

#[cfg(test)]
mod tests;
mod timer;
mod watch;

use std::time::Duration;

use crate::{TransportError, TransportErrorKind};
pub use timer::OperationTimer;
pub(crate) use watch::Watch;

/// How long a call may take, and its parts; `None` is no limit.
///
/// The defaults are made for inference: a model may think for as long as the service lets it, and pause between two
/// parts of an answer. So only silence in the midst of an answer ends a call, and that of 15 minutes. A peer that is
/// gone is found by TCP keepalive, long before: see `HyperTransportBuilder::tcp_keepalive`. How long connecting may
/// take is the transport's own setting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TimeoutConfig {
    /// From sending a request to the head of its response, connecting and the request's body included. Default: none.
    pub first_byte: Option<Duration>,
    /// How long a reader waits for the next bytes of a body. Only waiting counts: a slow reader is not a slow peer.
    /// Default: 15 minutes.
    pub idle: Option<Duration>,
    /// From the start of the call to the last byte of the answer, all attempts and the waits between them included.
    /// Default: none.
    pub operation: Option<Duration>,
    /// Whether `operation` also covers the wait for credentials. Default: no, so that the one call that finds them to be
    /// renewed is not the one that fails; their own timeout bounds that wait.
    pub operation_includes_credentials: bool,
}

impl TimeoutConfig {
    /// Returns a configuration without any timeout.
    #[must_use]
    pub const fn disabled() -> Self {
        Self { first_byte: None, idle: None, operation: None, operation_includes_credentials: false }
    }

    /// Sets [`first_byte`](Self::first_byte); `None` disables it.
    #[must_use]
    pub fn first_byte(self, timeout: impl Into<Option<Duration>>) -> Self {
        Self { first_byte: timeout.into(), ..self }
    }

    /// Sets [`idle`](Self::idle); `None` disables it.
    #[must_use]
    pub fn idle(self, timeout: impl Into<Option<Duration>>) -> Self {
        Self { idle: timeout.into(), ..self }
    }

    /// Sets [`operation`](Self::operation); `None` disables it.
    #[must_use]
    pub fn operation(self, timeout: impl Into<Option<Duration>>) -> Self {
        Self { operation: timeout.into(), ..self }
    }

    /// Sets [`operation_includes_credentials`](Self::operation_includes_credentials).
    #[must_use]
    pub fn operation_includes_credentials(self, yes: bool) -> Self {
        Self { operation_includes_credentials: yes, ..self }
    }

    /// Starts the clock of a call.
    #[must_use]
    pub fn start(self) -> OperationTimer {
        OperationTimer::new(self)
    }
}

impl Default for TimeoutConfig {
    fn default() -> Self {
        Self { idle: Some(Duration::from_secs(15 * 60)), ..Self::disabled() }
    }
}

/// The name of a deadline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TimeoutKind {
    /// [`TimeoutConfig::first_byte`].
    FirstByte,
    /// [`TimeoutConfig::idle`].
    Idle,
    /// [`TimeoutConfig::total`].
    Operation,
}

impl TimeoutKind {
    /// The error of its expiry: which one, how long it was, and what to set.
    fn expired(self, after: Duration) -> TransportError {
        let words = match self {
            Self::FirstByte => format!("none after {after:?}; a longer `first_byte` deadline waits longer"),
            Self::Idle => format!("nothing came for {after:?}; a longer `idle` deadline waits longer"),
            Self::Operation => {
                format!("it was not done after {after:?}; a longer `operation` deadline lets it take longer")
            }
        };
        TransportError::new(TransportErrorKind::Timeout(self), words)
    }

    /// What happened, as the beginning of an error's line.
    pub(crate) const fn phrase(self) -> &'static str {
        match self {
            Self::FirstByte => "no answer in time",
            Self::Idle => "the answer fell silent",
            Self::Operation => "the call took too long",
        }
    }
}
