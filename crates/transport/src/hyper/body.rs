//! The body of a response, together with its connection.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Frame, SizeHint};
use hyper::body::{Body, Incoming};
use tokio::task::coop;

use super::http2::Http2Lease;
use super::pool::Lease;
use crate::error::{TransportError, TransportErrorKind};

/// A connection in use. First the request uses the connection, then the body of the response.
pub(crate) enum Connection {
    Http1(Lease),
    /// The access of one call to a shared HTTP/2 connection. Dropping a body that was not read to its end
    /// resets the stream, but does not affect the connection.
    #[cfg_attr(
        not(feature = "http2"),
        expect(dead_code, reason = "without HTTP/2, this variant is never constructed")
    )]
    Http2(Http2Lease),
}

/// A response body that drives its HTTP/1.1 connection. At the end of the body, the connection returns to the
/// pool.
pub(crate) struct HyperBody {
    // The body is declared before the connection, because the body must be dropped first. If the body was not
    // read to its end, dropping it closes an HTTP/1.1 connection. On an HTTP/2 connection, the stream must
    // end before the lease is dropped.
    body: Incoming,
    /// `None` after the connection was returned to the pool.
    connection: Option<Connection>,
}

impl HyperBody {
    pub(super) fn new(body: Incoming, connection: Connection) -> Self {
        let mut body = Self { body, connection: Some(connection) };
        body.release_at_end();
        body
    }

    /// Returns the connection to the pool as soon as the last byte was read. The caller may stop polling
    /// after `Content-Length` bytes, so this method does not wait for another poll.
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
        // Uses the budget of the task for each frame, because one read can return many frames. Otherwise, a caller
        // that reads them all would delay the other tasks of its thread.
        let budget = ready!(coop::poll_proceed(cx));
        let Self { body, connection } = &mut *self;
        let polled = match connection {
            Some(Connection::Http1(lease)) => {
                lease.connection.poll(cx, |cx| Pin::new(&mut *body).poll_frame(cx))
            }
            Some(Connection::Http2(_)) | None => Pin::new(body).poll_frame(cx),
        };
        if polled.is_ready() {
            budget.made_progress();
        }
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
