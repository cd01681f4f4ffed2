//! A trait for sending HTTP requests, and adapters that implement it.
//!
//! A [`Transport`] takes an `http::Request`, and returns an `http::Response` or a [`TransportError`]. The
//! [kind](TransportErrorKind) of the error determines whether the service can have received the request. A
//! caller uses the kind to decide whether to retry the request.
//!
//! | feature | adapter | purpose |
//! |---|---|---|
//! | `hyper` (default) | `HyperTransport` | HTTP/1.1 over TCP and TLS, connection pool, HTTP and SOCKS proxies |
//! | `http2` | `HyperTransport` | HTTP/2, if the builder enables it with `http_version_policy` |
//! | `smithy` | `SmithyTransport` | any `HttpClient` of `aws-smithy-runtime-api`: connectors, replay and mock clients |
//! | `tower` | `TowerTransport` | any `tower::Service` that takes HTTP requests: HTTP clients, and layers of `tower-http` |
//!
//! The feature `timeouts` (default) adds `RequestTimeouts`. This type enforces timeouts around any transport.
//! Without features, the crate contains only the trait, the body types and the error type, and it does not
//! depend on an async runtime.
//!
//! # Contract
//!
//! A transport does not change the method, target, headers or body of a request, but it may add the headers
//! `Host` and `Content-Length`. It sends each request once, follows no redirects, stores no cookies, and does
//! not decode `Content-Encoding`. It uses a proxy only if a proxy is configured.
//!
//! A transport has a connect timeout, but no timeout for the response. The caller cancels a request by
//! dropping the future or the [`ResponseBody`]. The drop closes the connection (HTTP/1) or resets the stream
//! (HTTP/2).
//!
//! A transport should report the stages of a request in its [`RequestProgress`] extension. Otherwise, a
//! request that is cancelled or times out counts as a request that may have been sent.
//!
//! # Example
//!
//! A transport for tests that always returns the same response:
//!
//! ```
//! use bytes::Bytes;
//! use invoke_model_transport::{BoxFuture, RequestBody, ResponseBody, Transport, TransportError};
//!
//! #[derive(Debug)]
//! struct FixedResponse(&'static str);
//!
//! impl Transport for FixedResponse {
//!     fn send(
//!         &self,
//!         _request: http::Request<RequestBody>,
//!     ) -> BoxFuture<Result<http::Response<ResponseBody>, TransportError>> {
//!         let body = ResponseBody::from(Bytes::from_static(self.0.as_bytes()));
//!         Box::pin(async { Ok(http::Response::new(body)) })
//!     }
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), TransportError> {
//! let response = FixedResponse("{}").send(http::Request::default()).await?;
//! assert_eq!(response.into_body().collect().await?, "{}");
//! # Ok(())
//! # }
//! ```

mod body;
#[cfg(feature = "timeouts")]
mod deadline;
mod error;
#[cfg(feature = "hyper")]
mod hyper;
mod progress;
#[cfg(feature = "hyper")]
mod proxies;
#[cfg(feature = "smithy")]
mod smithy;
#[cfg(feature = "timeouts")]
mod timeout;
#[cfg(feature = "tower")]
mod tower;
mod transport;

pub use body::{RequestBody, ResponseBody};
#[cfg(feature = "timeouts")]
pub use deadline::Deadline;
pub use error::{TimeoutKind, TransportError, TransportErrorKind};
#[cfg(feature = "http2")]
pub use hyper::HttpVersionPolicy;
#[cfg(feature = "hyper")]
pub use hyper::{HyperTransport, HyperTransportBuilder};
pub use progress::{RequestProgress, RequestStage};
#[cfg(feature = "hyper")]
pub use proxies::{Proxies, ProxyError};
#[cfg(feature = "smithy")]
pub use smithy::SmithyTransport;
#[cfg(feature = "timeouts")]
pub use timeout::RequestTimeouts;
#[cfg(feature = "tower")]
pub use tower::TowerTransport;
pub use transport::{BoxFuture, ConnectTimeout, ConnectionPool, OpenConnections, Transport};
