//! The clock of one call.

use std::time::Duration;

use http::{Request, Response};
use tokio::time::{Instant, timeout_at};

use super::{TimeoutConfig, TimeoutKind, Watch};
use crate::{RequestBody, ResponseBody, Transport, TransportError};

/// The timeouts of a call that has started. One serves all attempts of a call, so that `operation` bounds them together.
#[derive(Clone, Copy, Debug)]
pub struct OperationTimer {
    timeouts: TimeoutConfig,
    end: Option<End>,
}

/// When a call is to be over, and how long that was from its start.
#[derive(Clone, Copy, Debug)]
pub(super) struct End {
    pub(super) at: Instant,
    pub(super) after: Duration,
}

impl OperationTimer {
    pub(super) fn new(timeouts: TimeoutConfig) -> Self {
        // A limit that no clock reaches is none.
        let end = |after| Some(End { at: Instant::now().checked_add(after)?, after });
        Self { timeouts, end: timeouts.operation.and_then(end) }
    }

    /// Sends a request; the body of its response keeps to the timeouts, too.
    ///
    /// # Errors
    /// Those of the transport, and [`TransportErrorKind::Timeout`](crate::TransportErrorKind::Timeout) when one
    /// passed: the call is then given up.
    ///
    /// # Panics
    /// Where there is a deadline to wait for, outside of a tokio runtime with time enabled.
    pub fn send(
        &self,
        transport: &dyn Transport,
        request: Request<RequestBody>,
    ) -> impl Future<Output = Result<Response<ResponseBody>, TransportError>> + Send + use<> {
        // Begun here, so that the future that waits for it does not hold the request.
        let (sending, head, running) = (transport.send(request), self.head(), *self);
        async move {
            let response = match head {
                None => sending.await,
                Some((which, end)) => match timeout_at(end.at, sending).await {
                    Ok(sent) => sent,
                    Err(_) => Err(which.expired(end.after)),
                },
            }?;
            let watch = Watch::new(running.timeouts.idle, running.end);
            Ok(response.map(|body| body.watched(watch)))
        }
    }

    /// Waits for something else that the call needs before it is sent, such as credentials.
    ///
    /// # Errors
    /// The total deadline passed: the future is then dropped, and certainly nothing was sent.
    pub async fn within<F: Future>(&self, future: F) -> Result<F::Output, TransportError> {
        match self.end {
            None => Ok(future.await),
            Some(end) => timeout_at(end.at, future)
                .await
                .map_err(|_| TimeoutKind::Operation.expired(end.after).before_sending()),
        }
    }

    /// Waits for something that does not count: the end of the call moves by as long as it takes.
    pub async fn without<F: Future>(&mut self, future: F) -> F::Output {
        let Some(end) = &mut self.end else { return future.await };
        let start = Instant::now();
        let output = future.await;
        end.at = end.at.checked_add(start.elapsed()).unwrap_or(end.at);
        output
    }

    /// Waits for credentials, which count or not as
    /// [`operation_includes_credentials`](TimeoutConfig::operation_includes_credentials) says.
    ///
    /// # Errors
    /// As [`within`](Self::within), if they count.
    pub async fn credentials<F: Future>(&mut self, future: F) -> Result<F::Output, TransportError> {
        match self.timeouts.operation_includes_credentials {
            true => self.within(future).await,
            false => Ok(self.without(future).await),
        }
    }

    /// What is left of the total; `None` if it has no limit.
    #[must_use]
    pub fn remaining(&self) -> Option<Duration> {
        self.end.map(|end| end.at.saturating_duration_since(Instant::now()))
    }

    /// What bounds the time until the head of a response: the earlier of two timeouts.
    fn head(&self) -> Option<(TimeoutKind, End)> {
        let first_byte = self.timeouts.first_byte.and_then(|after| {
            Some((TimeoutKind::FirstByte, End { at: Instant::now().checked_add(after)?, after }))
        });
        let total = self.end.map(|end| (TimeoutKind::Operation, end));
        match (first_byte, total) {
            (Some(first_byte), Some(total)) if total.1.at < first_byte.1.at => Some(total),
            (first_byte, total) => first_byte.or(total),
        }
    }
}
