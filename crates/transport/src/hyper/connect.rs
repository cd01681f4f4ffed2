//! How a connection is opened.

use std::{io, time::Duration};

use http::{
    Uri,
    uri::{Authority, Scheme},
};
use hyper_util::client::legacy::connect::HttpConnector;
use tokio::time::timeout;
use tower_service::Service;

use super::{
    HyperTransportBuilder,
    stream::{Io, Stream},
    tls::{HTTP1, Tls},
    tunnel,
};
use crate::{
    TransportError,
    TransportErrorKind::{Connect, ConnectTimeout, InvalidRequest, Resolve},
    error::find,
    proxies::Proxy,
};

/// Opens connections: TCP, through a proxy or not, and TLS for `https`.
pub(super) struct Connector {
    tcp: HttpConnector,
    pub(super) tls: Tls,
    proxy_tls: Tls,
    limit: Duration,
}

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
            tcp: settings.tcp(),
            tls: Tls::new(settings.roots.clone(), settings.alpn()),
            proxy_tls: Tls::new(settings.roots.clone(), HTTP1),
            limit: settings.connect_timeout,
        }
    }

    /// A connection to a host, or to the proxy of `http` requests to it, in time.
    ///
    /// Nothing of a request is sent on the way, so whatever fails here was not sent.
    pub(super) async fn connect(
        &self,
        scheme: &Scheme,
        authority: &Authority,
        proxy: Option<&Proxy>,
    ) -> Result<Opened, TransportError> {
        let secure = *scheme == Scheme::HTTPS;
        // How fast a disk is says nothing about the peer.
        if secure {
            self.tls.load().await?;
        }
        if proxy.is_some_and(Proxy::is_secure) {
            self.proxy_tls.load().await?;
        }
        match timeout(self.limit, self.open(secure, authority, proxy)).await {
            Ok(opened) => opened,
            Err(_) => {
                let words =
                    format!("not connected after {:?}; a longer `connect_timeout` waits longer", self.limit);
                Err(TransportError::new(ConnectTimeout, words))
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
        // The scheme says the port, if the authority does not.
        let scheme = if secure { Scheme::HTTPS } else { Scheme::HTTP };
        let uri = Uri::builder().scheme(scheme).authority(authority.clone()).path_and_query("/").build();
        let uri = uri.map_err(|error| TransportError::new(InvalidRequest, error))?;
        let stream = self.tcp.clone().call(uri).await.map_err(|error| {
            // hyper-util's own error type is private. It has these words, and no other sign, when the resolver failed.
            let kind = if error.to_string() == "dns error" {
                Resolve
            } else if find::<io::Error>(&error).is_some_and(|error| error.kind() == io::ErrorKind::TimedOut) {
                ConnectTimeout
            } else {
                Connect
            };
            TransportError::new(kind, error)
        })?;
        Ok(Box::new(stream.into_inner()))
    }
}

#[cfg(test)]
mod tests {
    use socket2::SockRef;

    use super::*;

    /// What the system is told about a connection, and so when it finds out that a peer is gone.
    #[tokio::test]
    async fn a_dead_peer_is_found_in_bounded_time() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let uri = format!("http://{}/", listener.local_addr().unwrap()).parse().unwrap();
        let mut tcp = HyperTransportBuilder::default().tcp();
        let stream = tcp.call(uri).await.unwrap().into_inner();
        let socket = SockRef::from(&stream);
        assert!(socket.keepalive().unwrap());
        assert!(socket.tcp_nodelay().unwrap());
        assert_eq!(socket.tcp_keepalive_time().unwrap(), Duration::from_secs(45));
        assert_eq!(socket.tcp_keepalive_interval().unwrap(), Duration::from_secs(15));
        assert_eq!(socket.tcp_keepalive_retries().unwrap(), 3);
        #[cfg(target_os = "linux")]
        assert_eq!(socket.tcp_user_timeout().unwrap(), Some(Duration::from_secs(90)));
    }
}
