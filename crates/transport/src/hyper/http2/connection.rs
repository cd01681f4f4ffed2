//! An HTTP/2 connection.

use std::future::Future;

use http::{Request, Response};
use hyper::body::Incoming;
use hyper::client::conn::TrySendError;
use hyper::client::conn::http2::{Builder, SendRequest};
use hyper::rt::Executor;
use hyper_util::rt::TokioTimer;

use super::Http2Settings;
use crate::body::RequestBody;
use crate::error::{TransportError, TransportErrorKind, find};
use crate::hyper::stream::Io;

/// A connection that any number of calls share. Each call uses a separate stream. A task drives the
/// connection as long as there is a stream, or a handle that can open a stream.
pub(in crate::hyper) struct Http2(SendRequest<RequestBody>);

impl Http2 {
    pub(in crate::hyper) async fn new(io: Io, settings: Http2Settings) -> Result<Self, hyper::Error> {
        let (sender, connection) = Builder::new(BoxingExecutor)
            .timer(TokioTimer::new())
            .keep_alive_interval(settings.ping_interval)
            .keep_alive_timeout(settings.ping_timeout)
            // An unused connection needs no PING, because the idle timeout closes it.
            .keep_alive_while_idle(false)
            .handshake(io)
            .await?;
        // The error is ignored here, because each stream returns it.
        tokio::spawn(async { drop(connection.await) });
        Ok(Self(sender))
    }

    /// Returns `true` if a stream can be opened: the peer has not closed the connection, and has not
    /// announced its end.
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

/// Spawns the tasks of hyper in boxes. hyper spawns two tasks for each request, and these tasks have the same type as
/// the large task of a connection. tokio moves a task several times, and moving a box costs less.
#[derive(Clone)]
struct BoxingExecutor;

impl<F: Future<Output = ()> + Send + 'static> Executor<F> for BoxingExecutor {
    fn execute(&self, future: F) {
        tokio::spawn(Box::pin(future));
    }
}

/// Adds the code `CANCEL` to the error of a request body that the caller has cancelled. hyper resets the
/// stream with the code that it finds among the causes of the error, or with `INTERNAL_ERROR`.
///
/// <https://www.rfc-editor.org/rfc/rfc9113#section-7>
pub(crate) fn with_reset_code(error: TransportError) -> TransportError {
    match error.kind() {
        TransportErrorKind::RequestBodyIncomplete => {
            TransportError::new(error.kind(), h2::Error::from(h2::Reason::CANCEL))
        }
        _ => error,
    }
}

/// Returns the kind of a stream error, or `None` if the HTTP/2 error does not determine the kind.
pub(in crate::hyper) fn error_kind(error: &hyper::Error) -> Option<TransportErrorKind> {
    let error = find::<h2::Error>(error)?;
    let is_refused = error.reason() == Some(h2::Reason::REFUSED_STREAM);
    if error.is_remote() && (error.is_go_away() || is_refused) {
        // h2 reports a GOAWAY frame only to the streams above the last stream ID in the frame. The other
        // streams continue. For the streams above that ID, and for REFUSED_STREAM, "it is guaranteed that the
        // request has not been processed": https://www.rfc-editor.org/rfc/rfc9113#section-8.7
        Some(TransportErrorKind::Refused)
    } else if error.is_library() {
        // h2 closed the connection, because the peer violated the protocol.
        Some(TransportErrorKind::ResponseHead)
    } else if error.is_reset() && !error.is_remote() {
        // Before the response, the client resets a stream only if the request body fails.
        Some(TransportErrorKind::RequestBody)
    } else {
        None
    }
}
