//! HTTP/2 on one connection.

use std::time::Duration;

use http::{Request, Response};
use hyper::{
    body::Incoming,
    client::conn::{
        TrySendError,
        http2::{Builder, SendRequest},
    },
};
use hyper_util::rt::{TokioExecutor, TokioTimer};

use super::stream::Io;
use crate::RequestBody;

/// When a connection with calls under way is asked whether it is alive, and how long it may take to say so.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ping {
    pub(super) interval: Duration,
    pub(super) timeout: Duration,
}

/// A connection that any number of calls share, each on a stream of its own. A task drives it, as long as there is
/// somebody who could send, or a stream.
pub(super) struct Http2(SendRequest<RequestBody>);

impl Http2 {
    pub(super) async fn new(io: Io, ping: Ping) -> Result<Self, hyper::Error> {
        let (sender, connection) = Builder::new(TokioExecutor::new())
            .timer(TokioTimer::new())
            .keep_alive_interval(ping.interval)
            .keep_alive_timeout(ping.timeout)
            // A connection that nobody uses is closed by its idle timeout.
            .keep_alive_while_idle(false)
            .handshake(io)
            .await?;
        // What ends it is told to the streams.
        tokio::spawn(async { drop(connection.await) });
        Ok(Self(sender))
    }

    /// Whether a stream can be opened: the peer has neither closed nor said that it will.
    pub(super) fn is_open(&self) -> bool {
        !self.0.is_closed()
    }

    pub(super) async fn send(
        &self,
        request: Request<RequestBody>,
    ) -> Result<Response<Incoming>, TrySendError<Request<RequestBody>>> {
        self.0.clone().try_send_request(request).await
    }
}
