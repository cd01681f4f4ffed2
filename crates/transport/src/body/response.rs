//! The body of a response.

use std::error::Error;
use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Bytes, BytesMut};
use futures_core::Stream;
use http_body::{Body, Frame, SizeHint};

use super::boxed::BoxBody;
use super::request::take_frame;
use super::{BodyTimer, HyperBody};
use crate::error::{TransportError, TransportErrorKind};

/// The maximum number of bytes that [`ResponseBody::collect`] reserves in advance, even if `Content-Length`
/// is larger.
const LARGEST_RESERVE: u64 = 8 << 20;

/// The body of a response. Read it [to its end](Self::collect) or [chunk by chunk](Self::chunk) as it
/// arrives. The `Stream` implementation yields the same chunks.
///
/// If a body ends too early, reading it fails with an error of kind [`TransportErrorKind::BodyIncomplete`]. A
/// truncated body is never returned as a success.
///
/// There is one exception: a body without `Content-Length` and without chunks ends when its connection is
/// closed ([RFC 9112, 6.3](https://www.rfc-editor.org/rfc/rfc9112#section-6.3-2.8)). A truncation of such a
/// body cannot be detected. For such a body, [`ends_with_connection`](Self::ends_with_connection) returns
/// `true`.
///
/// Dropping a body that was not read to its end closes its connection (HTTP/1) or resets its stream (HTTP/2).
/// The `Debug` output contains no bytes of the body.
pub struct ResponseBody {
    inner: Inner,
    ends_with_connection: bool,
    timer: Option<BodyTimer>,
}

enum Inner {
    /// `None` after the bytes have been read.
    InMemory(Option<Bytes>),
    #[cfg_attr(
        not(feature = "hyper"),
        expect(dead_code, reason = "without hyper, this variant is never constructed")
    )]
    Hyper(HyperBody),
    Boxed(BoxBody),
}

impl ResponseBody {
    /// Wraps a body of another HTTP library. Errors of that body become errors of kind
    /// [`TransportErrorKind::BodyIncomplete`].
    pub fn from_body<B>(body: B) -> Self
    where
        B: Body<Data = Bytes> + Send + 'static,
        B::Error: Into<Box<dyn Error + Send + Sync>>,
    {
        Self::new(Inner::Boxed(BoxBody::new(body, TransportErrorKind::BodyIncomplete)))
    }

    #[cfg(feature = "hyper")]
    pub(crate) fn from_hyper(body: HyperBody, ends_with_connection: bool) -> Self {
        Self { ends_with_connection, ..Self::new(Inner::Hyper(body)) }
    }

    /// Marks a body whose end is marked only by the end of the connection.
    #[cfg(feature = "tower")]
    pub(crate) fn ending_with_connection(self) -> Self {
        Self { ends_with_connection: true, ..self }
    }

    #[cfg(feature = "timeouts")]
    pub(crate) fn with_timer(self, timer: Option<BodyTimer>) -> Self {
        Self { timer, ..self }
    }

    const fn new(inner: Inner) -> Self {
        Self { inner, ends_with_connection: false, timer: None }
    }

    /// Returns `true` if only the end of the connection marks the end of the body. In this case, a truncated
    /// body looks like a complete body. Only bodies from `HyperTransport` can return `true`; all other bodies
    /// return `false`.
    #[must_use]
    pub fn ends_with_connection(&self) -> bool {
        self.ends_with_connection
    }

    /// Returns the next chunk, or `None` after the last chunk. Each chunk contains at least one byte.
    /// Trailers are skipped.
    ///
    /// # Errors
    ///
    /// Returns an error of kind [`TransportErrorKind::BodyIncomplete`] if the body ended too early. Returns
    /// an error of kind [`TransportErrorKind::Timeout`] if a timeout expired. After an error, the body
    /// returns no more chunks.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, TransportError> {
        poll_fn(|cx| Pin::new(&mut *self).poll_next(cx)).await.transpose()
    }

    /// Returns the complete body. The bytes are not copied if they arrive in one chunk.
    ///
    /// # Errors
    ///
    /// Returns the same errors as [`chunk`](Self::chunk). After an error, the chunks that have already
    /// arrived are lost.
    pub async fn collect(mut self) -> Result<Bytes, TransportError> {
        self.read_to_end().await
    }

    /// Returns the complete body, like [`collect`](Self::collect). Borrows `self`, because this makes the
    /// future smaller.
    ///
    /// # Errors
    ///
    /// Returns the same errors as [`collect`](Self::collect).
    pub async fn read_to_end(&mut self) -> Result<Bytes, TransportError> {
        let Some(first) = self.chunk().await? else { return Ok(Bytes::new()) };
        if self.is_end_stream() {
            return Ok(first);
        }
        let Some(second) = self.chunk().await? else { return Ok(first) };
        let rest = Body::size_hint(&*self).lower().min(LARGEST_RESERVE) as usize;
        let mut body = BytesMut::with_capacity(first.len() + second.len() + rest);
        body.extend_from_slice(&first);
        body.extend_from_slice(&second);
        while let Some(chunk) = self.chunk().await? {
            body.extend_from_slice(&chunk);
        }
        Ok(body.freeze())
    }

    /// Applies the timeouts to the outcome of a poll.
    fn check_timeouts(&mut self, polled: PollFrame, cx: &mut Context<'_>) -> PollFrame {
        let Some(timer) = &mut self.timer else { return polled };
        match polled {
            Poll::Pending => timer.poll_expired(cx).map(|error| Some(Err(error))),
            Poll::Ready(Some(Ok(frame))) => Poll::Ready(Some(timer.data_received().map(|()| frame))),
            ended => ended,
        }
    }
}

/// Returns an empty body.
impl Default for ResponseBody {
    fn default() -> Self {
        Bytes::new().into()
    }
}

impl From<Bytes> for ResponseBody {
    fn from(bytes: Bytes) -> Self {
        Self::new(Inner::InMemory(Some(bytes)))
    }
}

type PollFrame = Poll<Option<Result<Frame<Bytes>, TransportError>>>;

impl Body for ResponseBody {
    type Data = Bytes;
    type Error = TransportError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> PollFrame {
        let polled = match &mut self.inner {
            Inner::InMemory(bytes) => Poll::Ready(take_frame(bytes)),
            Inner::Hyper(body) => Pin::new(body).poll_frame(cx),
            Inner::Boxed(body) => Pin::new(body).poll_frame(cx),
        };
        let frame = ready!(self.check_timeouts(polled, cx));
        // Replaces the body, because it must not be polled again after it has ended or failed.
        if !matches!(frame, Some(Ok(_))) {
            self.inner = Inner::InMemory(None);
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        match &self.inner {
            Inner::InMemory(bytes) => bytes.as_ref().is_none_or(Bytes::is_empty),
            Inner::Hyper(body) => body.is_end_stream(),
            Inner::Boxed(body) => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.inner {
            Inner::InMemory(bytes) => SizeHint::with_exact(bytes.as_ref().map_or(0, Bytes::len) as u64),
            Inner::Hyper(body) => body.size_hint(),
            Inner::Boxed(body) => body.size_hint(),
        }
    }
}

impl Stream for ResponseBody {
    type Item = Result<Bytes, TransportError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            match ready!(self.as_mut().poll_frame(cx)) {
                None => return Poll::Ready(None),
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(data) if !data.is_empty() => return Poll::Ready(Some(Ok(data))),
                    // Skips empty frames and trailers.
                    Ok(_) | Err(_) => {}
                },
            }
        }
    }
}

impl fmt::Debug for ResponseBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseBody").field("remaining", &Body::size_hint(self).exact()).finish()
    }
}
