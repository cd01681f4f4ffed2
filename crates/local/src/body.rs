//! The body of an answer: whole, or frame by frame.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use tokio::sync::oneshot;

use crate::answering::Sent;
use crate::quotas::Reservation;
use crate::stream::{Broken, Events};

/// What an answer carries.
pub(crate) struct AnswerBody {
    content: Content,
    /// Told when all of it was made.
    sent: Option<Arc<Sent>>,
    is_over: bool,
    _quota: Option<Reservation>,
}

enum Content {
    /// All of it at once, while it was not taken.
    Whole(Option<Bytes>),
    /// All of it in chunks, without the last one, which ends a body.
    Unended(Unended),
    /// The frames of a stream, each when it is made.
    Events(Box<Events>),
}

impl AnswerBody {
    fn new(content: Content) -> Self {
        Self { content, sent: None, is_over: false, _quota: None }
    }

    pub(crate) fn events(events: Events) -> Self {
        Self::new(Content::Events(Box::new(events)))
    }

    /// All of it, where it is not made as it is sent.
    pub(crate) fn whole(&self) -> Option<&Bytes> {
        match &self.content {
            Content::Whole(bytes) => bytes.as_ref(),
            _ => None,
        }
    }

    /// The same without an end, where it is not made as it is sent.
    pub(crate) fn unended(mut self) -> Self {
        if let Content::Whole(bytes) = &mut self.content {
            self.content = Content::Unended(Unended { bytes: bytes.take(), ..Unended::default() });
        }
        self
    }

    /// The same, holding what was taken from the quotas.
    pub(crate) fn holding(mut self, quota: Option<Reservation>) -> Self {
        self._quota = quota;
        self
    }

    /// The same, telling when all of it was made.
    pub(crate) fn telling(mut self, sent: Arc<Sent>) -> Self {
        self.sent = Some(sent);
        self
    }
}

impl From<Bytes> for AnswerBody {
    fn from(body: Bytes) -> Self {
        Self::new(Content::Whole(Some(body)))
    }
}

impl Body for AnswerBody {
    type Data = Bytes;
    type Error = Broken;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Broken>>> {
        let body = self.get_mut();
        let frame = match &mut body.content {
            Content::Whole(bytes) => bytes.take().map(|bytes| Ok(Frame::data(bytes))),
            Content::Unended(unended) => Some(ready!(unended.poll(cx))),
            Content::Events(events) => ready!(events.poll_frame(cx)),
        };
        body.is_over = frame.is_none();
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        match &self.content {
            Content::Whole(bytes) => bytes.as_ref().is_none_or(Bytes::is_empty),
            Content::Unended(_) | Content::Events(_) => false,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.content {
            Content::Whole(bytes) => SizeHint::with_exact(bytes.as_ref().map_or(0, Bytes::len) as u64),
            Content::Unended(_) | Content::Events(_) => SizeHint::default(),
        }
    }
}

impl Drop for AnswerBody {
    /// hyper lets go of a body when it has all of it, or when it cannot send more.
    fn drop(&mut self) {
        if let Some(sent) = self.sent.as_ref().filter(|_| self.is_over || self.is_end_stream()) {
            sent.made();
        }
    }
}

/// Bytes that leave, and then an error, so that hyper does not end the body.
#[derive(Default)]
struct Unended {
    bytes: Option<Bytes>,
    has_begun: bool,
    leaving: Option<oneshot::Receiver<Infallible>>,
}

impl Unended {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<Frame<Bytes>, Broken>> {
        if !std::mem::replace(&mut self.has_begun, true) {
            // The head leaves first.
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        if let Some(bytes) = self.bytes.take().filter(|bytes| !bytes.is_empty()) {
            let (bytes, leaving) = Outgoing::watch(bytes);
            self.leaving = Some(leaving);
            return Poll::Ready(Ok(Frame::data(bytes)));
        }
        if let Some(leaving) = &mut self.leaving {
            let _ = ready!(Pin::new(leaving).poll(cx));
        }
        Poll::Ready(Err(Broken::Cut))
    }
}

/// Bytes whose departure is noticed: hyper drops them when the socket has taken them all.
pub(crate) struct Outgoing<T> {
    bytes: T,
    _written: oneshot::Sender<Infallible>,
}

impl<T: AsRef<[u8]> + Send + 'static> Outgoing<T> {
    /// The bytes, and what ends, without a word, when they have left.
    pub(crate) fn watch(bytes: T) -> (Bytes, oneshot::Receiver<Infallible>) {
        let (written, leaving) = oneshot::channel();
        (Bytes::from_owner(Self { bytes, _written: written }), leaving)
    }
}

impl<T: AsRef<[u8]>> AsRef<[u8]> for Outgoing<T> {
    fn as_ref(&self) -> &[u8] {
        self.bytes.as_ref()
    }
}
