//! The settings of a hyper transport.

use std::{fmt, time::Duration};

use bytes::Bytes;
use http::uri::Scheme;
use hyper_util::{
    client::legacy::{
        Client,
        connect::{Connect, HttpConnector},
    },
    rt::{TokioExecutor, TokioTimer},
};

use super::HyperTransport;
use crate::RequestBody;

/// Settings of a [`HyperTransport`].
#[derive(Clone)]
#[must_use]
pub struct HyperTransportBuilder {
    pub(super) connect_timeout: Duration,
    pub(super) root_certificates: Option<Bytes>,
    pool_idle_timeout: Duration,
    pool_max_idle_per_host: usize,
    tcp_keepalive: TcpKeepalive,
}

#[derive(Clone, Debug)]
struct TcpKeepalive {
    time: Duration,
    interval: Duration,
    retries: u32,
}

impl HyperTransportBuilder {
    /// How long resolving, connecting and the TLS handshake may take together. Default: 10 seconds.
    ///
    /// If the host has several addresses, each gets an equal share of it, so that one dead address does not keep
    /// the transport from the others.
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

    /// When a silent connection is probed: after `time`, then every `interval`; lost after `retries` unanswered
    /// probes. Default: 45 seconds, 15 seconds, 3, so that a dead peer is noticed after 90 seconds.
    ///
    /// A model can think for minutes without sending a byte. The probes keep translators from forgetting the
    /// connection meanwhile; the system's own first probe, after two hours, would come too late.
    pub fn tcp_keepalive(mut self, time: Duration, interval: Duration, retries: u32) -> Self {
        self.tcp_keepalive = TcpKeepalive { time, interval, retries };
        self
    }

    /// The root certificates to trust instead of the system's: PEM, one or more.
    ///
    /// They are read on the first `https` request; if there is none among them, that is its error.
    pub fn root_certificates_pem(mut self, pem: impl Into<Bytes>) -> Self {
        self.root_certificates = Some(pem.into());
        self
    }

    /// The transport. Nothing is opened or loaded yet.
    #[must_use]
    pub fn build(self) -> HyperTransport {
        HyperTransport::from_settings(self)
    }

    /// What opens TCP connections for `scheme`.
    pub(super) fn tcp(&self, scheme: Scheme) -> HttpConnector {
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(scheme == Scheme::HTTP);
        tcp.set_connect_timeout(Some(self.connect_timeout));
        // A request leaves in a few writes; none of them shall wait for an acknowledgement.
        tcp.set_nodelay(true);
        tcp.set_keepalive(Some(self.tcp_keepalive.time));
        tcp.set_keepalive_interval(Some(self.tcp_keepalive.interval));
        tcp.set_keepalive_retries(Some(self.tcp_keepalive.retries));
        tcp
    }

    /// Connections of `connector` and their pool.
    pub(super) fn client<C: Connect + Clone>(&self, connector: C) -> Client<C, RequestBody> {
        Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(self.pool_idle_timeout)
            .pool_max_idle_per_host(self.pool_max_idle_per_host)
            // Cannot send twice: hyper gives a request back for this only if it is still in the connection's
            // queue, that is, before its first byte is written or its body polled, and only on a reused
            // connection. It spares callers the error of an idle connection that the peer has just closed.
            // https://docs.rs/hyper/1/hyper/client/conn/struct.TrySendError.html#method.take_message
            .retry_canceled_requests(true)
            .build(connector)
    }
}

impl Default for HyperTransportBuilder {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(10),
            root_certificates: None,
            pool_idle_timeout: Duration::from_secs(60),
            pool_max_idle_per_host: usize::MAX,
            tcp_keepalive: TcpKeepalive {
                time: Duration::from_secs(45),
                interval: Duration::from_secs(15),
                retries: 3,
            },
        }
    }
}

impl fmt::Debug for HyperTransportBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let roots = if self.root_certificates.is_some() { "given" } else { "the system's" };
        f.debug_struct("HyperTransportBuilder")
            .field("connect_timeout", &self.connect_timeout)
            .field("root_certificates", &roots)
            .field("pool_idle_timeout", &self.pool_idle_timeout)
            .field("pool_max_idle_per_host", &self.pool_max_idle_per_host)
            .field("tcp_keepalive", &self.tcp_keepalive)
            .finish()
    }
}
