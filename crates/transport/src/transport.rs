//! The [`Transport`] trait.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use crate::body::{RequestBody, ResponseBody};
use crate::error::TransportError;

/// A boxed future without borrowed data.
pub type BoxFuture<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// A client that sends HTTP requests.
///
/// The [crate documentation](crate#contract) describes the contract of all implementations. All calls of a
/// client share one transport, often as `Arc<dyn Transport>`. Store expensive resources such as connections
/// and certificates in `self`.
pub trait Transport: Send + Sync + fmt::Debug + 'static {
    /// Sends `request`. The URI must be absolute, with scheme, authority, path and query. If the version of
    /// the request is HTTP/2, the request body and the response body are sent at the same time. An
    /// implementation must not send such a request over HTTP/1.1.
    ///
    /// The future resolves when the response's status and headers have arrived. The body may still be in
    /// transit. A response with any status is a success. The transport sends nothing before the first poll.
    /// Dropping the future cancels the request.
    ///
    /// # Errors
    ///
    /// Returns an error if no response arrived. [`TransportError::kind`] returns the reason.
    /// [`TransportError::may_have_been_sent`] returns `true` if the service may have received the request.
    fn send(
        &self,
        request: http::Request<RequestBody>,
    ) -> BoxFuture<Result<http::Response<ResponseBody>, TransportError>>;

    /// Returns the connection pool, for metrics of its connections. Transports that share their connections
    /// return clones of one `Arc`, so that a caller can count these connections once.
    ///
    /// Default: `None`, because not all transports know their connections. A transport that wraps another
    /// transport returns the pool of that transport.
    fn connection_pool(&self) -> Option<Arc<dyn ConnectionPool>> {
        None
    }
}

/// The connections of a [`Transport`].
///
/// ```
/// use invoke_model_transport::{HyperTransport, Transport};
///
/// let transport = HyperTransport::new();
/// let pool = transport.connection_pool().expect("this transport knows its connections");
/// assert!(pool.open_connections().is_empty());
/// ```
pub trait ConnectionPool: Send + Sync {
    /// Returns the numbers of open connections to each server. If several elements have the same server and
    /// version, their numbers add up. The numbers of a server can be 0. A connection that is being opened does
    /// not count.
    ///
    /// The numbers are a snapshot: calls on other threads can change them at the same time. This function does
    /// not block, and can be called outside of an async runtime.
    fn open_connections(&self) -> Vec<OpenConnections>;
}

/// The numbers of open connections to one server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenConnections {
    /// The host in the URI of the requests. If a connection goes through a proxy, this is not the proxy.
    pub host: String,
    /// The port in the URI of the requests, or the default port of the scheme.
    pub port: u16,
    /// The HTTP version of the connections.
    pub version: http::Version,
    /// The number of connections that calls use. A connection that several calls share counts once.
    pub active: usize,
    /// The number of connections that wait for the next call.
    pub idle: usize,
}

/// A request extension that overrides the transport's connect timeout for one request.
///
/// `HyperTransport` applies this timeout. Other transports may ignore it.
///
/// ```
/// use std::time::Duration;
///
/// use invoke_model_transport::{ConnectTimeout, RequestBody};
///
/// let mut request = http::Request::get("http://127.0.0.1/").body(RequestBody::default())?;
/// request.extensions_mut().insert(ConnectTimeout(Duration::from_secs(3)));
/// # Ok::<(), http::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConnectTimeout(pub Duration);

impl<T: Transport + ?Sized> Transport for Arc<T> {
    fn send(
        &self,
        request: http::Request<RequestBody>,
    ) -> BoxFuture<Result<http::Response<ResponseBody>, TransportError>> {
        (**self).send(request)
    }

    fn connection_pool(&self) -> Option<Arc<dyn ConnectionPool>> {
        (**self).connection_pool()
    }
}
