//! The first byte timeout of a request whose body is sent in parts. It starts again with each part.

use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body::{Body, Frame, SizeHint};
use tokio::time::{Instant, timeout_at};

use crate::body::{RequestBody, ResponseBody};
use crate::deadline::{Deadline, earlier, expired_at};
use crate::error::{TimeoutKind, TransportError};
use crate::progress::RequestProgress;
use crate::transport::{BoxFuture, Transport};

/// The maximum size of a part in bytes. A connection takes a part when its buffer has space again.
const MAX_PART: usize = 64 * 1024;

/// Sends a request through `transport`. The timeout `first_byte` starts again when the transport takes a part
/// of the body.
pub(super) fn send(
    transport: &dyn Transport,
    request: Request<Bytes>,
    progress: RequestProgress,
    first_byte: Duration,
    deadline: Option<Deadline>,
) -> BoxFuture<Result<Response<ResponseBody>, TransportError>> {
    let started = Started(Arc::new(Mutex::new(Instant::now())));
    let request = request.map(|rest| RequestBody::from_body(Parts { rest, started: started.clone() }));
    let mut response = transport.send(request);
    Box::pin(async move {
        loop {
            let start = *started.lock();
            let head = Deadline::starting_at(start, first_byte);
            let head = earlier(head.map(|head| (TimeoutKind::FirstByte, head)), deadline);
            let Some((kind, head)) = head else { return response.await };
            if let Ok(result) = timeout_at(head.at(), response.as_mut()).await {
                return result;
            }
            if kind != TimeoutKind::FirstByte || *started.lock() == start {
                return Err(expired_at(progress.stage(), kind, head.timeout()));
            }
        }
    })
}

/// Returns the bytes of a body that is in memory and has several parts.
pub(super) fn large(body: &RequestBody) -> Option<Bytes> {
    body.as_bytes().filter(|bytes| bytes.len() > MAX_PART).cloned()
}

/// The time at which the timeout has started.
#[derive(Clone)]
struct Started(Arc<Mutex<Instant>>);

impl Started {
    fn lock(&self) -> MutexGuard<'_, Instant> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A request body that returns its bytes in parts.
struct Parts {
    rest: Bytes,
    started: Started,
}

impl Body for Parts {
    type Data = Bytes;
    type Error = TransportError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, TransportError>>> {
        *self.started.lock() = Instant::now();
        let size = self.rest.len().min(MAX_PART);
        let part = self.rest.split_to(size);
        Poll::Ready((!part.is_empty()).then(|| Ok(Frame::data(part))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.rest.len() as u64)
    }
}
