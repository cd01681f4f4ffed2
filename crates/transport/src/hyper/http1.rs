//! HTTP/1.1 on one connection.

use std::{
    pin::Pin,
    task::{Context, Poll, Waker},
};

use http::{Request, Response};
use hyper::{
    body::Incoming,
    client::conn::{
        TrySendError,
        http1::{SendRequest, handshake},
    },
};

use super::{relay::Relay, stream::Io};
use crate::RequestBody;

/// A connection that is driven by whoever uses it: the call until there is a head, then the body. There is no task
/// behind it and nothing between two tasks, so that a call wakes nobody but its caller, and that it is certain when a
/// connection is free again and when it is closed. While nobody uses it, nobody drives it.
pub(super) struct Http1 {
    /// `None` once it is being closed.
    sender: Option<SendRequest<RequestBody>>,
    connection: Connection,
    ended: bool,
    relay: Relay,
}

/// hyper's side of it. What can give a call up can close it: as a type that has no name elsewhere, its end is compiled
/// here alone, and not once more in each crate that has a call.
type Connection = Pin<Box<dyn Future<Output = Result<(), hyper::Error>> + Send + Sync>>;

impl Http1 {
    pub(super) async fn new(io: Io) -> Result<Self, hyper::Error> {
        let (sender, connection) = handshake(io).await?;
        let (sender, connection) = (Some(sender), Box::pin(connection));
        Ok(Self { sender, connection, ended: false, relay: Relay::new() })
    }

    /// Puts a request into hyper's queue. The future is done when the response's head is there; it has to be polled with
    /// the connection [driven](Self::poll).
    pub(super) fn send(
        &mut self,
        request: Request<RequestBody>,
    ) -> impl Future<Output = Result<Response<Incoming>, TrySendError<Request<RequestBody>>>> + use<> {
        let sender = self.sender.as_mut().expect("a connection is used only before it is closed");
        sender.try_send_request(request)
    }

    /// Polls what comes out of the connection, and drives the connection as long as that waits. An error is the call's
    /// to tell: hyper gives it to the response or its body.
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
            relay.seen();
            drive(connection, ended, cx);
            poll(cx)
        })
    }

    /// Whether the last request and its response are over.
    pub(super) fn is_done(&mut self) -> bool {
        // Mostly it has been seen when the response's last bytes were read.
        self.is_ready() || self.is_free()
    }

    /// Whether the next request can be sent: the last one and its response are over, and the peer has not closed.
    pub(super) fn is_free(&mut self) -> bool {
        // Wakes nobody: if the peer closes it later, the next look shows that.
        drive(&mut self.connection, &mut self.ended, &mut Context::from_waker(Waker::noop()));
        self.is_ready()
    }

    fn is_ready(&self) -> bool {
        !self.ended && self.sender.as_ref().is_some_and(SendRequest::is_ready)
    }
}

/// Reads and writes what can be.
fn drive(connection: &mut Connection, ended: &mut bool, cx: &mut Context<'_>) {
    if !*ended {
        *ended = connection.as_mut().poll(cx).is_ready();
    }
}

impl Drop for Http1 {
    /// "Clients MUST send a closure alert before closing the connection", and may close without waiting for the peer's:
    /// <https://www.rfc-editor.org/rfc/rfc9112#section-9.8-6>. With nobody left who could send, hyper does that.
    fn drop(&mut self) {
        self.sender = None;
        drive(&mut self.connection, &mut self.ended, &mut Context::from_waker(Waker::noop()));
    }
}
