//! Rules that assign proxies to requests.

mod no_proxy;
mod proxy;
#[cfg(test)]
mod tests;

use http::uri::{Authority, Scheme};

pub use proxy::ProxyError;
pub(crate) use proxy::{Proxy, ProxyProtocol};

use no_proxy::NoProxy;

/// The proxies for `http` and for `https` requests, and the hosts that are reached without one. The default
/// has none.
///
/// The rules are those of curl and botocore. Nothing here reads the environment. Loopback addresses are
/// proxied like any other host, unless [`no_proxy`](Self::no_proxy) lists them.
///
/// A proxy's URL is `SCHEME://USER:PASSWORD@HOST:PORT`, user and password percent-encoded and optional:
///
/// | scheme | proxy | default port |
/// |---|---|---|
/// | `http`, or none | HTTP over TCP | 80 |
/// | `https` | HTTP over TLS | 443 |
/// | `socks5h`, `socks4a` | SOCKS; the proxy resolves the host's name | 1080 |
/// | `socks5`, `socks4` | SOCKS; the host's name is resolved locally | 1080 |
///
/// ```
/// use invoke_model_transport::Proxies;
///
/// let proxies = Proxies::default()
///     .https("http://user:secret@proxy.example.com:3128")?
///     .no_proxy("169.254.169.254, .internal.example.com, 10.0.0.0/8, localhost:8080");
/// assert!(!format!("{proxies:?}").contains("secret"));
/// # Ok::<(), invoke_model_transport::ProxyError>(())
/// ```
#[derive(Clone, Debug, Default)]
#[must_use]
#[doc(alias = "proxy")]
#[doc(alias = "socks")]
pub struct Proxies {
    http: Option<Proxy>,
    https: Option<Proxy>,
    no_proxy: NoProxy,
}

impl Proxies {
    /// Sets the proxy of `http` requests. An HTTP proxy receives each request with its whole URL as the
    /// target; through a SOCKS proxy, requests are sent as without one.
    ///
    /// # Errors
    ///
    /// Returns an error if the URL cannot be used. The error does not contain the URL.
    #[doc(alias = "http_proxy")]
    pub fn http(mut self, url: &str) -> Result<Self, ProxyError> {
        self.http = Some(Proxy::parse(url)?);
        Ok(self)
    }

    /// Sets the proxy of `https` requests. It opens a tunnel to the host (`CONNECT` or SOCKS), and cannot
    /// read what passes through it.
    ///
    /// # Errors
    ///
    /// As [`http`](Self::http).
    #[doc(alias = "https_proxy")]
    pub fn https(mut self, url: &str) -> Result<Self, ProxyError> {
        self.https = Some(Proxy::parse(url)?);
        Ok(self)
    }

    /// Sets the hosts that are reached without a proxy, in the syntax of `NO_PROXY`. The entries are
    /// separated by commas or blanks. Each is
    ///
    /// * a name, which matches that host and all below it; `.` or `*.` before the name has no effect;
    /// * an address, or a network such as `10.0.0.0/8` and `fd00::/8`, which matches hosts that are given as
    ///   addresses; names are not resolved for this;
    /// * one of these with a port, such as `[::1]:8080`, which matches that port only;
    /// * `*`, which matches every host.
    ///
    /// Any other entry has no effect.
    pub fn no_proxy(mut self, list: &str) -> Self {
        self.no_proxy = NoProxy::parse(list);
        self
    }

    /// Returns the proxy for requests to a host, if there is one.
    pub(crate) fn proxy_for(&self, scheme: &Scheme, authority: &Authority) -> Option<&Proxy> {
        let (proxy, default_port) =
            if *scheme == Scheme::HTTPS { (&self.https, 443) } else { (&self.http, 80) };
        let proxy = proxy.as_ref()?;
        let port = authority.port_u16().unwrap_or(default_port);
        (!self.no_proxy.contains(authority.host(), port)).then_some(proxy)
    }
}
