//! The route of a request.

use std::time::Duration;

use http::uri::{Authority, Scheme};

use crate::proxies::Proxy;

/// The host of a request, the proxy on the way to it, and the time that connecting may take.
pub(super) struct Route<'a> {
    pub(super) scheme: Scheme,
    pub(super) authority: Authority,
    pub(super) proxy: Option<&'a Proxy>,
    pub(super) connect_timeout: Duration,
}

impl Route<'_> {
    /// Returns `true` if the scheme is `https`.
    pub(super) fn is_secure(&self) -> bool {
        self.scheme == Scheme::HTTPS
    }

    /// Returns the port of the host: the one in the URI, or the default port of the scheme.
    pub(super) fn port(&self) -> u16 {
        self.authority.port_u16().unwrap_or(if self.is_secure() { 443 } else { 80 })
    }

    /// Returns the proxy if it relays requests, that is, if it reads them. Of `https` requests, and of those
    /// through a SOCKS proxy, it sees only an opaque tunnel.
    pub(super) fn relay(&self) -> Option<&Proxy> {
        self.proxy.filter(|proxy| self.scheme == Scheme::HTTP && !proxy.is_socks())
    }
}
