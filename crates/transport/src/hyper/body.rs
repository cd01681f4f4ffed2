//! The body of a response, with the connection that it arrives on.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Frame, SizeHint};
use hyper::body::{Body, Incoming};

use super::http2::Http2Lease;
use super::pool::Lease;
use crate::error::{TransportError, TransportErrorKind};

/// A connection in use by one request, and then by the body of its response.
pub(crate) enum Connection {
    Http1(Lease),
    /// Dropping the body resets the stream, unless the body was read to its end, and does not affect the
    /// connection.
    #[cfg_attr(
        not(feature = "http2"),
        expect(dead_code, reason = "without HTTP/2, there is no such connection")
    )]
    Http2(Http2Lease),
}

/// A body that drives its HTTP/1.1 connection, and returns it to the pool at its end.
pub(crate) struct HyperBody {
    // Declared before the connection, because it must be dropped first: dropping a body that was not read to
    // its end closes its HTTP/1.1 connection, and ends the stream before the use of the HTTP/2 connection
    // ends.
    body: Incoming,
    /// `None` after it was returned to the pool.
    connection: Option<Connection>,
}

impl HyperBody {
    pub(super) fn new(body: Incoming, connection: Connection) -> Self {
        let mut body = Self { body, connection: Some(connection) };
        body.release_at_end();
        body
    }

    /// Returns the connection to the pool as soon as the last byte was read, because a caller who knows the
    /// length does not poll for the end.
    fn release_at_end(&mut self) {
        if self.body.is_end_stream() {
            self.release();
        }
    }

    fn release(&mut self) {
        if let Some(Connection::Http1(lease)) =
            self.connection.take_if(|connection| matches!(connection, Connection::Http1(_)))
        {
            lease.release();
        }
    }
}

impl Body for HyperBody {
    type Data = Bytes;
    type Error = TransportError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, TransportError>>> {
        let Self { body, connection } = &mut *self;
        let polled = match connection {
            Some(Connection::Http1(lease)) => {
                lease.connection.poll(cx, |cx| Pin::new(&mut *body).poll_frame(cx))
            }
            Some(Connection::Http2(_)) | None => Pin::new(body).poll_frame(cx),
        };
        match &polled {
            Poll::Ready(None) => self.release(),
            Poll::Ready(Some(Ok(_))) => self.release_at_end(),
            Poll::Ready(Some(Err(_))) | Poll::Pending => {}
        }
        polled.map_err(|error| TransportError::new(TransportErrorKind::BodyIncomplete, error))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
