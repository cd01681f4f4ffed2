//! The body of a request.

use std::error::Error;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

use super::boxed::BoxBody;
use crate::error::{TransportError, TransportErrorKind};

/// The body of a request. It is either in memory, or streamed while the request is sent.
///
/// The default body is empty. The `Debug` output contains the size, but not the bytes.
pub struct RequestBody(Inner);

enum Inner {
    /// `None` after the bytes have been read.
    InMemory(Option<Bytes>),
    Streamed(BoxBody),
}

impl RequestBody {
    /// Creates a body that is streamed while the request is sent, for example from a file.
    ///
    /// If the size hint of `body` is exact, the request has a `Content-Length` header, and the body must have
    /// that length. Otherwise the body is sent in chunks. If the body returns an error, the request fails
    /// with [`TransportErrorKind::RequestBody`].
    pub fn from_body<B>(body: B) -> Self
    where
        B: Body<Data = Bytes> + Send + 'static,
        B::Error: Into<Box<dyn Error + Send + Sync>>,
    {
        Self(Inner::Streamed(BoxBody::new(body, TransportErrorKind::RequestBody)))
    }

    /// Returns the bytes, or `None` if the body is streamed or has already been read.
    #[must_use]
    pub fn as_bytes(&self) -> Option<&Bytes> {
        match &self.0 {
            Inner::InMemory(bytes) => bytes.as_ref(),
            Inner::Streamed(_) => None,
        }
    }
}

impl Default for RequestBody {
    fn default() -> Self {
        Bytes::new().into()
    }
}

impl From<Bytes> for RequestBody {
    fn from(bytes: Bytes) -> Self {
        Self(Inner::InMemory(Some(bytes)))
    }
}

impl Body for RequestBody {
    type Data = Bytes;
    type Error = TransportError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, TransportError>>> {
        match &mut self.0 {
            Inner::InMemory(bytes) => Poll::Ready(take_frame(bytes)),
            #[cfg(not(feature = "http2"))]
            Inner::Streamed(body) => Pin::new(body).poll_frame(cx),
            #[cfg(feature = "http2")]
            Inner::Streamed(body) => Pin::new(body).poll_frame(cx).map_err(crate::hyper::with_reset_code),
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.0 {
            Inner::InMemory(bytes) => bytes.as_ref().is_none_or(Bytes::is_empty),
            Inner::Streamed(body) => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.0 {
            Inner::InMemory(bytes) => SizeHint::with_exact(bytes.as_ref().map_or(0, Bytes::len) as u64),
            Inner::Streamed(body) => body.size_hint(),
        }
    }
}

impl fmt::Debug for RequestBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let form = match &self.0 {
            Inner::InMemory(_) => "in memory",
            Inner::Streamed(_) => "streamed",
        };
        f.debug_struct("RequestBody").field("form", &form).field("size", &self.size_hint().exact()).finish()
    }
}

/// Takes an in-memory body and returns it as one frame, or `None` if the body is empty or has already been
/// read.
pub(super) fn take_frame(bytes: &mut Option<Bytes>) -> Option<Result<Frame<Bytes>, TransportError>> {
    bytes.take().filter(|bytes| !bytes.is_empty()).map(|bytes| Ok(Frame::data(bytes)))
}
