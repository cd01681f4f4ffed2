//! Settings of the hyper transport.

use std::path::PathBuf;
use std::time::Duration;

use bytes::Bytes;

use super::http2::Http2Settings;
#[cfg(feature = "http2")]
use super::http2::HttpVersionPolicy;
use super::roots::Roots;
use super::tcp::Keepalive;
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
    /// Sets the timeout for opening a connection. It covers name resolution, TCP, the tunnel through a proxy
    /// and the TLS handshake together. Default: 10 seconds. A [`ConnectTimeout`](crate::ConnectTimeout) in a
    /// request's extensions overrides this timeout for that request.
    ///
    /// If the host has several addresses, one unreachable address does not block the other addresses. The
    /// transport tries the next address when an attempt has failed, or 250 milliseconds after the previous
    /// attempt started. IPv6 and IPv4 addresses alternate ([RFC
    /// 8305](https://www.rfc-editor.org/rfc/rfc8305)).
    #[doc(alias = "timeout")]
    #[doc(alias = "happy eyeballs")]
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }

    /// Sets the time after which an unused connection is closed. Default: 60 seconds.
    ///
    /// NAT gateways and load balancers drop idle connections, and some of them do not notify the client or
    /// the server. In AWS, NAT gateways and network load balancers drop an idle connection after 350 seconds.
    /// In Azure, NAT gateways and load balancers drop it after 240 seconds. With the default of 60 seconds,
    /// the client closes an idle connection before these devices drop it. Calls that are made at least once a
    /// minute still reuse the connection.
    #[doc(alias = "keep_alive_timeout")]
    pub fn pool_idle_timeout(mut self, timeout: Duration) -> Self {
        self.pool_idle_timeout = timeout;
        self
    }

    /// Sets the maximum number of unused connections that are kept per host and tokio runtime. Default: no
    /// limit.
    pub fn pool_max_idle_per_host(mut self, connections: usize) -> Self {
        self.pool_max_idle_per_host = connections;
        self
    }

    /// Sets the maximum number of HTTP/1.1 connections per host, including unused connections. All tokio
    /// runtimes that use the transport share this limit. The value 0 is treated as 1. Default: no limit.
    ///
    /// A call over HTTP/1.1 occupies its connection until the response body is read to the end or dropped. If
    /// the limit is reached, a further call waits until a connection is free, or until one of the timeouts of
    /// the call expires. A waiting call has not sent any part of its request.
    pub fn max_connections_per_host(mut self, connections: usize) -> Self {
        self.max_connections_per_host = connections;
        self
    }

    /// Sets TCP keepalive. The first probe is sent after `time` without data, and further probes are sent
    /// every `interval`. The connection fails after `retries` probes without a response. The defaults are 45
    /// seconds, 15 seconds and 3 probes, so a dead peer is detected after 90 seconds.
    ///
    /// A model can process a request for minutes without sending a byte. During this time, the probes prevent
    /// NAT gateways from dropping the connection. If a program does not set another time, most operating
    /// systems wait two hours before the first probe.
    ///
    /// On Linux, the system sends no probes while sent data is unacknowledged. Therefore the transport also
    /// limits the time for which sent data may remain unacknowledged. The limit is the time after which the
    /// probes detect a dead peer.
    #[doc(alias = "keepalive")]
    #[doc(alias = "TCP_USER_TIMEOUT")]
    pub fn tcp_keepalive(mut self, time: Duration, interval: Duration, retries: u32) -> Self {
        self.tcp_keepalive = Keepalive { time, interval, retries };
        self
    }

    /// Sets the proxies. By default there are no proxies, and the environment variables are not read.
    #[doc(alias = "proxy")]
    #[doc(alias = "socks")]
    pub fn proxies(mut self, proxies: Proxies) -> Self {
        self.proxies = proxies;
        self
    }

    /// Sets the root certificates that are trusted instead of the system's root certificates. `pem` contains
    /// one or more certificates in PEM format.
    ///
    /// The first `https` request parses `pem`, and fails if `pem` contains no usable certificate.
    pub fn root_certificates_pem(mut self, pem: impl Into<Bytes>) -> Self {
        self.roots = Roots::Pem(pem.into());
        self
    }

    /// Sets a PEM file of root certificates that are trusted instead of the system's root certificates.
    ///
    /// The first `https` request reads the file, and fails if the file is missing or contains no usable
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

    /// Sets HTTP/2 keepalive. While calls are active, the client sends a PING after `interval` without a
    /// frame from the peer. The connection fails if the peer does not respond to the PING within `timeout`.
    /// The defaults are 30 seconds and 15 seconds, so a dead peer is detected after 45 seconds.
    ///
    /// A PING reaches the peer itself. [TCP keepalive](Self::tcp_keepalive) may reach only a middlebox in
    /// front of the peer.
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
