//! A transport over hyper and rustls.

mod body;
mod builder;
mod certificate;
mod classify;
mod connect;
mod head_limit;
mod host;
mod http1;
#[cfg_attr(not(feature = "http2"), path = "no_http2.rs")]
mod http2;
#[cfg(feature = "http2")]
mod negotiate;
mod pool;
mod race;
mod relay;
mod request;
mod response;
mod roots;
mod route;
mod send;
mod socks;
mod stream;
mod tcp;
#[cfg(test)]
mod tests;
mod tls;
mod tunnel;

use std::fmt;
use std::sync::Arc;

use http::{Request, Response};

pub(crate) use body::HyperBody;
pub use builder::HyperTransportBuilder;
#[cfg(feature = "http2")]
pub use http2::HttpVersionPolicy;
#[cfg(feature = "http2")]
pub(crate) use http2::with_reset_code;

use crate::body::{RequestBody, ResponseBody};
use crate::error::TransportError;
use crate::transport::{BoxFuture, ConnectionPool, OpenConnections, Transport};
use connect::Connector;
use pool::Pool;

/// A transport that sends requests over HTTP/1.1 with [hyper](https://hyper.rs), and reuses connections.
///
/// For `https`, the transport uses TLS 1.2 or 1.3 from rustls with the *ring* provider. The default provider
/// that the process has installed in rustls has no effect. The transport trusts the root certificates in
/// `SSL_CERT_FILE` and `SSL_CERT_DIR`. If both variables are unset, it trusts the root certificates of the
/// platform. A transport loads the certificates for its first `https` request, or shares the certificates of another
/// transport of the process. It reads folders with certificates only if the certificate file does not suffice to verify
/// a server.
///
/// Further connections to a server resume the TLS session of an earlier connection. Sessions are kept in memory, and
/// clones of a transport share them.
///
/// A call over HTTP/1.1 drives its connection itself, so a response body makes progress only while it is
/// read. For HTTP/1.1, the only background tasks close idle connections. Clones of a transport share
/// connections and certificates.
///
/// With the feature `http2`, the transport also uses HTTP/2 if the builder's `http_version_policy` permits
/// it. A background task drives each HTTP/2 connection.
///
/// # Runtimes
///
/// A transport can be used in several tokio runtimes, also at the same time. A connection belongs to the
/// runtime in which it was opened, and only calls in this runtime use it. When a runtime is shut down, its
/// idle connections are closed. Read a response in the runtime in which the request was sent: the connection
/// makes progress only while that runtime is polled.
///
/// # Panics
///
/// The future of [`send`](Transport::send) panics if it is polled outside of a tokio runtime, or in a runtime
/// that does not enable IO and time.
#[derive(Clone)]
pub struct HyperTransport(Arc<Inner>);

struct Inner {
    settings: HyperTransportBuilder,
    connector: Connector,
    pool: Pool,
}

impl HyperTransport {
    /// Creates a transport with the defaults of [`HyperTransportBuilder`].
    #[must_use]
    pub fn new() -> Self {
        Self::builder().build()
    }

    /// Returns a builder with the default settings.
    pub fn builder() -> HyperTransportBuilder {
        HyperTransportBuilder::default()
    }
}

impl HyperTransportBuilder {
    /// Creates the transport. The first request loads the certificates and opens a connection.
    #[must_use]
    pub fn build(self) -> HyperTransport {
        let (connector, pool) = (Connector::new(&self), Pool::new(&self));
        HyperTransport(Arc::new(Inner { settings: self, connector, pool }))
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
        Box::pin(Arc::clone(&self.0).send(request))
    }

    fn connection_pool(&self) -> Option<Arc<dyn ConnectionPool>> {
        Some(self.0.clone())
    }
}

impl ConnectionPool for Inner {
    fn open_connections(&self) -> Vec<OpenConnections> {
        self.pool.open_connections()
    }
}
