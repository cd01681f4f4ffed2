//! The clock of one call.

use std::time::Duration;

use http::{Request, Response};
use tokio::time::{Instant, timeout_at};

use super::{Deadline, Deadlines, Watch};
use crate::{RequestBody, ResponseBody, Transport, TransportError};

/// The deadlines of a call that has started. One serves all attempts of a call, so that `total` bounds them together.
#[derive(Clone, Copy, Debug)]
pub struct Running {
    deadlines: Deadlines,
    end: Option<End>,
}

/// When a call is to be over, and how long that was from its start.
#[derive(Clone, Copy, Debug)]
pub(super) struct End {
    pub(super) at: Instant,
    pub(super) after: Duration,
}

impl Running {
    pub(super) fn new(deadlines: Deadlines) -> Self {
        // A limit that no clock reaches is none.
        let end = |after| Some(End { at: Instant::now().checked_add(after)?, after });
        Self { deadlines, end: deadlines.total.and_then(end) }
    }

    /// Sends a request; the body of its response keeps to the deadlines, too.
    ///
    /// # Errors
    /// Those of the transport, and [`TransportErrorKind::Deadline`](crate::TransportErrorKind::Deadline) when one
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
            let watch = Watch::new(running.deadlines.idle, running.end);
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
                .map_err(|_| Deadline::Total.expired(end.after).before_sending()),
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
    /// [`total_covers_credentials`](Deadlines::total_covers_credentials) says.
    ///
    /// # Errors
    /// As [`within`](Self::within), if they count.
    pub async fn credentials<F: Future>(&mut self, future: F) -> Result<F::Output, TransportError> {
        match self.deadlines.total_covers_credentials {
            true => self.within(future).await,
            false => Ok(self.without(future).await),
        }
    }

    /// What is left of the total; `None` if it has no limit.
    #[must_use]
    pub fn remaining(&self) -> Option<Duration> {
        self.end.map(|end| end.at.saturating_duration_since(Instant::now()))
    }

    /// What bounds the time until the head of a response: the earlier of two deadlines.
    fn head(&self) -> Option<(Deadline, End)> {
        let first_byte = self.deadlines.first_byte.and_then(|after| {
            Some((Deadline::FirstByte, End { at: Instant::now().checked_add(after)?, after }))
        });
        let total = self.end.map(|end| (Deadline::Total, end));
        match (first_byte, total) {
            (Some(first_byte), Some(total)) if total.1.at < first_byte.1.at => Some(total),
            (first_byte, total) => first_byte.or(total),
        }
    }
}
