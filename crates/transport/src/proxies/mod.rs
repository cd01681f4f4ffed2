//! Rules that assign proxies to requests.

mod no_proxy;
mod proxy;
#[cfg(test)]
mod tests;

use std::fmt;

use http::Uri;
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
/// | `http`, or no scheme | HTTP over TCP | 80. A URL with a user or password must contain the port |
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
    http: Option<Setting>,
    https: Option<Setting>,
    no_proxy: NoProxy,
}

/// A proxy, or the reason why its setting is invalid.
#[derive(Clone)]
enum Setting {
    Valid(Proxy),
    Invalid(String),
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
        self.http = Some(Setting::Valid(Proxy::parse(url)?));
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
        self.https = Some(Setting::Valid(Proxy::parse(url)?));
        Ok(self)
    }

    /// States that the setting of the proxy for `http` requests is invalid. A request that needs this proxy fails
    /// with `problem`, and is not sent. Other requests do not fail.
    pub fn invalid_http(mut self, problem: impl Into<String>) -> Self {
        self.http = Some(Setting::Invalid(problem.into()));
        self
    }

    /// States that the setting of the proxy for `https` requests is invalid. Otherwise equal to
    /// [`invalid_http`](Self::invalid_http).
    pub fn invalid_https(mut self, problem: impl Into<String>) -> Self {
        self.https = Some(Setting::Invalid(problem.into()));
        self
    }

    /// Returns `true` if requests to `uri` need a proxy whose setting is invalid.
    pub fn is_invalid_for(&self, uri: &Uri) -> bool {
        match (uri.scheme(), uri.authority()) {
            (Some(scheme), Some(authority)) => self.proxy_for(scheme, authority).is_err(),
            _ => false,
        }
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

    /// Returns the URL of the proxy for requests to `uri`, without user, password and path. Returns `None` if these
    /// requests need no proxy, or if the setting of the proxy is invalid.
    ///
    /// ```
    /// use invoke_model_transport::Proxies;
    ///
    /// let proxies = Proxies::default().https("http://user:secret@proxy.example:3128")?;
    /// let uri = "https://example.com".parse().unwrap();
    /// assert_eq!(proxies.url_for(&uri).unwrap(), "http://proxy.example:3128");
    /// # Ok::<(), invoke_model_transport::ProxyError>(())
    /// ```
    #[must_use]
    pub fn url_for(&self, uri: &Uri) -> Option<String> {
        let proxy = self.proxy_for(uri.scheme()?, uri.authority()?).ok()??;
        Some(format!("{}://{}", proxy.protocol().scheme(), proxy.authority()))
    }

    /// Returns the proxy for requests to a host, or `None` if the host is called without a proxy.
    ///
    /// # Errors
    ///
    /// Returns the problem if the setting of the proxy is invalid.
    pub(crate) fn proxy_for(&self, scheme: &Scheme, authority: &Authority) -> Result<Option<&Proxy>, &str> {
        let (proxy, default_port) =
            if *scheme == Scheme::HTTPS { (&self.https, 443) } else { (&self.http, 80) };
        let Some(setting) = proxy else { return Ok(None) };
        let port = authority.port_u16().unwrap_or(default_port);
        match setting {
            _ if self.no_proxy.contains(authority.host(), port) => Ok(None),
            Setting::Valid(proxy) => Ok(Some(proxy)),
            Setting::Invalid(problem) => Err(problem),
        }
    }
}

impl fmt::Debug for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Valid(proxy) => proxy.fmt(f),
            Self::Invalid(problem) => f.debug_tuple("Invalid").field(problem).finish(),
        }
    }
}
