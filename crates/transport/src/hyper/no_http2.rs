//! Stand-ins for the module `http2` without the feature `http2`, so that the code that handles HTTP/2
//! connections needs no `cfg`. The type of such a connection has no values, so that this code compiles to
//! nothing.

use std::time::Duration;

use http::{Request, Response};
use hyper::body::Incoming;
use hyper::client::conn::TrySendError;

use super::tls::HTTP1;
use crate::body::RequestBody;
use crate::error::TransportErrorKind;

/// The settings that concern HTTP/2: none.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Http2Settings {}

impl Http2Settings {
    pub(super) const fn alpn(self) -> &'static [&'static str] {
        HTTP1
    }
}

/// The HTTP/2 connection of a host, which does not exist.
pub(super) struct SharedConnection;

impl SharedConnection {
    pub(super) const fn new(_: Duration) -> Self {
        Self
    }

    pub(super) const fn exists(&self) -> bool {
        false
    }
}

/// The use of an HTTP/2 connection.
pub(super) enum Http2Lease {}

impl Http2Lease {
    pub(super) async fn send(
        &self,
        _: Request<RequestBody>,
    ) -> Result<Response<Incoming>, TrySendError<Request<RequestBody>>> {
        match *self {}
    }
}

pub(super) const fn error_kind(_: &hyper::Error) -> Option<TransportErrorKind> {
    None
}
