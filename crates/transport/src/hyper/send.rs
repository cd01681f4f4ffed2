//! The way of a request: to which host, over which connection, and what becomes of one that was not taken.

use std::{future::poll_fn, mem::take, pin::pin, sync::Arc, time::Duration};

use http::{
    HeaderValue, Request, Response, StatusCode,
    uri::{Authority, Scheme},
};
use hyper::client::conn::TrySendError;

#[cfg(feature = "http2")]
use super::shared::Use;
use super::{
    Inner, classify,
    http1::Http1,
    pool::{Host, Lease, Permit},
    request, response,
    stream::Io,
};
use crate::{ConnectTimeout, RequestBody, ResponseBody, TransportError, proxies::Proxy};

/// Where a request goes, and by what way.
pub(super) struct Route<'a> {
    pub(super) scheme: Scheme,
    pub(super) authority: Authority,
    pub(super) proxy: Option<&'a Proxy>,
    pub(super) connect_timeout: Duration,
}

impl Route<'_> {
    /// The proxy, if it is to read and relay requests. Of `https` it sees the tunnel alone.
    pub(super) fn relay(&self) -> Option<&Proxy> {
        self.proxy.filter(|_| self.scheme == Scheme::HTTP)
    }
}

impl Inner {
    #[expect(
        clippy::manual_async_fn,
        reason = "the future of an `async fn` has room for its arguments twice: rust-lang/rust#62958"
    )]
    pub(super) fn send(
        self: Arc<Self>,
        mut request: Request<RequestBody>,
    ) -> impl Future<Output = Result<Response<ResponseBody>, TransportError>> + Send {
        async move {
            let (scheme, authority) = request::prepare(&mut request)?;
            let proxy = self.settings.proxies.on_the_way_to(&scheme, &authority);
            let connect_timeout = request.extensions().get().map(|ConnectTimeout(timeout)| *timeout);
            let connect_timeout = connect_timeout.unwrap_or(self.settings.connect_timeout);
            let route = Route { scheme, authority, proxy, connect_timeout };
            let sent = self.send_by(&route, &mut request).await;
            sent.map_err(|error| error.at(&route.authority, proxy.map(Proxy::authority)))
        }
    }

    async fn send_by(
        &self,
        route: &Route<'_>,
        request: &mut Request<RequestBody>,
    ) -> Result<Response<ResponseBody>, TransportError> {
        let host = self.pool.host(&route.scheme, &route.authority)?;
        loop {
            let (connection, is_new) = self.connection(route, &host).await?;
            match connection.send(route, &host.field, request).await {
                Ok(response) => {
                    return match refusal(&response, route.relay()) {
                        None => Ok(response),
                        Some(refusal) => Err(refusal),
                    };
                }
                // It is sent once: it came back before its first byte was written. That spares callers the error of an
                // idle connection that the peer has just closed.
                Err(Failed::Unsent(_)) if !is_new => {}
                Err(Failed::Unsent(error)) => return Err(classify::unsent(error)),
                Err(Failed::Lost(error)) => return Err(classify::classify(error)),
                Err(Failed::Formless(error)) => return Err(error),
            }
        }
    }

    /// A connection for one call, and whether nothing was ever sent on it.
    async fn connection(
        &self,
        route: &Route<'_>,
        host: &Arc<Host>,
    ) -> Result<(Connection, bool), TransportError> {
        #[cfg(feature = "http2")]
        if self.settings.versions.may_be_http2(&route.scheme, route.relay().is_some()) {
            return Box::pin(self.negotiated(route, host)).await;
        }
        let permit = host.permit().await;
        if let Some(connection) = host.idle() {
            return Ok((Connection::Http1(Lease::new(connection, Arc::clone(host), permit)), false));
        }
        // In a box, for it is seldom and large: all calls carry what stands here.
        Box::pin(async {
            let opened = self.connector.connect(route).await?;
            self.first_use(opened.io, host, permit).await
        })
        .await
    }

    pub(super) async fn first_use(
        &self,
        io: Io,
        host: &Arc<Host>,
        permit: Permit,
    ) -> Result<(Connection, bool), TransportError> {
        let connection = Box::new(Http1::new(io).await.map_err(classify::unsent)?);
        Ok((Connection::Http1(Lease::new(connection, Arc::clone(host), permit)), true))
    }
}

/// A connection that one call may use.
pub(super) enum Connection {
    Http1(Lease),
    #[cfg(feature = "http2")]
    Http2(Use),
}

/// Why a request got no response.
enum Failed {
    /// It has no form for the connection.
    Formless(TransportError),
    /// Nothing of it was sent: it is back in its place.
    Unsent(hyper::Error),
    Lost(hyper::Error),
}

impl Failed {
    /// hyper gives a request back only if it is still in the connection's queue, that is, before its first byte is
    /// written or its body polled.
    /// <https://docs.rs/hyper/1/hyper/client/conn/struct.TrySendError.html#method.take_message>
    fn new(mut error: TrySendError<Request<RequestBody>>, request: &mut Request<RequestBody>) -> Self {
        match error.take_message() {
            Some(unsent) => {
                *request = unsent;
                Self::Unsent(error.into_error())
            }
            None => Self::Lost(error.into_error()),
        }
    }
}

impl Connection {
    /// Takes the request from its place, where it is put back if it can be.
    async fn send(
        self,
        route: &Route<'_>,
        host: &HeaderValue,
        request: &mut Request<RequestBody>,
    ) -> Result<Response<ResponseBody>, Failed> {
        match self {
            Self::Http1(mut lease) => {
                request::for_http1(request, host, route.relay()).map_err(Failed::Formless)?;
                let mut sending = pin!(lease.connection.send(take(request)));
                let sent = poll_fn(|cx| lease.connection.poll(cx, |cx| sending.as_mut().poll(cx))).await;
                match sent {
                    Ok(response) => Ok(response::over_http1(response, lease)),
                    Err(error) => Err(Failed::new(error, request)),
                }
            }
            #[cfg(feature = "http2")]
            Self::Http2(shared) => {
                request::for_http2(request, host, &route.scheme).map_err(Failed::Formless)?;
                match shared.send(take(request)).await {
                    Ok(response) => Ok(response::over_http2(response, shared)),
                    Err(error) => Err(Failed::new(error, request)),
                }
            }
        }
    }
}

/// 407 is the proxy's own answer, and says that it did not relay the request.
/// <https://www.rfc-editor.org/rfc/rfc9110#section-15.5.8>
fn refusal(response: &Response<ResponseBody>, relay: Option<&Proxy>) -> Option<TransportError> {
    let status = response.status();
    let refused = status == StatusCode::PROXY_AUTHENTICATION_REQUIRED;
    Some(relay.filter(|_| refused)?.refused("the request", status))
}
