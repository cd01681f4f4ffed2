//! Which requests go through a proxy, and which one.

mod bypass;
mod proxy;
#[cfg(test)]
mod tests;

use http::uri::{Authority, Scheme};

use bypass::Bypass;
pub(crate) use proxy::Proxy;
pub use proxy::ProxyError;

/// The proxies for `http` and for `https`, and the hosts that are reached without one. The default has none.
///
/// The rules are those of curl and botocore; nothing here reads the environment. Loopback is proxied like any other
/// host unless the [exceptions](Self::except) name it.
///
/// ```
/// use invoke_model_transport::Proxies;
///
/// let proxies = Proxies::default()
///     .https("http://user:secret@proxy.example.com:3128")?
///     .except("169.254.169.254, .internal.example.com, 10.0.0.0/8, localhost:8080");
/// assert!(!format!("{proxies:?}").contains("secret"));
/// # Ok::<(), invoke_model_transport::ProxyError>(())
/// ```
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct Proxies {
    http: Option<Proxy>,
    https: Option<Proxy>,
    bypass: Bypass,
}

impl Proxies {
    /// The proxy of `http` requests: they are sent to it with their whole URL as the target.
    ///
    /// A URL is `http` or `https` (how the proxy is spoken to; `http` if it is left out), a host and a port, and before
    /// them the user and the password if the proxy wants them: `http://USER:PASSWORD@HOST:PORT`, percent-encoded.
    ///
    /// # Errors
    /// [`ProxyError`] says what is wrong, without the URL.
    pub fn http(mut self, url: &str) -> Result<Self, ProxyError> {
        self.http = Some(Proxy::parse(url)?);
        Ok(self)
    }

    /// The proxy of `https` requests: it is asked for a tunnel (`CONNECT`) to the host, and sees nothing of what goes
    /// through it. The URL is as for [`http`](Self::http).
    ///
    /// # Errors
    /// [`ProxyError`] says what is wrong, without the URL.
    pub fn https(mut self, url: &str) -> Result<Self, ProxyError> {
        self.https = Some(Proxy::parse(url)?);
        Ok(self)
    }

    /// The hosts that are reached without a proxy, as `NO_PROXY` lists them: divided by commas or blanks, each
    ///
    /// * a name, which means that host and every one below it; a dot or `*.` before it changes nothing;
    /// * an address, or a network such as `10.0.0.0/8` and `fd00::/8`: for hosts that are given as addresses, names are
    ///   not resolved for this;
    /// * one of these with a port (`[::1]:8080`), which means that port only;
    /// * `*`, which means every host.
    ///
    /// What is none of these has no effect.
    pub fn except(mut self, list: &str) -> Self {
        self.bypass = Bypass::parse(list);
        self
    }

    /// The proxy on the way to a host, if there is one.
    pub(crate) fn on_the_way_to(&self, scheme: &Scheme, authority: &Authority) -> Option<&Proxy> {
        let (proxy, default_port) =
            if *scheme == Scheme::HTTPS { (&self.https, 443) } else { (&self.http, 80) };
        let proxy = proxy.as_ref()?;
        let port = authority.port_u16().unwrap_or(default_port);
        (!self.bypass.contains(authority.host(), port)).then_some(proxy)
    }
}
