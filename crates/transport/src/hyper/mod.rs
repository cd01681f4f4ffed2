//! HTTP with hyper, TLS with rustls.

mod builder;
mod classify;
mod connect;
mod http1;
#[cfg(feature = "http2")]
mod http2;
#[cfg(feature = "http2")]
mod negotiate;
mod pool;
mod request;
mod response;
#[cfg(feature = "http2")]
mod shared;
mod stream;
#[cfg(test)]
mod tests;
mod tls;
mod tunnel;
#[cfg(feature = "http2")]
mod versions;

use std::{fmt, sync::Arc};

use http::{
    Request, Response, StatusCode,
    uri::{Authority, Scheme},
};
use hyper::client::conn::TrySendError;

use crate::{BoxFuture, RequestBody, ResponseBody, Transport, TransportError, proxies::Proxy};
pub use builder::HyperTransportBuilder;
use connect::Connector;
use http1::Http1;
use pool::{Host, Lease, Pool};
pub(crate) use response::Http1Body;
#[cfg(feature = "http2")]
pub(crate) use response::Http2Body;
#[cfg(feature = "http2")]
use shared::Use;
use stream::Io;
use tokio::sync::OwnedSemaphorePermit;
#[cfg(feature = "http2")]
pub use versions::HttpVersions;

/// Sends requests over HTTP/1.1 with [hyper](https://hyper.rs), and reuses connections.
///
/// `https` is TLS 1.2 or 1.3 by rustls with the *ring* provider, whatever the process's default provider is, and
/// trusts the system's root certificates: those that `SSL_CERT_FILE` or `SSL_CERT_DIR` name, otherwise the
/// platform's. They are loaded on the first `https` request, once per transport; `http` never needs them.
///
/// A call over HTTP/1.1 drives its connection itself: the body of a response moves when it is read, and there is no task
/// but one that closes idle connections. Clones share connections and certificates. A connection belongs to the tokio
/// runtime that it was opened in.
///
/// With the feature `http2` it speaks HTTP/2, too, if the builder's `versions` say so; a task drives each such
/// connection.
///
/// # Panics
///
/// [`send`](Transport::send) has to be polled in a tokio runtime with IO and time enabled.
#[derive(Clone)]
pub struct HyperTransport(Arc<Inner>);

struct Inner {
    settings: HyperTransportBuilder,
    connector: Connector,
    pool: Pool,
}

impl HyperTransport {
    /// A transport with the settings that [`HyperTransportBuilder`] names as defaults.
    #[must_use]
    pub fn new() -> Self {
        Self::builder().build()
    }

    /// To change settings.
    pub fn builder() -> HyperTransportBuilder {
        HyperTransportBuilder::default()
    }

    fn from_settings(settings: HyperTransportBuilder) -> Self {
        let (connector, pool) = (Connector::new(&settings), Pool::new(&settings));
        Self(Arc::new(Inner { settings, connector, pool }))
    }
}

impl Default for HyperTransport {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for HyperTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HyperTransport").field("settings", &self.0.settings).finish_non_exhaustive()
    }
}

impl Transport for HyperTransport {
    fn send(
        &self,
        request: Request<RequestBody>,
    ) -> BoxFuture<Result<Response<ResponseBody>, TransportError>> {
        let shared = Arc::clone(&self.0);
        Box::pin(async move { shared.send(request).await })
    }
}

/// Where a request goes, and by what way.
struct Route<'a> {
    scheme: Scheme,
    authority: Authority,
    proxy: Option<&'a Proxy>,
}

impl Route<'_> {
    /// The proxy, if it is to read and relay requests. Of `https` it sees the tunnel alone.
    fn relay(&self) -> Option<&Proxy> {
        self.proxy.filter(|_| self.scheme == Scheme::HTTP)
    }
}

impl Inner {
    async fn send(
        &self,
        mut request: Request<RequestBody>,
    ) -> Result<Response<ResponseBody>, TransportError> {
        let (scheme, authority) = request::prepare(&mut request)?;
        let proxy = self.settings.proxies.on_the_way_to(&scheme, &authority);
        let route = Route { scheme, authority, proxy };
        let sent = self.send_by(&route, request).await.and_then(|response| refuse(response, route.relay()));
        sent.map_err(|error| error.at(&route.authority, proxy.map(Proxy::authority)))
    }

    async fn send_by(
        &self,
        route: &Route<'_>,
        mut request: Request<RequestBody>,
    ) -> Result<Response<ResponseBody>, TransportError> {
        let host = self.pool.host(route.scheme.clone(), route.authority.clone());
        loop {
            let (connection, is_new) = self.connection(route, &host).await?;
            let mut error = match connection.send(route, request).await? {
                Ok(response) => return Ok(response),
                Err(error) => error,
            };
            request = match error.take_message() {
                // hyper gives a request back only if it is still in the connection's queue, that is, before its first
                // byte is written or its body polled: sent again, it is sent once. It spares callers the error of an
                // idle connection that the peer has just closed.
                // https://docs.rs/hyper/1/hyper/client/conn/struct.TrySendError.html#method.take_message
                Some(unsent) if !is_new => unsent,
                Some(_) => return Err(classify::unsent(error.into_error())),
                None => return Err(classify::classify(error.into_error())),
            };
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
            return self.negotiated(route, host).await;
        }
        let permit = host.permit().await;
        if let Some(connection) = host.idle() {
            return Ok((Connection::Http1(Lease::new(connection, Arc::clone(host), permit)), false));
        }
        let opened = self.connector.connect(&route.scheme, &route.authority, route.proxy).await?;
        self.first_use(opened.io, host, permit).await
    }

    async fn first_use(
        &self,
        io: Io,
        host: &Arc<Host>,
        permit: OwnedSemaphorePermit,
    ) -> Result<(Connection, bool), TransportError> {
        let connection = Box::new(Http1::new(io).await.map_err(classify::unsent)?);
        Ok((Connection::Http1(Lease::new(connection, Arc::clone(host), permit)), true))
    }
}

/// A connection that one call may use.
enum Connection {
    Http1(Lease),
    #[cfg(feature = "http2")]
    Http2(Use),
}

type Sent = Result<Response<ResponseBody>, TrySendError<Request<RequestBody>>>;

impl Connection {
    /// The outer error is that of a request that has no form for this connection.
    async fn send(
        self,
        route: &Route<'_>,
        mut request: Request<RequestBody>,
    ) -> Result<Sent, TransportError> {
        match self {
            Self::Http1(mut lease) => {
                request::for_http1(&mut request, route.relay())?;
                let sent = lease.connection.send(request).await;
                Ok(sent.map(|response| response::over_http1(response, lease)))
            }
            #[cfg(feature = "http2")]
            Self::Http2(shared) => {
                request::for_http2(&mut request, &route.scheme)?;
                let sent = shared.send(request).await;
                Ok(sent.map(|response| response::over_http2(response, shared)))
            }
        }
    }
}

/// 407 is the proxy's own answer, and says that it did not relay the request.
/// <https://www.rfc-editor.org/rfc/rfc9110#section-15.5.8>
fn refuse(
    response: Response<ResponseBody>,
    relay: Option<&Proxy>,
) -> Result<Response<ResponseBody>, TransportError> {
    match (relay, response.status()) {
        (Some(proxy), status @ StatusCode::PROXY_AUTHENTICATION_REQUIRED) => {
            Err(proxy.refused("the request", status))
        }
        _ => Ok(response),
    }
}
