//! The settings of a hyper transport.

use std::{path::PathBuf, time::Duration};

use bytes::Bytes;

#[cfg(not(feature = "http2"))]
use super::tls::HTTP1;
#[cfg(feature = "http2")]
use super::{HttpVersionPolicy, http2::Ping};
use super::{HyperTransport, tcp::Keepalive, tls::Roots};
use crate::Proxies;

/// Settings of a [`HyperTransport`].
#[derive(Clone, Debug)]
#[must_use]
pub struct HyperTransportBuilder {
    pub(super) connect_timeout: Duration,
    pub(super) roots: Roots,
    pub(super) proxies: Proxies,
    #[cfg(feature = "http2")]
    pub(super) versions: HttpVersionPolicy,
    #[cfg(feature = "http2")]
    pub(super) ping: Ping,
    pub(super) pool_idle_timeout: Duration,
    pub(super) pool_max_idle_per_host: usize,
    pub(super) max_connections_per_host: usize,
    pub(super) tcp_keepalive: Keepalive,
}

impl HyperTransportBuilder {
    /// How long resolving, connecting, a proxy's tunnel and the TLS handshake may take together. Default: 10 seconds.
    ///
    /// If the host has several addresses, the next one is tried when one has failed, and 250 milliseconds after the last
    /// at the latest, versions 6 and 4 in turn ([RFC 8305](https://www.rfc-editor.org/rfc/rfc8305)): one dead address
    /// does not keep the transport from the others.
    pub fn connect_timeout(mut self, limit: Duration) -> Self {
        self.connect_timeout = limit;
        self
    }

    /// How long a connection may be unused before it is closed. Default: 60 seconds.
    ///
    /// Address translators and load balancers forget a silent connection, some without telling either end: AWS NAT
    /// gateways and network load balancers after 350 seconds, Azure's after 240. A connection closed at 60 is
    /// never one of those, and calls that come once a minute or more still reuse it.
    pub fn pool_idle_timeout(mut self, limit: Duration) -> Self {
        self.pool_idle_timeout = limit;
        self
    }

    /// How many unused connections to one host are kept. Default: as many as were in use at once.
    pub fn pool_max_idle_per_host(mut self, connections: usize) -> Self {
        self.pool_max_idle_per_host = connections;
        self
    }

    /// How many HTTP/1.1 connections to one host there are at most, used and unused ones together; at least one. Default:
    /// no limit.
    ///
    /// A call over HTTP/1.1 has its connection for itself until its body was read to the end or dropped. One that
    /// finds the limit reached waits its turn, for as long as its own timeouts let it: nothing is sent meanwhile.
    pub fn max_connections_per_host(mut self, connections: usize) -> Self {
        self.max_connections_per_host = connections;
        self
    }

    /// When a silent connection is probed: after `time`, then every `interval`; lost after `retries` unanswered
    /// probes. Default: 45 seconds, 15 seconds, 3, so that a dead peer is noticed after 90 seconds.
    ///
    /// A model can think for minutes without sending a byte. The probes keep translators from forgetting the
    /// connection meanwhile; the system's own first probe, after two hours, would come too late.
    ///
    /// On Linux the same time bounds how long what was sent may stay without an acknowledgement, during which there
    /// are no probes.
    pub fn tcp_keepalive(mut self, time: Duration, interval: Duration, retries: u32) -> Self {
        self.tcp_keepalive = Keepalive { time, interval, retries };
        self
    }

    /// The proxies on the way to the hosts. Default: none, whatever the environment says.
    pub fn proxies(mut self, proxies: Proxies) -> Self {
        self.proxies = proxies;
        self
    }

    /// The root certificates to trust instead of the system's: PEM, one or more.
    ///
    /// They are read on the first `https` request; if there is none among them, that is its error.
    pub fn root_certificates_pem(mut self, pem: impl Into<Bytes>) -> Self {
        self.roots = Roots::Given(pem.into());
        self
    }

    /// A file of root certificates to trust instead of the system's: PEM, one or more.
    ///
    /// It is read on the first `https` request; if it is not there, or has no certificate, that is its error.
    pub fn root_certificates_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.roots = Roots::File(path.into());
        self
    }

    /// The versions of HTTP to speak. Default: HTTP/1.1.
    #[cfg(feature = "http2")]
    pub fn versions(mut self, versions: HttpVersionPolicy) -> Self {
        self.versions = versions;
        self
    }

    /// When an HTTP/2 connection with calls under way is asked whether it is alive (PING): after `interval` without a
    /// frame from the peer; lost after `timeout` without an answer. Default: 30 seconds, 15 seconds, so that a dead peer
    /// is noticed after 45 seconds.
    ///
    /// Unlike [TCP's probes](Self::tcp_keepalive) this asks the peer itself, and not what stands between.
    #[cfg(feature = "http2")]
    pub fn http2_keepalive(mut self, interval: Duration, timeout: Duration) -> Self {
        self.ping = Ping { interval, timeout };
        self
    }

    /// The transport. Nothing is opened or loaded yet.
    #[must_use]
    pub fn build(self) -> HyperTransport {
        HyperTransport::from_settings(self)
    }

    /// What is offered in a TLS handshake.
    pub(super) fn alpn(&self) -> &'static [&'static str] {
        #[cfg(feature = "http2")]
        return self.versions.alpn();
        #[cfg(not(feature = "http2"))]
        HTTP1
    }
}

impl Default for HyperTransportBuilder {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(10),
            roots: Roots::System,
            proxies: Proxies::default(),
            #[cfg(feature = "http2")]
            versions: HttpVersionPolicy::default(),
            #[cfg(feature = "http2")]
            ping: Ping { interval: Duration::from_secs(30), timeout: Duration::from_secs(15) },
            pool_idle_timeout: Duration::from_secs(60),
            pool_max_idle_per_host: usize::MAX,
            max_connections_per_host: usize::MAX,
            tcp_keepalive: Keepalive::default(),
        }
    }
}
