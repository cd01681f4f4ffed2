//! An HTTP/1.1 connection.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use http::{Request, Response};
use hyper::body::Incoming;
use hyper::client::conn::TrySendError;
use hyper::client::conn::http1::{SendRequest, handshake};

use super::head_limit::HeadLimit;
use super::relay::Relay;
use super::stream::Io;
use crate::body::RequestBody;

/// A connection without a background task. The call drives the connection until the head of the response has
/// arrived. After that, the response body drives the connection.
///
/// Without a background task, a call wakes only its own task. The caller can also determine exactly when the
/// connection becomes idle, and when it is closed. An idle connection is not driven.
pub(super) struct Http1 {
    /// `None` while the connection is being closed.
    sender: Option<SendRequest<RequestBody>>,
    connection: Connection,
    ended: bool,
    relay: Relay,
    head_limit: HeadLimit,
}

/// The connection future of hyper. It is a trait object, so that the compiler generates its code, including
/// its drop code, only in this crate. Otherwise, each crate that makes calls would compile the drop code
/// again.
type Connection = Pin<Box<dyn Future<Output = Result<(), hyper::Error>> + Send + Sync>>;

impl Http1 {
    pub(super) async fn new(io: Io) -> Result<Self, hyper::Error> {
        let head_limit = io.inner().head_limit().clone();
        let (sender, connection) = handshake(io).await?;
        let (sender, connection) = (Some(sender), Box::pin(connection));
        Ok(Self { sender, connection, ended: false, relay: Relay::new(), head_limit })
    }

    /// Passes a request to hyper. The returned future resolves when the head of the response has arrived.
    /// Poll this future through [`poll`](Self::poll), because `poll` also drives the connection.
    pub(super) fn send(
        &mut self,
        request: Request<RequestBody>,
    ) -> impl Future<Output = Result<Response<Incoming>, TrySendError<Request<RequestBody>>>> + use<> {
        self.head_limit.start();
        let sender = self.sender.as_mut().expect("a connection is not used after it is closed");
        sender.try_send_request(request)
    }

    /// Calls `poll` to poll a response or a body of this connection. If the result is pending, drives the
    /// connection and calls `poll` again. The response or its body returns the errors of the connection.
    pub(super) fn poll<T>(
        &mut self,
        cx: &Context<'_>,
        mut poll: impl FnMut(&mut Context<'_>) -> Poll<T>,
    ) -> Poll<T> {
        let Self { connection, ended, relay, .. } = self;
        relay.poll(cx, |cx| {
            let polled = poll(cx);
            if polled.is_ready() {
                return polled;
            }
            relay.clear_woken();
            drive(connection, ended, cx);
            poll(cx)
        })
    }

    /// Ends the limit of the head of a response. Call this function when the head has arrived.
    pub(super) fn head_received(&self) {
        self.head_limit.end();
    }

    /// Returns `true` if the last request and its response are complete.
    pub(super) fn is_done(&mut self) -> bool {
        // `is_ready` is usually sufficient, because hyper detects the end of most responses when it reads the
        // last bytes.
        self.is_ready() || self.is_reusable()
    }

    /// Returns `true` if the next request can be sent: the last request and its response are complete, and
    /// the peer has not closed the connection.
    pub(super) fn is_reusable(&mut self) -> bool {
        // No waker is needed: if the peer closes the connection later, the next check detects this.
        drive(&mut self.connection, &mut self.ended, &mut Context::from_waker(Waker::noop()));
        self.is_ready()
    }

    fn is_ready(&self) -> bool {
        !self.ended && self.sender.as_ref().is_some_and(SendRequest::is_ready)
    }
}

/// Reads and writes as much as possible without blocking.
fn drive(connection: &mut Connection, ended: &mut bool, cx: &mut Context<'_>) {
    if !*ended {
        *ended = connection.as_mut().poll(cx).is_ready();
    }
}

impl Drop for Http1 {
    /// Closes the connection. hyper sends the TLS closure alert after the sender was dropped: "Clients MUST
    /// send a closure alert before closing the connection"
    /// (<https://www.rfc-editor.org/rfc/rfc9112#section-9.8-6>). A client does not have to wait for the
    /// closure alert of the server.
    fn drop(&mut self) {
        self.sender = None;
        drive(&mut self.connection, &mut self.ended, &mut Context::from_waker(Waker::noop()));
    }
}
