//! How a connection is opened.

use std::pin::Pin;

use http::uri::{Authority, Scheme};
use tokio::time::timeout;

use super::{
    HyperTransportBuilder,
    send::Route,
    stream::{Io, Stream},
    tcp::{self, Keepalive},
    tls::{HTTP1, Tls},
    tunnel,
};
use crate::{TransportError, TransportErrorKind::ConnectTimeout, proxies::Proxy};

/// Opens connections: TCP, through a proxy or not, and TLS for `https`.
pub(super) struct Connector {
    keepalive: Keepalive,
    pub(super) tls: Tls,
    proxy_tls: Tls,
}

/// A step on the way to a connection. It has no type of its own, because it is seldom taken and large: a call would have
/// room for it, and wherever a call can be given up, there would be the code that gives up a handshake.
pub(super) type Step<'a, T> = Pin<Box<dyn Future<Output = Result<T, TransportError>> + Send + 'a>>;

/// A connection that nothing was sent on.
pub(super) struct Opened {
    pub(super) io: Io,
    /// What the TLS handshake agreed on; `None` without one.
    #[cfg_attr(not(feature = "http2"), expect(dead_code, reason = "then nobody has a choice"))]
    pub(super) http2: Option<bool>,
}

impl Connector {
    pub(super) fn new(settings: &HyperTransportBuilder) -> Self {
        Self {
            keepalive: settings.tcp_keepalive,
            tls: Tls::new(settings.roots.clone(), settings.alpn()),
            proxy_tls: Tls::new(settings.roots.clone(), HTTP1),
        }
    }

    /// A connection to a host, or to the proxy of `http` requests to it, in time.
    ///
    /// Nothing of a request is sent on the way, so whatever fails here was not sent.
    pub(super) fn connect<'a>(&'a self, route: &'a Route<'a>) -> Step<'a, Opened> {
        Box::pin(self.connected(route))
    }

    async fn connected(&self, route: &Route<'_>) -> Result<Opened, TransportError> {
        let Route { scheme, authority, proxy, connect_timeout } = route;
        let (secure, proxy, limit) = (*scheme == Scheme::HTTPS, *proxy, *connect_timeout);
        // How fast a disk is says nothing about the peer.
        if secure {
            self.tls.load().await?;
        }
        if proxy.is_some_and(Proxy::is_secure) {
            self.proxy_tls.load().await?;
        }
        match timeout(limit, self.open(secure, authority, proxy)).await {
            Ok(opened) => opened,
            Err(_) => {
                let message = format!("no connection after {limit:?}; raise `TimeoutConfig::connect`");
                Err(TransportError::new(ConnectTimeout, message))
            }
        }
    }

    async fn open(
        &self,
        secure: bool,
        authority: &Authority,
        proxy: Option<&Proxy>,
    ) -> Result<Opened, TransportError> {
        let mut stream = match proxy {
            None => self.tcp(secure, authority).await?,
            Some(proxy) => {
                let stream = self.proxied(proxy).await?;
                if secure { tunnel::dig(stream, proxy, authority).await? } else { stream }
            }
        };
        let mut http2 = None;
        if secure {
            let agreed;
            (stream, agreed) = self.tls.handshake(stream, authority.host()).await?;
            http2 = Some(agreed);
        }
        Ok(Opened { io: Io::new(stream), http2 })
    }

    async fn proxied(&self, proxy: &Proxy) -> Result<Box<dyn Stream>, TransportError> {
        let stream = self.tcp(proxy.is_secure(), proxy.authority()).await?;
        if !proxy.is_secure() {
            return Ok(stream);
        }
        Ok(self.proxy_tls.handshake(stream, proxy.authority().host()).await?.0)
    }

    async fn tcp(&self, secure: bool, authority: &Authority) -> Result<Box<dyn Stream>, TransportError> {
        let port = authority.port_u16().unwrap_or(if secure { 443 } else { 80 });
        Ok(Box::new(tcp::connect(authority.host(), port, self.keepalive).await?))
    }
}
