//! Replaces the module `http2` if the feature `http2` is disabled.
//!
//! With this module, the code that handles HTTP/2 connections needs no `cfg`. The type of an HTTP/2
//! connection has no values here, so this code compiles to nothing.

use std::time::Duration;

use http::{Request, Response};
use hyper::body::Incoming;
use hyper::client::conn::TrySendError;

use super::route::Route;
use super::tls::HTTP1;
use crate::body::RequestBody;
use crate::error::{TransportError, TransportErrorKind};

/// A placeholder for the settings of HTTP/2.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Http2Settings {}

impl Http2Settings {
    pub(super) const fn alpn(self) -> &'static [&'static str] {
        HTTP1
    }
}

/// A placeholder for the HTTP/2 connection of a host.
pub(super) struct SharedConnection;

impl SharedConnection {
    pub(super) const fn new(_: Duration) -> Self {
        Self
    }

    pub(super) const fn count(&self) -> Option<(usize, usize)> {
        None
    }
}

/// A placeholder for the use of an HTTP/2 connection.
pub(super) enum Http2Lease {}

impl Http2Lease {
    pub(super) async fn send(
        &self,
        _: Request<RequestBody>,
    ) -> Result<Response<Incoming>, TrySendError<Request<RequestBody>>> {
        match *self {}
    }
}

/// Returns the error for a request that needs HTTP/2.
pub(super) fn unavailable(_: &Route<'_>) -> TransportError {
    let message = "the request needs HTTP/2; enable the Cargo feature `http2`, and set \
                   `HyperTransport::builder().http_version_policy(HttpVersionPolicy::PreferHttp2)`";
    TransportError::new(TransportErrorKind::InvalidRequest, message)
}

pub(super) const fn error_kind(_: &hyper::Error) -> Option<TransportErrorKind> {
    None
}
