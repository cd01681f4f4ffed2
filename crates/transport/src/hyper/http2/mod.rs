//! The settings of HTTP/2, and the connection that all calls to a host share.

mod connection;
mod shared;

use std::time::Duration;

use http::uri::Scheme;

pub(crate) use connection::with_reset_code;
pub(super) use connection::{Http2, error_kind};
pub(super) use shared::{Http2Lease, SharedConnection};

use super::route::Route;
use super::tls::HTTP1;
use crate::error::{TransportError, TransportErrorKind};

/// The HTTP versions that a transport uses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum HttpVersionPolicy {
    /// HTTP/1.1. Each call occupies a connection.
    #[default]
    Http1Only,
    /// HTTP/2 if the server accepts it in the TLS handshake (ALPN), otherwise HTTP/1.1. Connections without
    /// TLS use HTTP/1.1.
    PreferHttp2,
    /// HTTP/2 for all requests, with one exception: requests to a proxy that relays `http` requests use
    /// HTTP/1.1. Without TLS, the server must support HTTP/2 with prior knowledge.
    Http2Only,
}

/// The settings of HTTP/2.
#[derive(Clone, Copy, Debug)]
pub(super) struct Http2Settings {
    pub(super) policy: HttpVersionPolicy,
    /// If the peer sends no frame for this time, the client sends a PING. The client sends PINGs only while
    /// calls are active.
    pub(super) ping_interval: Duration,
    /// The time that the peer may take to respond to a PING.
    pub(super) ping_timeout: Duration,
}

impl Default for Http2Settings {
    fn default() -> Self {
        Self {
            policy: HttpVersionPolicy::default(),
            ping_interval: Duration::from_secs(30),
            ping_timeout: Duration::from_secs(15),
        }
    }
}

/// Returns the error for a request that needs HTTP/2, on a route that uses HTTP/1.1.
pub(super) fn unavailable(route: &Route<'_>) -> TransportError {
    let message = match (route.relay(), route.is_secure()) {
        (Some(_), _) => {
            "the request needs HTTP/2, but the proxy relays `http` requests over HTTP/1.1; use an `https` endpoint"
        }
        (None, true) => {
            "the request needs HTTP/2; set \
             `HyperTransport::builder().http_version_policy(HttpVersionPolicy::PreferHttp2)`"
        }
        (None, false) => {
            "the request needs HTTP/2; for an `http` endpoint, set \
             `HyperTransport::builder().http_version_policy(HttpVersionPolicy::Http2Only)`"
        }
    };
    TransportError::new(TransportErrorKind::InvalidRequest, message)
}

impl Http2Settings {
    /// Returns the protocols to offer in a TLS handshake. The preferred protocol comes first.
    pub(super) const fn alpn(self) -> &'static [&'static str] {
        match self.policy {
            HttpVersionPolicy::Http1Only => HTTP1,
            HttpVersionPolicy::PreferHttp2 => &["h2", "http/1.1"],
            HttpVersionPolicy::Http2Only => &["h2"],
        }
    }

    /// Returns `true` if a connection on this route may use HTTP/2.
    pub(super) fn applies_to(self, route: &Route<'_>) -> bool {
        match self.policy {
            HttpVersionPolicy::Http1Only => false,
            HttpVersionPolicy::PreferHttp2 => route.scheme == Scheme::HTTPS,
            HttpVersionPolicy::Http2Only => route.relay().is_none(),
        }
    }
}
