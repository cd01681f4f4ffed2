//! Opens connections.

use tokio::time::timeout;

use super::builder::HyperTransportBuilder;
use super::head_limit::LimitedStream;
use super::route::Route;
use super::stream::{Connecting, Io, Stream};
use super::tcp::{self, Keepalive};
use super::tls::{HTTP1, Tls};
use super::{socks, tunnel};
use crate::error::{TransportError, TransportErrorKind};
use crate::progress::RequestStage;
use crate::proxies::Proxy;

/// A connector that opens TCP connections, directly or through a proxy, and uses TLS for `https`.
pub(super) struct Connector {
    keepalive: Keepalive,
    pub(super) tls: Tls,
    proxy_tls: Tls,
}

impl Connector {
    pub(super) fn new(settings: &HyperTransportBuilder) -> Self {
        Self {
            keepalive: settings.tcp_keepalive,
            tls: Tls::new(settings.roots.clone(), settings.http2.alpn()),
            proxy_tls: Tls::new(settings.roots.clone(), HTTP1),
        }
    }

    /// Opens a connection to a host, or to the proxy that relays requests to the host. The second value of
    /// the result is the protocol that the TLS handshake negotiated: `Some(true)` for HTTP/2, `Some(false)`
    /// for HTTP/1.1, and `None` without TLS.
    ///
    /// No part of the request is sent while the connection is opened, so each error means that the request
    /// was not sent.
    pub(super) fn connect<'a>(&'a self, route: &'a Route<'a>) -> Connecting<'a, (Io, Option<bool>)> {
        Box::pin(async move {
            // The connect timeout does not include the time for loading certificates, because loading
            // certificates does not depend on the peer.
            if route.is_secure() {
                self.tls.load().await?;
            }
            if route.proxy.is_some_and(Proxy::is_secure) {
                self.proxy_tls.load().await?;
            }
            let limit = route.connect_timeout;
            timeout(limit, self.open(route)).await.unwrap_or_else(|_| {
                let message = format!("no connection after {limit:?}; raise `TimeoutConfig::connect`");
                Err(TransportError::new(TransportErrorKind::ConnectTimeout, message))
            })
        })
    }

    async fn open(&self, route: &Route<'_>) -> Result<(Io, Option<bool>), TransportError> {
        let stream = match route.proxy {
            None => self.tcp(route, route.authority.host(), route.port()).await?,
            Some(proxy) => {
                let stream = self.open_proxy(route, proxy).await?;
                route.reach(RequestStage::Connecting);
                if proxy.is_socks() {
                    socks::connect(stream, proxy, route.authority.host(), route.port()).await?
                } else if route.is_secure() {
                    tunnel::connect(stream, proxy, &route.authority).await?
                } else {
                    stream
                }
            }
        };
        if !route.is_secure() {
            return Ok((Io::new(stream), None));
        }
        route.reach(RequestStage::TlsHandshake);
        let (stream, is_http2) = self.tls.handshake(stream, route.authority.host()).await?;
        Ok((Io::new(stream), Some(is_http2)))
    }

    async fn open_proxy(&self, route: &Route<'_>, proxy: &Proxy) -> Result<Box<dyn Stream>, TransportError> {
        let stream = self.tcp(route, proxy.authority().host(), proxy.port()).await?;
        if !proxy.is_secure() {
            return Ok(stream);
        }
        Ok(self.proxy_tls.handshake(stream, proxy.authority().host()).await?.0)
    }

    async fn tcp(&self, route: &Route<'_>, host: &str, port: u16) -> Result<Box<dyn Stream>, TransportError> {
        route.reach(RequestStage::Resolving);
        let addresses = tcp::resolve(host, port).await?;
        route.reach(RequestStage::Connecting);
        Ok(Box::new(LimitedStream::new(tcp::connect_to(addresses, self.keepalive).await?)))
    }
}
