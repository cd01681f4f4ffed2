//! Sends a request: finds its host and a connection, and tries another connection if the first did not accept
//! it.

use std::future::{Future, poll_fn};
use std::mem::take;
use std::pin::pin;
use std::sync::Arc;

use http::{HeaderValue, Request, Response, StatusCode};
use hyper::client::conn::TrySendError;

use super::body::Connection;
#[cfg(feature = "http2")]
use super::negotiate;
use super::pool::{Host, Lease};
use super::route::Route;
use super::{Inner, classify, request, response};
use crate::body::{RequestBody, ResponseBody};
use crate::error::TransportError;
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
            let proxy = self.settings.proxies.proxy_for(&scheme, &authority);
            let connect_timeout = request.extensions().get().map(|ConnectTimeout(timeout)| *timeout);
            let connect_timeout = connect_timeout.unwrap_or(self.settings.connect_timeout);
            let route = Route { scheme, authority, proxy, connect_timeout };
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
            match exchange(connection, route, &host.header, request).await {
                Ok(response) => {
                    return match proxy_error(&response, route.relay()) {
                        None => Ok(response),
                        Some(error) => Err(error),
                    };
                }
                // The request came back before its first byte was written, so this is not a second attempt.
                // It spares callers the error of an idle connection that the peer has just closed.
                Err(SendError::NotSent(_)) if !is_new => {}
                Err(SendError::NotSent(error)) => return Err(classify::not_sent(error)),
                Err(SendError::Sent(error)) => return Err(classify::sent(error)),
                Err(SendError::InvalidRequest(error)) => return Err(error),
            }
        }
    }

    /// Returns a connection for one request, and whether it is new.
    async fn connection(
        &self,
        route: &Route<'_>,
        host: &Arc<Host>,
    ) -> Result<(Connection, bool), TransportError> {
        #[cfg(feature = "http2")]
        if self.settings.http2.applies_to(route) {
            return negotiate::connection(&self.connector, self.settings.http2, route, host).await;
        }
        let permit = host.permit().await;
        if let Some(connection) = host.idle() {
            return Ok((Connection::Http1(Lease::new(connection, Arc::clone(host), permit)), false));
        }
        // Boxed, because it is rare and large, and the future of every request would reserve space for it.
        Box::pin(async {
            let (io, _) = self.connector.connect(route).await?;
            Ok((Connection::Http1(Lease::open(io, host, permit).await?), true))
        })
        .await
    }
}

/// A failed exchange.
enum SendError {
    /// The request cannot be represented in the protocol of the connection.
    InvalidRequest(TransportError),
    /// No byte was sent; the request was put back.
    NotSent(hyper::Error),
    /// The request may have been sent.
    Sent(hyper::Error),
}

impl SendError {
    /// Puts the request back if hyper returns it. hyper does that only if the request is still in the
    /// connection's queue, that is, before its first byte is written and its body is polled.
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

/// Sends the request over `connection` and waits for the response's head. Takes the request out of its place,
/// and puts it back if it was not sent.
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
                Ok(response) => Ok(response::with_connection(response, Connection::Http1(lease))),
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

/// Returns the error of a 407 from a relaying proxy: the proxy itself responded, and did not relay the
/// request ([RFC 9110, 15.5.8](https://www.rfc-editor.org/rfc/rfc9110#section-15.5.8)).
fn proxy_error(response: &Response<ResponseBody>, relay: Option<&Proxy>) -> Option<TransportError> {
    let status = response.status();
    let is_rejected = status == StatusCode::PROXY_AUTHENTICATION_REQUIRED;
    Some(relay.filter(|_| is_rejected)?.rejected("the request", status))
}
