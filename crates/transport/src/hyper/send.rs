//! Sends a request. Finds a connection to its host. If a reused connection does not accept the request, uses
//! another connection.

use std::future::{Future, poll_fn};
use std::mem::take;
use std::pin::pin;
use std::sync::Arc;

use http::{HeaderValue, Request, Response, StatusCode, Version};
use http_body::Body;
use hyper::client::conn::TrySendError;

use super::body::Connection;
use super::host::Host;
#[cfg(feature = "http2")]
use super::negotiate;
use super::pool::Lease;
use super::route::Route;
use super::{Inner, classify, http2, request, response};
use crate::body::{RequestBody, ResponseBody};
use crate::error::{TransportError, TransportErrorKind};
use crate::progress::{RequestProgress, RequestStage, track};
use crate::proxies::Proxy;
use crate::transport::ConnectTimeout;

impl Inner {
    #[expect(
        clippy::manual_async_fn,
        reason = "the future of an `async fn` stores its arguments twice: rust-lang/rust#62958"
    )]
    pub(super) fn send(
        self: Arc<Self>,
        mut request: Request<RequestBody>,
    ) -> impl Future<Output = Result<Response<ResponseBody>, TransportError>> + Send {
        async move {
            let (scheme, authority) = request::prepare(&mut request)?;
            let proxy = self.settings.proxies.proxy_for(&scheme, &authority).map_err(invalid_proxy)?;
            let connect_timeout = request.extensions().get().map(|ConnectTimeout(timeout)| *timeout);
            let connect_timeout = connect_timeout.unwrap_or(self.settings.connect_timeout);
            let needs_http2 = request.version() == Version::HTTP_2;
            let progress = request.extensions().get::<RequestProgress>().cloned();
            if let Some(progress) = &progress {
                progress.reach(RequestStage::Queued);
                *request.body_mut() = track(take(request.body_mut()), progress.clone());
            }
            let route = Route { scheme, authority, proxy, connect_timeout, needs_http2, progress };
            let sent = self.send_to(&route, &mut request).await;
            sent.map_err(|error| error.at(&route.authority, proxy.map(Proxy::authority)))
        }
    }

    async fn send_to(
        &self,
        route: &Route<'_>,
        request: &mut Request<RequestBody>,
    ) -> Result<Response<ResponseBody>, TransportError> {
        let host = self.pool.host(&route.scheme, &route.authority)?;
        loop {
            let (connection, is_new) = self.connection(route, &host).await?;
            // A connection does not read an empty body, so the body cannot record this stage.
            if route.progress.is_some() && request.body().is_end_stream() {
                route.reach(RequestStage::Sending);
            }
            match exchange(connection, route, &host.header, request).await {
                Ok(response) => {
                    return match proxy_error(&response, route.relay()) {
                        None => Ok(response),
                        Some(error) => Err(error),
                    };
                }
                // hyper returned the request before its first byte was written, so the next iteration is not
                // a retry. Without this iteration, the caller would receive an error whenever the peer has
                // just closed an idle connection.
                Err(SendError::NotSent(_)) if !is_new => {}
                Err(SendError::NotSent(error)) => return Err(classify::not_sent(error)),
                Err(SendError::Sent(error)) => return Err(classify::sent(error)),
                Err(SendError::InvalidRequest(error)) => return Err(error),
            }
        }
    }

    /// Returns a connection for one request. The second value is `true` if the connection is new.
    async fn connection(
        &self,
        route: &Route<'_>,
        host: &Arc<Host>,
    ) -> Result<(Connection, bool), TransportError> {
        #[cfg(feature = "http2")]
        if self.settings.http2.applies_to(route) {
            return negotiate::connection(self, route, host).await;
        }
        if route.needs_http2 {
            return Err(http2::unavailable(route));
        }
        let permit = host.permit().await;
        if let Some(connection) = host.idle().await {
            return Ok((Connection::Http1(Lease::new(connection, Arc::clone(host), permit)), false));
        }
        // This future is boxed, because it is large and rarely needed. Otherwise, the future of every request
        // would reserve space for it.
        Box::pin(async {
            self.pool.make_room(host);
            let (io, _) = self.connector.connect(route).await?;
            Ok((Connection::Http1(Lease::open(io, host, permit).await?), true))
        })
        .await
    }
}

#[cold]
fn invalid_proxy(problem: &str) -> TransportError {
    TransportError::new(TransportErrorKind::Proxy, problem)
}

/// The error of an exchange.
enum SendError {
    /// The request cannot be represented in the protocol of the connection.
    InvalidRequest(TransportError),
    /// No byte was sent. The request was returned to the caller.
    NotSent(hyper::Error),
    /// The request may have been sent.
    Sent(hyper::Error),
}

impl SendError {
    /// Stores the request in `request` again if hyper returned it. hyper returns a request only if it is
    /// still in the queue of the connection. In this case, no byte was written and the body was not polled.
    /// <https://docs.rs/hyper/1/hyper/client/conn/struct.TrySendError.html#method.take_message>
    fn new(mut error: TrySendError<Request<RequestBody>>, request: &mut Request<RequestBody>) -> Self {
        match error.take_message() {
            Some(returned) => {
                *request = returned;
                Self::NotSent(error.into_error())
            }
            None => Self::Sent(error.into_error()),
        }
    }
}

/// Sends the request over `connection` and waits for the head of the response. Takes the value of `request`,
/// and puts the value back if the request was not sent.
async fn exchange(
    connection: Connection,
    route: &Route<'_>,
    host: &HeaderValue,
    request: &mut Request<RequestBody>,
) -> Result<Response<ResponseBody>, SendError> {
    match connection {
        Connection::Http1(mut lease) => {
            request::for_http1(request, host, route.relay()).map_err(SendError::InvalidRequest)?;
            let mut sending = pin!(lease.connection.send(take(request)));
            let sent = poll_fn(|cx| lease.connection.poll(cx, |cx| sending.as_mut().poll(cx))).await;
            match sent {
                Ok(response) => {
                    lease.connection.head_received();
                    Ok(response::with_connection(response, Connection::Http1(lease)))
                }
                Err(error) => Err(SendError::new(error, request)),
            }
        }
        Connection::Http2(lease) => {
            request::for_http2(request, host, &route.scheme).map_err(SendError::InvalidRequest)?;
            match lease.send(take(request)).await {
                Ok(response) => Ok(response::with_connection(response, Connection::Http2(lease))),
                Err(error) => Err(SendError::new(error, request)),
            }
        }
    }
}

/// Returns an error if a relaying proxy responded with 407. The proxy itself sends this response, and does
/// not relay the request ([RFC 9110, 15.5.8](https://www.rfc-editor.org/rfc/rfc9110#section-15.5.8)).
fn proxy_error(response: &Response<ResponseBody>, relay: Option<&Proxy>) -> Option<TransportError> {
    let status = response.status();
    let is_rejected = status == StatusCode::PROXY_AUTHENTICATION_REQUIRED;
    Some(relay.filter(|_| is_rejected)?.rejected("the request", status))
}
