//! Timeouts of one request and its response.

mod parts;
mod streamed;
#[cfg(test)]
mod tests;

use std::future::Future;
use std::time::Duration;

use http::{Request, Response};
use http_body::Body;
use tokio::time::timeout_at;

use crate::body::{BodyTimer, RequestBody, ResponseBody};
#[cfg(test)]
use crate::deadline::expired;
use crate::deadline::{Deadline, earlier, expired_at};
use crate::error::{TimeoutKind, TransportError};
use crate::progress::{RequestProgress, RequestStage};
use crate::transport::{BoxFuture, ConnectTimeout, Transport};

/// The timeouts of one request and its response. These timeouts work with any [`Transport`]. `None` disables
/// a timeout. By default, all timeouts are disabled.
///
/// ```
/// use std::time::Duration;
///
/// use bytes::Bytes;
/// use invoke_model_transport::{RequestBody, RequestTimeouts, Transport, TransportError};
///
/// async fn post(transport: &dyn Transport, request: http::Request<RequestBody>) -> Result<Bytes, TransportError> {
///     let timeouts = RequestTimeouts { idle: Some(Duration::from_secs(60)), ..RequestTimeouts::default() };
///     timeouts.send(transport, request).await?.into_body().collect().await
/// }
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[doc(alias = "TimeoutConfig")]
pub struct RequestTimeouts {
    /// The connect timeout of this request. `None` keeps the connect timeout of the transport.
    ///
    /// This timeout is passed to the transport as a [`ConnectTimeout`] in the request's extensions. Only
    /// transports that read this extension apply the timeout, for example `HyperTransport`.
    pub connect: Option<Duration>,
    /// The time from sending the request until the response's status and headers arrive. This time includes
    /// connecting and sending the request body.
    ///
    /// If the length of the request body is unknown, the time starts when the body has ended. Such a body is
    /// often produced while it is sent, so its end does not depend on the server.
    pub first_byte: Option<Duration>,
    /// Restarts `first_byte` while a large request body is sent with progress.
    ///
    /// If `true`, a body in memory of more than 64 KiB is passed to the transport in parts. The time of
    /// `first_byte` starts again when the transport takes a part, because it has sent most of the previous
    /// parts then. Other bodies are not affected.
    pub first_byte_restarts: bool,
    /// The time that one read of the response body may wait for data. The time between two reads does not
    /// count.
    pub idle: Option<Duration>,
    /// The point in time at which the response must be complete, including its body.
    pub deadline: Option<Deadline>,
}

impl RequestTimeouts {
    /// Sends a request through `transport`. The timeouts also apply to the response body.
    ///
    /// # Errors
    ///
    /// Returns the errors of the transport. If a timeout expires, drops the request and returns an error of
    /// kind [`TransportErrorKind::Timeout`](crate::TransportErrorKind::Timeout). The error states that the
    /// request was not sent if the [`RequestProgress`] proves this.
    ///
    /// # Panics
    ///
    /// The future panics if a timeout is set, and the future is polled outside of a tokio runtime, or in a
    /// runtime that does not enable time.
    pub fn send(
        &self,
        transport: &dyn Transport,
        mut request: Request<RequestBody>,
    ) -> impl Future<Output = Result<Response<ResponseBody>, TransportError>> + Send + use<> {
        if let Some(connect) = self.connect {
            request.extensions_mut().insert(ConnectTimeout(connect));
        }
        let (idle, deadline) = (self.idle, self.deadline);
        // Calls `Transport::send` outside of the async block, because the future would otherwise store the
        // request.
        let response = match self.first_byte.is_some() || deadline.is_some() {
            true => self.send_in_time(transport, request),
            false => {
                if let Some(progress) = request.extensions().get::<RequestProgress>() {
                    progress.reach(RequestStage::Unknown);
                }
                transport.send(request)
            }
        };
        async move {
            let response = response.await?;
            let timer = BodyTimer::new(idle, deadline);
            Ok(response.map(|body| body.with_timer(timer)))
        }
    }

    /// Sends a request, and waits for the head of its response until a timeout expires.
    fn send_in_time(
        &self,
        transport: &dyn Transport,
        mut request: Request<RequestBody>,
    ) -> BoxFuture<Result<Response<ResponseBody>, TransportError>> {
        let progress = request.extensions_mut().get_or_insert_default::<RequestProgress>().clone();
        progress.reach(RequestStage::Unknown);
        if let Some(first_byte) = self.first_byte.filter(|_| request.body().size_hint().exact().is_none()) {
            return streamed::send(transport, request, progress, first_byte, self.deadline);
        }
        if let Some(first_byte) = self.first_byte.filter(|_| self.first_byte_restarts) {
            if let Some(body) = parts::large(request.body()) {
                return parts::send(transport, request.map(|_| body), progress, first_byte, self.deadline);
            }
        }
        let (response, head) = (transport.send(request), self.head_deadline());
        Box::pin(async move {
            let Some((kind, head)) = head else { return response.await };
            let result = timeout_at(head.at(), response).await;
            result.unwrap_or_else(|_| Err(expired_at(progress.stage(), kind, head.timeout())))
        })
    }

    /// Returns the deadline for the head of the response: the earlier of `first_byte` and `deadline`.
    fn head_deadline(&self) -> Option<(TimeoutKind, Deadline)> {
        let first_byte = self.first_byte.and_then(Deadline::after);
        earlier(first_byte.map(|first_byte| (TimeoutKind::FirstByte, first_byte)), self.deadline)
    }
}
