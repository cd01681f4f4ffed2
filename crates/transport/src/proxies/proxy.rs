//! One proxy.

use std::fmt;

use http::{
    HeaderValue, StatusCode, Uri,
    uri::{Authority, Scheme},
};
use percent_encoding::percent_decode_str;

use crate::{TransportError, TransportErrorKind};

/// Where a proxy is, and what it wants to be told about the one who asks.
#[derive(Clone)]
pub(crate) struct Proxy {
    /// Nothing secret is in it.
    uri: Uri,
    authorization: Option<HeaderValue>,
}

/// Why the URL of a proxy cannot be used. It does not show the URL, which can hold a password.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProxyError {
    /// It is no URL, or has no host.
    #[error("is not a URL such as http://HOST:PORT")]
    NotAUrl,

    /// It is a proxy of another kind.
    #[error("has the scheme `{0}`: only proxies that speak HTTP can be used, with `http` or `https`")]
    Scheme(String),
}

impl Proxy {
    pub(super) fn parse(url: &str) -> Result<Self, ProxyError> {
        let given: Uri = url.trim().parse().map_err(|_| ProxyError::NotAUrl)?;
        let scheme = match given.scheme() {
            None => Scheme::HTTP,
            Some(scheme) if *scheme == Scheme::HTTP || *scheme == Scheme::HTTPS => scheme.clone(),
            Some(scheme) => return Err(ProxyError::Scheme(scheme.to_string())),
        };
        let authority = given.authority().ok_or(ProxyError::NotAUrl)?.as_str();
        let (user, host) = match authority.rsplit_once('@') {
            Some((user, host)) => (Some(user), host),
            None => (None, authority),
        };
        let uri = Uri::builder().scheme(scheme).authority(host).path_and_query("/").build();
        let uri = uri.map_err(|_| ProxyError::NotAUrl)?;
        if uri.host().is_none_or(str::is_empty) {
            return Err(ProxyError::NotAUrl);
        }
        Ok(Self { uri, authorization: user.map(basic) })
    }

    pub(crate) fn is_secure(&self) -> bool {
        self.uri.scheme() == Some(&Scheme::HTTPS)
    }

    /// Its host, and the port if the URL has one.
    pub(crate) fn authority(&self) -> &Authority {
        self.uri.authority().expect("a proxy's URL has a host")
    }

    /// The value of `Proxy-Authorization`.
    pub(crate) fn authorization(&self) -> Option<&HeaderValue> {
        self.authorization.as_ref()
    }

    /// The error of its own answer to `asked`.
    pub(crate) fn refused(&self, asked: &str, status: StatusCode) -> TransportError {
        let advice = match (status, &self.authorization) {
            (StatusCode::PROXY_AUTHENTICATION_REQUIRED, None) => {
                ": it wants a user and a password, which can stand in its URL"
            }
            (StatusCode::PROXY_AUTHENTICATION_REQUIRED, Some(_)) => {
                ": it does not take the user and the password of its URL"
            }
            _ => "",
        };
        // A proxy that cannot reach the host says so with 502, 503 or 504, and may reach it the next time.
        let kind =
            if status.is_server_error() { TransportErrorKind::Connect } else { TransportErrorKind::Proxy };
        TransportError::new(kind, format!("the proxy answered {asked} with {status}{advice}"))
    }
}

/// User and password by the scheme `Basic`: <https://www.rfc-editor.org/rfc/rfc7617#section-2>.
fn basic(user: &str) -> HeaderValue {
    let (user, password) = user.split_once(':').unwrap_or((user, ""));
    let mut pair: Vec<u8> = percent_decode_str(user).collect();
    pair.push(b':');
    pair.extend(percent_decode_str(password));
    let value = format!("Basic {}", base64_simd::STANDARD.encode_to_string(pair));
    let mut value = HeaderValue::try_from(value).expect("base64 can stand in a field");
    value.set_sensitive(true);
    value
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.uri.fmt(f)
    }
}
