//! The trait.

use std::{fmt, pin::Pin, sync::Arc};

use crate::{RequestBody, ResponseBody, TransportError};

/// A boxed future that owns what it needs.
pub type BoxFuture<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// Sends one HTTP request and gives its response.
///
/// The crate's documentation states the contract. An implementation is shared by all calls of a client, often as
/// `Arc<dyn Transport>`, so what is expensive (connections, certificates) lives in `self`.
pub trait Transport: Send + Sync + fmt::Debug + 'static {
    /// Sends `request`, whose URI is absolute: scheme, authority, path and query.
    ///
    /// The future is done when the response's status and fields are there; the body may still be on its way. Any
    /// status is a success here. Nothing is sent before the first poll; dropping the future gives the call up.
    ///
    /// # Errors
    ///
    /// No response arrived. [`TransportError::kind`] says why, and whether the service can have seen the request.
    fn send(
        &self,
        request: http::Request<RequestBody>,
    ) -> BoxFuture<Result<http::Response<ResponseBody>, TransportError>>;
}

impl<T: Transport + ?Sized> Transport for Arc<T> {
    fn send(
        &self,
        request: http::Request<RequestBody>,
    ) -> BoxFuture<Result<http::Response<ResponseBody>, TransportError>> {
        (**self).send(request)
    }
}
