//! The route of a request.

use std::time::Duration;

use http::uri::{Authority, Scheme};

use crate::progress::{RequestProgress, RequestStage};
use crate::proxies::Proxy;

/// The host of a request, the proxy for this host, and the requirements on the connection.
pub(super) struct Route<'a> {
    pub(super) scheme: Scheme,
    pub(super) authority: Authority,
    pub(super) proxy: Option<&'a Proxy>,
    pub(super) connect_timeout: Duration,
    /// `true` if the request cannot be sent over HTTP/1.1.
    pub(super) needs_http2: bool,
    /// The progress of the request, if the caller needs it.
    pub(super) progress: Option<RequestProgress>,
}

impl Route<'_> {
    /// Records that the request has reached `stage`.
    pub(super) fn reach(&self, stage: RequestStage) {
        if let Some(progress) = &self.progress {
            progress.reach(stage);
        }
    }

    /// Returns `true` if the scheme is `https`.
    pub(super) fn is_secure(&self) -> bool {
        self.scheme == Scheme::HTTPS
    }

    /// Returns the port in the URI, or the default port of the scheme.
    pub(super) fn port(&self) -> u16 {
        port(&self.scheme, &self.authority)
    }

    /// Returns the proxy if it is an HTTP proxy that reads and relays the request. Returns `None` for `https`
    /// requests and for SOCKS proxies, because the proxy then only opens a tunnel.
    pub(super) fn relay(&self) -> Option<&Proxy> {
        self.proxy.filter(|proxy| self.scheme == Scheme::HTTP && !proxy.is_socks())
    }
}

/// Returns the port in the authority, or the default port of the scheme.
pub(super) fn port(scheme: &Scheme, authority: &Authority) -> u16 {
    authority.port_u16().unwrap_or(if *scheme == Scheme::HTTPS { 443 } else { 80 })
}
