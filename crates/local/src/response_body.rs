//! Response bodies: complete, unterminated, or a stream of events.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use tokio::sync::mpsc;

use crate::backend::ForwardedBody;
use crate::bidirectional::BidirectionalBody;
use crate::delivery::ResponseProgress;
use crate::quotas::Reservation;
use crate::stream::{BodyError, EventStreamBody, TrackedBytes};

/// The body of a response.
pub(crate) struct ResponseBody {
    content: Content,
    /// The progress to notify when the last byte has been generated.
    progress: Option<Arc<ResponseProgress>>,
    is_over: bool,
    _quota: Option<Reservation>,
}

enum Content {
    /// The complete body, until hyper takes it.
    Buffered(Option<Bytes>),
    /// The complete body in chunks, but without the last chunk that would terminate it.
    Unterminated(Unterminated),
    /// The frames of an event stream, generated one at a time.
    Events(Box<EventStreamBody>),
    /// The frames of a stream whose client also sends events.
    Bidirectional(Box<BidirectionalBody>),
    /// The body of a response that another server sent, or a recorded body.
    Forwarded(ForwardedBody),
}

impl ResponseBody {
    fn new(content: Content) -> Self {
        Self { content, progress: None, is_over: false, _quota: None }
    }

    pub(crate) fn events(events: EventStreamBody) -> Self {
        Self::new(Content::Events(Box::new(events)))
    }

    pub(crate) fn bidirectional(body: BidirectionalBody) -> Self {
        Self::new(Content::Bidirectional(Box::new(body)))
    }

    pub(crate) fn forwarded(body: ForwardedBody) -> Self {
        Self::new(Content::Forwarded(body))
    }

    /// Returns the bytes of a body that is not a stream.
    pub(crate) fn buffered(&self) -> Option<&Bytes> {
        match &self.content {
            Content::Buffered(bytes) => bytes.as_ref(),
            _ => None,
        }
    }

    /// Removes the last chunk of a body that is not a stream.
    pub(crate) fn unterminated(mut self) -> Self {
        if let Content::Buffered(bytes) = &mut self.content {
            self.content =
                Content::Unterminated(Unterminated { bytes: bytes.take(), ..Unterminated::default() });
        }
        self
    }

    /// Keeps a reservation until the body has been sent.
    pub(crate) fn with_reservation(mut self, quota: Option<Reservation>) -> Self {
        self._quota = quota;
        self
    }

    /// Notifies `progress` when the last byte was generated.
    pub(crate) fn with_progress(mut self, progress: Arc<ResponseProgress>) -> Self {
        self.progress = Some(progress);
        self
    }
}

impl From<Bytes> for ResponseBody {
    fn from(body: Bytes) -> Self {
        Self::new(Content::Buffered(Some(body)))
    }
}

impl Body for ResponseBody {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let body = self.get_mut();
        let frame = match &mut body.content {
            Content::Buffered(bytes) => bytes.take().map(|bytes| Ok(Frame::data(bytes))),
            Content::Unterminated(unterminated) => Some(ready!(unterminated.poll(cx))),
            Content::Events(events) => ready!(events.poll_frame(cx)),
            Content::Bidirectional(body) => ready!(body.poll_frame(cx)),
            Content::Forwarded(body) => {
                let frame = ready!(Pin::new(body).poll_frame(cx));
                frame.map(|frame| frame.map_err(BodyError::Forwarded))
            }
        };
        body.is_over = frame.is_none();
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        match &self.content {
            Content::Buffered(bytes) => bytes.as_ref().is_none_or(Bytes::is_empty),
            Content::Unterminated(_)
            | Content::Events(_)
            | Content::Bidirectional(_)
            | Content::Forwarded(_) => false,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.content {
            Content::Buffered(bytes) => SizeHint::with_exact(bytes.as_ref().map_or(0, Bytes::len) as u64),
            Content::Unterminated(_)
            | Content::Events(_)
            | Content::Bidirectional(_)
            | Content::Forwarded(_) => SizeHint::default(),
        }
    }
}

impl Drop for ResponseBody {
    /// Records the end of the body. hyper drops a body when it has taken all bytes or cannot send more bytes.
    fn drop(&mut self) {
        if let Some(progress) = self.progress.as_ref().filter(|_| self.is_over || self.is_end_stream()) {
            progress.set_generated();
        }
    }
}

/// A body that sends bytes and then fails. Because of the error, hyper does not send the last chunk.
#[derive(Default)]
struct Unterminated {
    bytes: Option<Bytes>,
    has_begun: bool,
    written: Option<mpsc::Receiver<Infallible>>,
}

impl Unterminated {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<Frame<Bytes>, BodyError>> {
        if !std::mem::replace(&mut self.has_begun, true) {
            // Lets hyper write the head first.
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        if let Some(bytes) = self.bytes.take().filter(|bytes| !bytes.is_empty()) {
            let (sender, written) = mpsc::channel(1);
            self.written = Some(written);
            let bytes = TrackedBytes::track(bytes, sender);
            return Poll::Ready(Ok(Frame::data(bytes)));
        }
        if let Some(written) = &mut self.written {
            let _ = ready!(written.poll_recv(cx));
        }
        Poll::Ready(Err(BodyError::Truncated))
    }
}
