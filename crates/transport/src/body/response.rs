//! What a response carries.

use std::{
    error::Error,
    fmt,
    future::poll_fn,
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::{Bytes, BytesMut};
use futures_core::Stream;
use http_body::{Body, Frame, SizeHint};

use super::{boxed::BoxBody, request::take_frame};
#[cfg(feature = "hyper")]
use crate::hyper::Http1Body;
#[cfg(feature = "http2")]
use crate::hyper::Http2Body;
#[cfg(feature = "timeouts")]
use crate::timeout::BodyTimer;
use crate::{TransportError, TransportErrorKind};

/// What [`ResponseBody::collect`] reserves at most on the word of `Content-Length` alone, in bytes.
const LARGEST_RESERVE: u64 = 8 << 20;

/// The body of a response: [whole](Self::collect), or [chunk by chunk](Self::chunk) as it arrives, which is also
/// what its `Stream` gives.
///
/// A body that ends too early is an error of kind [`TransportErrorKind::BodyIncomplete`], never a short success.
/// The one exception is HTTP's own: a response with neither `Content-Length` nor chunks ends with its connection
/// ([RFC 9112, 6.3](https://www.rfc-editor.org/rfc/rfc9112#section-6.3-2.8)), as
/// [`ends_with_connection`](Self::ends_with_connection) tells.
///
/// Dropping a body that was not read to its end closes its connection over HTTP/1, and resets its stream over HTTP/2.
/// `Debug` shows no bytes.
pub struct ResponseBody {
    inner: Inner,
    ends_with_connection: bool,
    #[cfg(feature = "timeouts")]
    timer: Option<BodyTimer>,
}

enum Inner {
    /// `None` once it was read.
    Whole(Option<Bytes>),
    #[cfg(feature = "hyper")]
    Http1(Http1Body),
    #[cfg(feature = "http2")]
    Http2(Http2Body),
    Boxed(BoxBody),
}

impl ResponseBody {
    /// A body of another HTTP library. Its errors become [`TransportErrorKind::BodyIncomplete`].
    pub fn from_body<B>(body: B) -> Self
    where
        B: Body<Data = Bytes> + Send + 'static,
        B::Error: Into<Box<dyn Error + Send + Sync>>,
    {
        Self::new(Inner::Boxed(BoxBody::new(body, TransportErrorKind::BodyIncomplete)))
    }

    #[cfg(feature = "hyper")]
    pub(crate) fn from_http1(body: Http1Body, ends_with_connection: bool) -> Self {
        Self { ends_with_connection, ..Self::new(Inner::Http1(body)) }
    }

    #[cfg(feature = "http2")]
    pub(crate) fn from_http2(body: Http2Body) -> Self {
        Self::new(Inner::Http2(body))
    }

    #[cfg(feature = "timeouts")]
    pub(crate) fn with_timer(self, timer: Option<BodyTimer>) -> Self {
        Self { timer, ..self }
    }

    fn new(inner: Inner) -> Self {
        Self {
            inner,
            ends_with_connection: false,
            #[cfg(feature = "timeouts")]
            timer: None,
        }
    }

    /// Whether nothing but the end of its connection ends the body, so that a whole one cannot be told from one that
    /// was cut. Known of the hyper adapter's responses; `false` of all others.
    #[must_use]
    pub fn ends_with_connection(&self) -> bool {
        self.ends_with_connection
    }

    /// The next bytes as they arrived, at least one; `None` after the last. Trailers are passed over.
    ///
    /// # Errors
    ///
    /// [`TransportErrorKind::BodyIncomplete`]; after an error there is nothing more.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, TransportError> {
        poll_fn(|cx| Pin::new(&mut *self).poll_next(cx)).await.transpose()
    }

    /// The whole body. It is not copied if it arrives in one piece.
    ///
    /// # Errors
    ///
    /// [`TransportErrorKind::BodyIncomplete`]; what arrived before is lost.
    pub async fn collect(mut self) -> Result<Bytes, TransportError> {
        self.read_to_end().await
    }

    /// As [`collect`](Self::collect), of a body that stays where it is: the future does not hold it.
    ///
    /// # Errors
    ///
    /// As [`collect`](Self::collect).
    pub async fn read_to_end(&mut self) -> Result<Bytes, TransportError> {
        let Some(first) = self.chunk().await? else { return Ok(Bytes::new()) };
        if self.is_end_stream() {
            return Ok(first);
        }
        let Some(second) = self.chunk().await? else { return Ok(first) };
        let rest = Body::size_hint(&*self).lower().min(LARGEST_RESERVE) as usize;
        let mut whole = BytesMut::with_capacity(first.len() + second.len() + rest);
        whole.extend_from_slice(&first);
        whole.extend_from_slice(&second);
        while let Some(chunk) = self.chunk().await? {
            whole.extend_from_slice(&chunk);
        }
        Ok(whole.freeze())
    }
}

impl From<Bytes> for ResponseBody {
    fn from(bytes: Bytes) -> Self {
        Self::new(Inner::Whole(Some(bytes)))
    }
}

type Polled = Poll<Option<Result<Frame<Bytes>, TransportError>>>;

impl Inner {
    fn poll_frame(&mut self, cx: &mut Context<'_>) -> Polled {
        match self {
            Self::Whole(bytes) => Poll::Ready(take_frame(bytes)),
            #[cfg(feature = "hyper")]
            Self::Http1(body) => Pin::new(body).poll_frame(cx).map(incomplete),
            #[cfg(feature = "http2")]
            Self::Http2(body) => Pin::new(body).poll_frame(cx).map(incomplete),
            Self::Boxed(body) => Pin::new(body).poll_frame(cx),
        }
    }
}

#[cfg(feature = "hyper")]
fn incomplete(
    frame: Option<Result<Frame<Bytes>, ::hyper::Error>>,
) -> Option<Result<Frame<Bytes>, TransportError>> {
    frame.map(|frame| frame.map_err(|error| TransportError::new(TransportErrorKind::BodyIncomplete, error)))
}

#[cfg(feature = "timeouts")]
impl ResponseBody {
    /// Applies the timeouts to the outcome of a poll.
    fn check_timeouts(&mut self, polled: Polled, cx: &mut Context<'_>) -> Polled {
        let Some(timer) = &mut self.timer else { return polled };
        match polled {
            Poll::Pending => timer.poll_expired(cx).map(|error| Some(Err(error))),
            Poll::Ready(Some(Ok(frame))) => Poll::Ready(Some(timer.data_received().map(|()| frame))),
            ended => ended,
        }
    }
}

impl Body for ResponseBody {
    type Data = Bytes;
    type Error = TransportError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, TransportError>>> {
        let polled = self.inner.poll_frame(cx);
        #[cfg(feature = "timeouts")]
        let polled = self.check_timeouts(polled, cx);
        let frame = ready!(polled);
        // After its end or its error a body is not asked again.
        if !matches!(frame, Some(Ok(_))) {
            self.inner = Inner::Whole(None);
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        match &self.inner {
            Inner::Whole(bytes) => bytes.as_ref().is_none_or(Bytes::is_empty),
            #[cfg(feature = "hyper")]
            Inner::Http1(body) => body.is_end_stream(),
            #[cfg(feature = "http2")]
            Inner::Http2(body) => body.is_end_stream(),
            Inner::Boxed(body) => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.inner {
            Inner::Whole(bytes) => SizeHint::with_exact(bytes.as_ref().map_or(0, Bytes::len) as u64),
            #[cfg(feature = "hyper")]
            Inner::Http1(body) => body.size_hint(),
            #[cfg(feature = "http2")]
            Inner::Http2(body) => body.size_hint(),
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
                    // Nothing in it, or trailers.
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
