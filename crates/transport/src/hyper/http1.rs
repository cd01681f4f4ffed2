//! HTTP/1.1 on one connection.

use std::{
    future::poll_fn,
    pin::{Pin, pin},
    task::{Context, Waker},
};

use http::{Request, Response};
use hyper::{
    body::Incoming,
    client::conn::{
        TrySendError,
        http1::{Connection, SendRequest, handshake},
    },
};

use super::stream::Io;
use crate::RequestBody;

/// A connection that is driven by whoever uses it: the call until there is a head, then the body. There is no task
/// behind it and nothing between two tasks, so that a call wakes nobody but its caller, and that it is certain when a
/// connection is free again and when it is closed. While nobody uses it, nobody drives it.
pub(super) struct Http1 {
    /// `None` once it is being closed.
    sender: Option<SendRequest<RequestBody>>,
    connection: Connection<Io, RequestBody>,
    ended: bool,
}

impl Http1 {
    pub(super) async fn new(io: Io) -> Result<Self, hyper::Error> {
        let (sender, connection) = handshake(io).await?;
        Ok(Self { sender: Some(sender), connection, ended: false })
    }

    /// Sends, and reads until the response's head is there.
    pub(super) fn send(
        &mut self,
        request: Request<RequestBody>,
    ) -> impl Future<Output = Result<Response<Incoming>, TrySendError<Request<RequestBody>>>> {
        let sender = self.sender.as_mut().expect("a connection is used only before it is closed");
        // In hyper's queue from here on, so that this future does not hold it, too.
        let response = sender.try_send_request(request);
        async {
            let mut response = pin!(response);
            poll_fn(|cx| {
                drive(&mut self.connection, &mut self.ended, cx);
                response.as_mut().poll(cx)
            })
            .await
        }
    }

    /// Reads and writes what can be. An error is the call's to tell: hyper gives it to the response or its body.
    pub(super) fn drive(&mut self, cx: &mut Context<'_>) {
        drive(&mut self.connection, &mut self.ended, cx);
    }

    /// Whether the next request can be sent: the last one and its response are over, and the peer has not closed.
    pub(super) fn is_free(&mut self) -> bool {
        // Wakes nobody: if the peer closes it later, the next look shows that.
        self.drive(&mut Context::from_waker(Waker::noop()));
        !self.ended && self.sender.as_ref().is_some_and(SendRequest::is_ready)
    }
}

/// Polls a connection that has not come to its end.
fn drive(connection: &mut Connection<Io, RequestBody>, ended: &mut bool, cx: &mut Context<'_>) {
    if !*ended {
        *ended = Pin::new(connection).poll(cx).is_ready();
    }
}

impl Drop for Http1 {
    /// "Clients MUST send a closure alert before closing the connection", and may close without waiting for the peer's:
    /// <https://www.rfc-editor.org/rfc/rfc9112#section-9.8-6>. With nobody left who could send, hyper does that.
    fn drop(&mut self) {
        self.sender = None;
        self.drive(&mut Context::from_waker(Waker::noop()));
    }
}
