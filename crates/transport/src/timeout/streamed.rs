//! The first byte timeout of a request whose body is produced while it is sent.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body::{Body, Frame, SizeHint};
use tokio::sync::oneshot;
use tokio::time::timeout_at;

use crate::body::{RequestBody, ResponseBody};
use crate::deadline::{Deadline, earlier, expired_at};
use crate::error::{TimeoutKind, TransportError};
use crate::progress::RequestProgress;
use crate::transport::{BoxFuture, Transport};

/// Sends a request through `transport`. The timeout `first_byte` starts when the body of the request has
/// ended, or when the transport has dropped the body.
pub(super) fn send(
    transport: &dyn Transport,
    request: Request<RequestBody>,
    progress: RequestProgress,
    first_byte: Duration,
    deadline: Option<Deadline>,
) -> BoxFuture<Result<Response<ResponseBody>, TransportError>> {
    let (sender, ended) = oneshot::channel();
    let request = request.map(|body| RequestBody::from_body(Observed { body, ended: Some(sender) }));
    let mut response = transport.send(request);
    Box::pin(async move {
        let mut ended = pin!(ended);
        let sending = poll_fn(|cx| match response.as_mut().poll(cx) {
            Poll::Ready(result) => Poll::Ready(Some(result)),
            // The channel never carries a value. The receiver returns an error when the body has ended.
            Poll::Pending => ended.as_mut().poll(cx).map(|_| None),
        });
        let result = match deadline {
            Some(deadline) => timeout_at(deadline.at(), sending)
                .await
                .map_err(|_| expired_at(progress.stage(), TimeoutKind::Operation, deadline.timeout()))?,
            None => sending.await,
        };
        if let Some(result) = result {
            return result;
        }
        let first_byte = Deadline::after(first_byte).map(|deadline| (TimeoutKind::FirstByte, deadline));
        match earlier(first_byte, deadline) {
            None => response.await,
            Some((kind, head)) => match timeout_at(head.at(), response).await {
                Ok(result) => result,
                Err(_) => Err(expired_at(progress.stage(), kind, head.timeout())),
            },
        }
    })
}

/// A request body that drops a sender when the body has ended.
struct Observed {
    body: RequestBody,
    ended: Option<oneshot::Sender<()>>,
}

impl Body for Observed {
    type Data = Bytes;
    type Error = TransportError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, TransportError>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(cx));
        if frame.as_ref().is_none_or(Result::is_err) {
            self.ended = None;
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
