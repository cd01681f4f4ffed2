//! HTTP with hyper, TLS with rustls.

mod builder;
mod classify;
mod connect;
mod http1;
#[cfg(feature = "http2")]
mod http2;
#[cfg(feature = "http2")]
mod negotiate;
mod pool;
mod race;
mod relay;
mod request;
mod response;
mod send;
#[cfg(feature = "http2")]
mod shared;
mod stream;
mod tcp;
#[cfg(test)]
mod tests;
mod tls;
mod tunnel;
#[cfg(feature = "http2")]
mod version_policy;

use std::{fmt, sync::Arc};

use http::{Request, Response};

use crate::{BoxFuture, RequestBody, ResponseBody, Transport, TransportError};
pub use builder::HyperTransportBuilder;
use connect::Connector;
use pool::Pool;
pub(crate) use response::Http1Body;
#[cfg(feature = "http2")]
pub(crate) use response::Http2Body;
#[cfg(feature = "http2")]
pub use version_policy::HttpVersionPolicy;

/// Sends requests over HTTP/1.1 with [hyper](https://hyper.rs), and reuses connections.
///
/// `https` is TLS 1.2 or 1.3 by rustls with the *ring* provider, whatever the process's default provider is, and
/// trusts the system's root certificates: those that `SSL_CERT_FILE` or `SSL_CERT_DIR` name, otherwise the
/// platform's. They are loaded on the first `https` request, once per transport; `http` never needs them.
///
/// A call over HTTP/1.1 drives its connection itself: the body of a response moves when it is read, and there is no task
/// but one that closes idle connections. Clones share connections and certificates. A connection belongs to the tokio
/// runtime that it was opened in.
///
/// With the feature `http2` it speaks HTTP/2, too, if the builder's `versions` say so; a task drives each such
/// connection.
///
/// # Panics
///
/// [`send`](Transport::send) has to be polled in a tokio runtime with IO and time enabled.
#[derive(Clone)]
pub struct HyperTransport(Arc<Inner>);

struct Inner {
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
        Self(Arc::new(Inner { settings, connector, pool }))
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
