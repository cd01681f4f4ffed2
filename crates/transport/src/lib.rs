//! One trait that sends an HTTP request, and its adapters.
//!
//! [`Transport`] takes an `http::Request` and gives an `http::Response`, or a [`TransportError`] whose
//! [kind](TransportErrorKind) says whether the request can have reached the service. That is all that a caller
//! needs to decide about a retry.
//!
//! | feature | adapter | for |
//! |---|---|---|
//! | `hyper` (default) | `HyperTransport` | HTTP/1.1 over TCP and TLS, connections reused |
//! | `http2` | the same | HTTP/2 where it is asked for |
//! | `smithy` | `SmithyTransport` | any `HttpClient` of `aws-smithy-runtime-api`: connectors, replay and mock clients |
//!
//! The feature `timeouts` (default) has the limits on time: how long until an answer, how long it may fall silent, how
//! long a call may take in all. Without features the crate is the trait, the bodies and the error, and depends on no runtime.
//!
//! # Contract
//!
//! A transport sends the request as it is given: method, target, fields and body. It may add `Host` and
//! `Content-Length` when they are missing. It sends a request once, follows no redirect, keeps no cookie, uses no
//! proxy that it was not told of and decodes no content coding. It knows connecting but no deadline for the answer:
//! dropping the future or the [`ResponseBody`] gives the call up, and closes its connection (HTTP/1) or resets its
//! stream (HTTP/2). `RequestTimeouts` (feature `timeouts`) put limits around any transport.
//!
//! # Example
//!
//! A transport for tests that always gives the same answer:
//!
//! ```
//! use bytes::Bytes;
//! use invoke_model_transport::{BoxFuture, RequestBody, ResponseBody, Transport, TransportError};
//!
//! #[derive(Debug)]
//! struct Always(&'static str);
//!
//! impl Transport for Always {
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
//! let answer = Always("{}").send(http::Request::default()).await?;
//! assert_eq!(answer.into_body().collect().await?, "{}");
//! # Ok(())
//! # }
//! ```

mod body;
mod error;
#[cfg(feature = "hyper")]
mod hyper;
mod kind;
#[cfg(feature = "hyper")]
mod proxies;
#[cfg(feature = "smithy")]
mod smithy;
#[cfg(feature = "timeouts")]
mod timeout;
mod transport;

pub use body::{RequestBody, ResponseBody};
pub use error::TransportError;
#[cfg(feature = "http2")]
pub use hyper::HttpVersionPolicy;
#[cfg(feature = "hyper")]
pub use hyper::{HyperTransport, HyperTransportBuilder};
pub use kind::TransportErrorKind;
#[cfg(feature = "hyper")]
pub use proxies::{Proxies, ProxyError};
#[cfg(feature = "smithy")]
pub use smithy::SmithyTransport;
#[cfg(feature = "timeouts")]
pub use timeout::{Deadline, RequestTimeouts, TimeoutKind};
pub use transport::{BoxFuture, ConnectTimeout, Transport};
