//! Rules that assign proxies to requests.

mod no_proxy;
mod proxy;
#[cfg(test)]
mod tests;

use http::uri::{Authority, Scheme};

pub use proxy::ProxyError;
pub(crate) use proxy::{Proxy, ProxyProtocol};

use no_proxy::NoProxy;

/// The proxies for `http` and `https` requests, and a list of hosts that are called without a proxy. The
/// default has no proxies.
///
/// The rules are the same as in curl and botocore. This type does not read environment variables. Loopback
/// addresses are proxied like any other host, unless [`no_proxy`](Self::no_proxy) lists them.
///
/// The URL of a proxy is `SCHEME://USER:PASSWORD@HOST:PORT`. User and password are optional, and must be
/// percent-encoded. The supported schemes are:
///
/// | scheme | proxy | default port |
/// |---|---|---|
/// | `http`, or no scheme | HTTP over TCP | 80 |
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
    /// Sets the proxy for `http` requests. An HTTP proxy receives each request with the complete URL as its
    /// target. Through a SOCKS proxy, the host receives each request in the same form as without a proxy.
    ///
    /// # Errors
    ///
    /// Returns an error if the URL cannot be used. The error does not contain the URL.
    #[doc(alias = "http_proxy")]
    pub fn http(mut self, url: &str) -> Result<Self, ProxyError> {
        self.http = Some(Proxy::parse(url)?);
        Ok(self)
    }

    /// Sets the proxy for `https` requests. The proxy opens a tunnel to the host (`CONNECT` or SOCKS), and
    /// cannot read the requests and responses in the tunnel.
    ///
    /// # Errors
    ///
    /// Returns the same errors as [`http`](Self::http).
    #[doc(alias = "https_proxy")]
    pub fn https(mut self, url: &str) -> Result<Self, ProxyError> {
        self.https = Some(Proxy::parse(url)?);
        Ok(self)
    }

    /// Sets the hosts that are called without a proxy. `list` has the syntax of `NO_PROXY`: its entries are
    /// separated by commas or blanks. Each entry is one of the following:
    ///
    /// * A name. It matches the host with this name and all subdomains. A `.` or `*.` before the name has no
    ///   effect.
    /// * An address, or a network such as `10.0.0.0/8` or `fd00::/8`. It matches only hosts that are given as
    ///   addresses, because host names are not resolved for this purpose.
    /// * A name, address or network with a port, such as `[::1]:8080`. It matches only this port.
    /// * `*`. It matches every host.
    ///
    /// Any other entry has no effect.
    pub fn no_proxy(mut self, list: &str) -> Self {
        self.no_proxy = NoProxy::parse(list);
        self
    }

    /// Returns the proxy for requests to a host, or `None` if the host is called without a proxy.
    pub(crate) fn proxy_for(&self, scheme: &Scheme, authority: &Authority) -> Option<&Proxy> {
        let (proxy, default_port) =
            if *scheme == Scheme::HTTPS { (&self.https, 443) } else { (&self.http, 80) };
        let proxy = proxy.as_ref()?;
        let port = authority.port_u16().unwrap_or(default_port);
        (!self.no_proxy.contains(authority.host(), port)).then_some(proxy)
    }
}
