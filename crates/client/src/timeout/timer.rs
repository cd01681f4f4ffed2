//! The timer of one call.

use std::future::{Future, pending};
use std::time::Duration;

use http::{Request, Response};
use invoke_model_transport::{
    Deadline, RequestBody, RequestTimeouts, ResponseBody, Transport, TransportError,
};
use tokio::time::Instant;

use super::TimeoutConfig;

/// The timer of one call. All attempts of the call use the same timer, so the operation timeout applies to
/// their total time.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OperationTimer {
    requests: RequestTimeouts,
    includes_credentials: bool,
}

impl OperationTimer {
    pub(super) fn new(timeouts: TimeoutConfig) -> Self {
        let TimeoutConfig {
            connect,
            first_byte,
            idle,
            operation,
            operation_includes_credentials,
            deadline,
            ..
        } = timeouts;
        // A timeout that the clock cannot represent never expires.
        let own = operation.and_then(Deadline::after);
        let deadline = match (own, deadline) {
            (Some(own), Some(shared)) if own.remaining() < shared.remaining() => Some(own),
            (own, shared) => shared.or(own),
        };
        let requests = RequestTimeouts { connect, first_byte, idle, deadline, ..Default::default() };
        Self { requests, includes_credentials: operation_includes_credentials }
    }

    /// Sends a request. The timeouts also apply to the body of the response.
    ///
    /// # Errors
    ///
    /// Returns the same errors as [`RequestTimeouts::send`].
    pub(crate) fn send(
        &self,
        transport: &dyn Transport,
        request: Request<RequestBody>,
    ) -> impl Future<Output = Result<Response<ResponseBody>, TransportError>> + Send + use<> {
        self.requests.send(transport, request)
    }

    /// Waits for `future`, for example for a quota permit, before a request is sent. The wait counts against
    /// the operation timeout.
    ///
    /// # Errors
    ///
    /// Drops `future` and returns an error if the operation timeout expires first. The error states that the
    /// request was not sent.
    pub(crate) async fn bound<F: Future>(&self, future: F) -> Result<F::Output, TransportError> {
        match self.requests.deadline {
            None => Ok(future.await),
            Some(deadline) => deadline.bound(future).await,
        }
    }

    /// Returns an error if the operation timeout has expired before a request was sent.
    ///
    /// # Errors
    ///
    /// Returns the same error as [`bound`](Self::bound).
    pub(crate) async fn check(&self) -> Result<(), TransportError> {
        match self.remaining() {
            Some(Duration::ZERO) => self.bound(pending()).await,
            _ => Ok(()),
        }
    }

    /// Waits for `future`, and extends the deadline by the duration of the wait. Therefore the wait does not
    /// count against the operation timeout.
    pub(crate) async fn pause_during<F: Future>(&mut self, future: F) -> F::Output {
        let Some(deadline) = &mut self.requests.deadline else { return future.await };
        let start = Instant::now();
        let output = future.await;
        deadline.extend(start.elapsed());
        output
    }

    /// Waits for credentials. The wait counts against the operation timeout only if
    /// [`operation_includes_credentials`](TimeoutConfig::operation_includes_credentials) is set.
    ///
    /// # Errors
    ///
    /// Returns the same errors as [`bound`](Self::bound) if the wait counts. Otherwise, this function does
    /// not fail.
    pub(crate) async fn credentials<F: Future>(&mut self, future: F) -> Result<F::Output, TransportError> {
        match self.includes_credentials {
            true => self.bound(future).await,
            false => Ok(self.pause_during(future).await),
        }
    }

    /// Returns the deadline of the operation timeout.
    pub(crate) fn deadline(&self) -> Option<Deadline> {
        self.requests.deadline
    }

    /// Returns the remaining time of the operation timeout, or `None` if that timeout is not set.
    pub(crate) fn remaining(&self) -> Option<Duration> {
        self.requests.deadline.map(|deadline| deadline.remaining())
    }
}
