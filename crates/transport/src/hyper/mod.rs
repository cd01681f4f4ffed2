//! HTTP/1.1 with hyper, TLS with rustls.

mod builder;
mod classify;
mod connect;
mod http1;
mod pool;
mod request;
mod response;
mod stream;
#[cfg(test)]
mod tests;
mod tls;
mod tunnel;

use std::{fmt, sync::Arc};

use http::{
    Request, Response, StatusCode,
    uri::{Authority, Scheme},
};

use crate::{BoxFuture, RequestBody, ResponseBody, Transport, TransportError, proxies::Proxy};
pub use builder::HyperTransportBuilder;
use connect::Connector;
use http1::Http1;
use pool::{Lease, Pool};
pub(crate) use response::Http1Body;

/// Sends requests over HTTP/1.1 with [hyper](https://hyper.rs), and reuses connections.
///
/// `https` is TLS 1.2 or 1.3 by rustls with the *ring* provider, whatever the process's default provider is, and
/// trusts the system's root certificates: those that `SSL_CERT_FILE` or `SSL_CERT_DIR` name, otherwise the
/// platform's. They are loaded on the first `https` request, once per transport; `http` never needs them.
///
/// A call drives its connection itself: the body of a response moves when it is read, and there are no tasks but one
/// that closes idle connections. Clones share connections and certificates. A connection belongs to the tokio runtime
/// that it was opened in.
///
/// # Panics
///
/// [`send`](Transport::send) has to be polled in a tokio runtime with IO and time enabled.
#[derive(Clone)]
pub struct HyperTransport(Arc<Shared>);

struct Shared {
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
        Self(Arc::new(Shared { settings, connector, pool }))
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

impl Shared {
    async fn send(
        &self,
        mut request: Request<RequestBody>,
    ) -> Result<Response<ResponseBody>, TransportError> {
        let (scheme, authority) = request::prepare(&mut request)?;
        let proxy = self.settings.proxies.on_the_way_to(&scheme, &authority);
        let sent = self.send_to(&scheme, &authority, proxy, request).await;
        let sent = sent.and_then(|response| refuse(response, relay(&scheme, proxy)));
        sent.map_err(|error| error.at(&authority, proxy.map(Proxy::authority)))
    }

    async fn send_to(
        &self,
        scheme: &Scheme,
        authority: &Authority,
        proxy: Option<&Proxy>,
        mut request: Request<RequestBody>,
    ) -> Result<Response<ResponseBody>, TransportError> {
        request::for_http1(&mut request, authority, relay(scheme, proxy))?;
        let host = self.pool.host(scheme.clone(), authority.clone());
        let permit = host.permit().await;

        // hyper gives a request back only if it is still in the connection's queue, that is, before its first byte is
        // written or its body polled: sent again, it is sent once. It spares callers the error of an idle connection
        // that the peer has just closed.
        // https://docs.rs/hyper/1/hyper/client/conn/struct.TrySendError.html#method.take_message
        while let Some(mut connection) = host.idle() {
            match connection.send(request).await {
                Ok(response) => {
                    return Ok(response::over_http1(response, Lease::new(connection, host, permit)));
                }
                Err(mut error) => match error.take_message() {
                    Some(unsent) => request = unsent,
                    None => return Err(classify::classify(error.into_error())),
                },
            }
        }
        let opened = self.connector.connect(scheme, authority, proxy).await?;
        let mut connection = Box::new(Http1::new(opened.io).await.map_err(classify::unsent)?);
        match connection.send(request).await {
            Ok(response) => Ok(response::over_http1(response, Lease::new(connection, host, permit))),
            Err(mut error) => Err(match error.take_message() {
                Some(_) => classify::unsent(error.into_error()),
                None => classify::classify(error.into_error()),
            }),
        }
    }
}

/// The proxy, if it is to read and relay requests. Of `https` it sees the tunnel alone.
fn relay<'a>(scheme: &Scheme, proxy: Option<&'a Proxy>) -> Option<&'a Proxy> {
    proxy.filter(|_| *scheme == Scheme::HTTP)
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
