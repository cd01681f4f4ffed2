//! Settings of the hyper transport.

use std::path::PathBuf;
use std::time::Duration;

use bytes::Bytes;

use super::http2::Http2Settings;
#[cfg(feature = "http2")]
use super::http2::HttpVersionPolicy;
use super::tcp::Keepalive;
use super::tls::Roots;
use crate::proxies::Proxies;

/// Settings of a [`HyperTransport`](crate::HyperTransport).
///
/// ```
/// use std::time::Duration;
///
/// use invoke_model_transport::{HyperTransport, Proxies};
///
/// let transport = HyperTransport::builder()
///     .connect_timeout(Duration::from_secs(3))
///     .proxies(Proxies::default().https("http://proxy.example.com:3128")?)
///     .build();
/// # Ok::<(), invoke_model_transport::ProxyError>(())
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct HyperTransportBuilder {
    pub(super) connect_timeout: Duration,
    pub(super) roots: Roots,
    pub(super) proxies: Proxies,
    pub(super) http2: Http2Settings,
    pub(super) pool_idle_timeout: Duration,
    pub(super) pool_max_idle_per_host: usize,
    pub(super) max_connections_per_host: usize,
    pub(super) tcp_keepalive: Keepalive,
}

impl HyperTransportBuilder {
    /// Sets the time that name resolution, TCP, a proxy's tunnel and the TLS handshake may take together.
    /// Default: 10 seconds. A [`ConnectTimeout`](crate::ConnectTimeout) in a request's extensions replaces it
    /// for that request.
    ///
    /// If the host has several addresses, the next one is tried when the last one has failed, at the latest
    /// after 250 milliseconds, and IPv6 and IPv4 addresses alternate ([RFC
    /// 8305](https://www.rfc-editor.org/rfc/rfc8305)), so that one dead address does not make the others
    /// unreachable.
    #[doc(alias = "timeout")]
    #[doc(alias = "happy eyeballs")]
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }

    /// Sets the time after which an unused connection is closed. Default: 60 seconds.
    ///
    /// Address translators and load balancers forget silent connections, some without notice to either end:
    /// AWS NAT gateways and network load balancers after 350 seconds, those of Azure after 240. A connection
    /// that is closed after 60 seconds is never one of those, and calls that come at least once a minute
    /// still reuse it.
    #[doc(alias = "keep_alive_timeout")]
    pub fn pool_idle_timeout(mut self, timeout: Duration) -> Self {
        self.pool_idle_timeout = timeout;
        self
    }

    /// Sets the number of unused connections to one host that are kept at most. Default: no limit.
    pub fn pool_max_idle_per_host(mut self, connections: usize) -> Self {
        self.pool_max_idle_per_host = connections;
        self
    }

    /// Sets the number of HTTP/1.1 connections to one host at most, used and unused ones together; at least
    /// one. Default: no limit.
    ///
    /// A call over HTTP/1.1 occupies its connection until the body of its response was read to the end or
    /// dropped. At the limit, a call waits for a connection until one of its timeouts expires; nothing is
    /// sent meanwhile.
    pub fn max_connections_per_host(mut self, connections: usize) -> Self {
        self.max_connections_per_host = connections;
        self
    }

    /// Sets TCP keepalive: the first probe is sent after `time` without data, further ones every `interval`,
    /// and the connection is lost after `retries` probes without a response. Default: 45 seconds, 15 seconds,
    /// 3, so that a dead peer is detected after 90 seconds.
    ///
    /// A model can think for minutes without sending a byte. The probes prevent address translators from
    /// forgetting the connection meanwhile; the system's default, a first probe after two hours, is too late
    /// for that.
    ///
    /// On Linux, the same total time limits how long sent data may remain unacknowledged, because no probes
    /// are sent meanwhile.
    #[doc(alias = "keepalive")]
    #[doc(alias = "TCP_USER_TIMEOUT")]
    pub fn tcp_keepalive(mut self, time: Duration, interval: Duration, retries: u32) -> Self {
        self.tcp_keepalive = Keepalive { time, interval, retries };
        self
    }

    /// Sets the proxies. Default: none; the environment is not read.
    #[doc(alias = "proxy")]
    #[doc(alias = "socks")]
    pub fn proxies(mut self, proxies: Proxies) -> Self {
        self.proxies = proxies;
        self
    }

    /// Sets the root certificates to trust in place of the system's: one or more, in PEM.
    ///
    /// They are parsed by the first `https` request, which fails if they have no usable certificate.
    pub fn root_certificates_pem(mut self, pem: impl Into<Bytes>) -> Self {
        self.roots = Roots::Pem(pem.into());
        self
    }

    /// Sets a PEM file of root certificates to trust in place of the system's.
    ///
    /// It is read by the first `https` request, which fails if the file is missing or has no usable
    /// certificate.
    #[doc(alias = "ca_bundle")]
    pub fn root_certificates_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.roots = Roots::PemFile(path.into());
        self
    }
}

#[cfg(feature = "http2")]
impl HyperTransportBuilder {
    /// Sets the HTTP versions to use. Default: HTTP/1.1 only.
    #[doc(alias = "http2_only")]
    pub fn http_version_policy(mut self, policy: HttpVersionPolicy) -> Self {
        self.http2.policy = policy;
        self
    }

    /// Sets HTTP/2 keepalive: while calls are active, a PING is sent after `interval` without a frame from
    /// the peer, and the connection is lost after `timeout` without a response. Default: 30 seconds, 15
    /// seconds, so that a dead peer is detected after 45 seconds.
    ///
    /// Unlike [TCP keepalive](Self::tcp_keepalive), this probes the peer itself and not a middlebox in front
    /// of it.
    #[doc(alias = "keepalive")]
    pub fn http2_keepalive(mut self, interval: Duration, timeout: Duration) -> Self {
        self.http2.ping_interval = interval;
        self.http2.ping_timeout = timeout;
        self
    }
}

impl Default for HyperTransportBuilder {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(10),
            roots: Roots::System,
            proxies: Proxies::default(),
            http2: Http2Settings::default(),
            pool_idle_timeout: Duration::from_secs(60),
            pool_max_idle_per_host: usize::MAX,
            max_connections_per_host: usize::MAX,
            tcp_keepalive: Keepalive::default(),
        }
    }
}
