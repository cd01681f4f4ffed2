//! Timeouts of a call and of its attempts.

#[cfg(test)]
mod tests;
mod timer;

use std::time::Duration;

use invoke_model_transport::Deadline;

pub(crate) use timer::OperationTimer;

/// Timeouts of a call and of its attempts. `None` disables a timeout.
///
/// The defaults are made for inference. A model may take as long as the service permits before it responds,
/// and may pause while it sends the response. Therefore the default configuration sets only the idle timeout,
/// to 15 minutes, and the timeout of interceptors, to 30 seconds. TCP keepalive detects a dead peer much earlier: see
/// [`HyperTransportBuilder::tcp_keepalive`](crate::HyperTransportBuilder::tcp_keepalive).
///
/// ```
/// use std::time::Duration;
///
/// use invoke_model_client::TimeoutConfig;
///
/// let timeouts = TimeoutConfig::default()
///     .connect(Duration::from_secs(3))
///     .idle(Duration::from_secs(60))
///     .operation(Duration::from_secs(600));
/// assert_eq!(timeouts.first_byte, None);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
#[doc(alias = "deadline")]
#[doc(alias = "read_timeout")]
pub struct TimeoutConfig {
    /// Time to establish a connection. The time includes name resolution, TCP, the tunnel through a proxy,
    /// and the TLS handshake. Default: `None`. In this case, the transport's own connect timeout applies.
    /// [`HyperTransport`](crate::HyperTransport) has a connect timeout of 10 seconds by default.
    ///
    /// The client passes this timeout to the transport in the request extension
    /// [`ConnectTimeout`](invoke_model_transport::ConnectTimeout). A transport that does not read the
    /// extension uses its own connect timeout.
    pub connect: Option<Duration>,
    /// Time from sending a request until the response's status and headers arrive, for each attempt. The time
    /// includes connecting and sending the request body. If the request contains events, the time starts when
    /// the caller [closes](crate::EventSender::close) the input. Default: none.
    pub first_byte: Option<Duration>,
    /// Time that one read of a response body may wait for data. The time between two reads does not count.
    /// Default: 15 minutes.
    pub idle: Option<Duration>,
    /// Time from the start of the call to the last byte of the response, including all attempts and the
    /// backoff between them. Default: none.
    pub operation: Option<Duration>,
    /// Time that a hook of an [interceptor](crate::Intercept) may take before a request is sent. The hooks are
    /// `before_sign` and `before_send`. Default: 30 seconds.
    pub interceptor: Option<Duration>,
    /// If `true`, the operation timeout includes the time to load credentials. With the default `false`, a
    /// slow credentials provider does not cause a timeout of the call. Loading credentials has a separate
    /// timeout, [`CredentialsCacheConfig::load_timeout`](crate::CredentialsCacheConfig::load_timeout).
    pub operation_includes_credentials: bool,
    /// A deadline that the call shares with calls to other targets.
    pub(crate) deadline: Option<Deadline>,
}

impl TimeoutConfig {
    /// Returns a configuration that sets no timeout. The transport's own connect timeout still applies.
    #[must_use]
    pub const fn disabled() -> Self {
        Self {
            connect: None,
            first_byte: None,
            idle: None,
            operation: None,
            interceptor: None,
            operation_includes_credentials: false,
            deadline: None,
        }
    }

    /// Sets [`connect`](Self::connect). `None` selects the transport's own connect timeout.
    #[must_use]
    #[doc(alias = "connect_timeout")]
    pub fn connect(self, timeout: impl Into<Option<Duration>>) -> Self {
        Self { connect: timeout.into(), ..self }
    }

    /// Sets [`first_byte`](Self::first_byte). `None` disables this timeout.
    #[must_use]
    #[doc(alias = "operation_attempt_timeout")]
    pub fn first_byte(self, timeout: impl Into<Option<Duration>>) -> Self {
        Self { first_byte: timeout.into(), ..self }
    }

    /// Sets [`idle`](Self::idle). `None` disables this timeout.
    #[must_use]
    #[doc(alias = "read_timeout")]
    pub fn idle(self, timeout: impl Into<Option<Duration>>) -> Self {
        Self { idle: timeout.into(), ..self }
    }

    /// Sets [`operation`](Self::operation). `None` disables this timeout.
    #[must_use]
    #[doc(alias = "operation_timeout")]
    pub fn operation(self, timeout: impl Into<Option<Duration>>) -> Self {
        Self { operation: timeout.into(), ..self }
    }

    /// Sets [`interceptor`](Self::interceptor). `None` disables this timeout.
    #[must_use]
    pub fn interceptor(self, timeout: impl Into<Option<Duration>>) -> Self {
        Self { interceptor: timeout.into(), ..self }
    }

    /// Sets [`operation_includes_credentials`](Self::operation_includes_credentials).
    #[must_use]
    pub fn operation_includes_credentials(self, yes: bool) -> Self {
        Self { operation_includes_credentials: yes, ..self }
    }

    /// Starts the timer of a call.
    pub(crate) fn start(self) -> OperationTimer {
        OperationTimer::new(self)
    }
}

impl Default for TimeoutConfig {
    fn default() -> Self {
        let (idle, interceptor) = (Some(Duration::from_secs(15 * 60)), Some(Duration::from_secs(30)));
        Self { idle, interceptor, ..Self::disabled() }
    }
}
