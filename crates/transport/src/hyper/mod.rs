//! A transport over hyper and rustls.

mod body;
mod builder;
mod classify;
mod connect;
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

use crate::body::{RequestBody, ResponseBody};
use crate::error::TransportError;
use crate::transport::{BoxFuture, Transport};
use connect::Connector;
use pool::Pool;

/// Sends requests over HTTP/1.1 with [hyper](https://hyper.rs), and reuses connections.
///
/// `https` is TLS 1.2 or 1.3 by rustls with the *ring* provider, independent of the process's default
/// provider. It trusts the system's root certificates: those that `SSL_CERT_FILE` or `SSL_CERT_DIR` name,
/// otherwise the platform's. Each transport loads them once, for its first `https` request.
///
/// A call over HTTP/1.1 drives its connection itself: the body of a response makes progress while it is read.
/// The only task is one that closes idle connections. Clones share connections and certificates. A connection
/// belongs to the tokio runtime in which it was opened.
///
/// With the feature `http2` the transport also speaks HTTP/2, if the builder's `http_version_policy` permits
/// it; a task drives each such connection.
///
/// # Panics
///
/// [`send`](Transport::send) must be polled in a tokio runtime with IO and time enabled.
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

    /// Returns a builder, to change settings.
    pub fn builder() -> HyperTransportBuilder {
        HyperTransportBuilder::default()
    }
}

impl HyperTransportBuilder {
    /// Creates the transport. Connections are opened and certificates loaded by the first request.
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
}
