//! The URL of a proxy, and the credentials in it.

use std::borrow::Cow;
use std::fmt;

use http::uri::Authority;
use http::{HeaderValue, StatusCode};
use percent_encoding::percent_decode_str;

use crate::error::{TransportError, TransportErrorKind};

/// The address of a proxy, its protocol, and the credentials for it.
#[derive(Clone)]
pub(crate) struct Proxy {
    protocol: ProxyProtocol,
    /// Host and port, without credentials.
    authority: Authority,
    credentials: Option<ProxyCredentials>,
}

/// The protocol of a proxy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ProxyProtocol {
    Http,
    Https,
    Socks4,
    Socks4a,
    Socks5,
    Socks5h,
}

#[derive(Clone)]
enum ProxyCredentials {
    /// The value of `Proxy-Authorization`.
    Basic(HeaderValue),
    /// User and password for SOCKS 5.
    Socks(String, String),
}

/// An error in the URL of a proxy. The error does not contain the URL, because the URL may contain a
/// password.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProxyError {
    /// The value is not a URL, or has no host.
    #[error("not a URL such as http://HOST:PORT")]
    NotAUrl,

    /// The scheme is not supported.
    #[error("unsupported scheme `{0}`: use `http`, `https`, `socks4`, `socks4a`, `socks5` or `socks5h`")]
    Scheme(String),

    /// The URL of an HTTP proxy contains a user or password, but no port. Programs have different default ports,
    /// so the password could reach another program.
    #[error("add the port, because the URL contains a user or password")]
    NoPort,

    /// The user or password contains a character that must be percent-encoded.
    #[error("percent-encode {0:?} in the user or password")]
    NotEncoded(char),

    /// The user or password cannot be sent with the protocol of the proxy.
    #[error("{0}")]
    Credentials(&'static str),
}

impl ProxyProtocol {
    const ALL: [Self; 6] =
        [Self::Http, Self::Https, Self::Socks4, Self::Socks4a, Self::Socks5, Self::Socks5h];

    pub(super) const fn scheme(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
            Self::Socks4 => "socks4",
            Self::Socks4a => "socks4a",
            Self::Socks5 => "socks5",
            Self::Socks5h => "socks5h",
        }
    }

    const fn is_socks(self) -> bool {
        !matches!(self, Self::Http | Self::Https)
    }
}

impl Proxy {
    pub(super) fn parse(url: &str) -> Result<Self, ProxyError> {
        let url = url.trim();
        let (protocol, rest) = match url.split_once("://") {
            None => (ProxyProtocol::Http, url),
            Some((scheme, rest)) => {
                let mut protocols = ProxyProtocol::ALL.into_iter();
                let protocol = protocols.find(|protocol| protocol.scheme().eq_ignore_ascii_case(scheme));
                (protocol.ok_or_else(|| unsupported(scheme))?, rest)
            }
        };
        // As in curl, the user and password end at the last `@`.
        let (userinfo, host) = match rest.rsplit_once('@') {
            Some((userinfo, host)) => (Some(userinfo), host),
            None => (None, rest),
        };
        let authority: Authority = host
            .split(['/', '?', '#'])
            .next()
            .and_then(|host| host.parse().ok())
            .filter(|authority: &Authority| !authority.host().is_empty())
            .ok_or(ProxyError::NotAUrl)?;
        // The crate `http` accepts any text after the colon, so the port is checked here.
        let port = authority.as_str().strip_prefix(authority.host()).unwrap_or_default();
        let has_port = !port.is_empty();
        // `port_u16` accepts a sign.
        let is_number = port.bytes().skip(1).all(|byte| byte.is_ascii_digit());
        if has_port && (!is_number || authority.port_u16().is_none_or(|port| port == 0)) {
            return Err(ProxyError::NotAUrl);
        }
        let credentials = userinfo.map(|userinfo| credentials(protocol, userinfo)).transpose()?;
        // The default port is 1080 in curl, and 80 in other programs.
        if credentials.is_some() && !has_port && protocol == ProxyProtocol::Http {
            return Err(ProxyError::NoPort);
        }
        Ok(Self { protocol, authority, credentials })
    }

    pub(crate) const fn protocol(&self) -> ProxyProtocol {
        self.protocol
    }

    /// Returns `true` if the connection to the proxy uses TLS.
    pub(crate) fn is_secure(&self) -> bool {
        self.protocol == ProxyProtocol::Https
    }

    pub(crate) const fn is_socks(&self) -> bool {
        self.protocol.is_socks()
    }

    /// Returns the host of the proxy, and the port if the URL contains one.
    pub(crate) const fn authority(&self) -> &Authority {
        &self.authority
    }

    /// Returns the port in the URL, or the default port of the protocol.
    pub(crate) fn port(&self) -> u16 {
        self.authority.port_u16().unwrap_or(match self.protocol {
            ProxyProtocol::Http => 80,
            ProxyProtocol::Https => 443,
            _ => 1080,
        })
    }

    /// Returns the value of `Proxy-Authorization`.
    pub(crate) const fn authorization(&self) -> Option<&HeaderValue> {
        match &self.credentials {
            Some(ProxyCredentials::Basic(value)) => Some(value),
            _ => None,
        }
    }

    /// Returns user and password for SOCKS 5.
    pub(crate) fn socks_credentials(&self) -> Option<(&str, &str)> {
        match &self.credentials {
            Some(ProxyCredentials::Socks(user, password)) => Some((user, password)),
            _ => None,
        }
    }

    /// Returns the error for a `request` that the proxy itself rejects with `status`.
    pub(crate) fn rejected(&self, request: &str, status: StatusCode) -> TransportError {
        let advice = match (status, &self.credentials) {
            (StatusCode::PROXY_AUTHENTICATION_REQUIRED, None) => {
                "; add a user name and password to the proxy URL"
            }
            (StatusCode::PROXY_AUTHENTICATION_REQUIRED, Some(_)) => {
                "; the proxy does not accept the user name and password in its URL"
            }
            _ => "",
        };
        // A proxy that cannot reach the host responds with 502, 503 or 504. A retry may succeed.
        let kind =
            if status.is_server_error() { TransportErrorKind::Connect } else { TransportErrorKind::Proxy };
        TransportError::new(kind, format!("the proxy responded to {request} with {status}{advice}"))
    }
}

/// Schemes that occur in proxy settings and that are not supported.
const UNSUPPORTED: [&str; 12] =
    ["dns", "ftp", "ftps", "h2", "pac", "quic", "socks", "socks6", "ssh", "tcp", "tls", "wss"];

/// Returns the error for an unknown scheme. The error contains the text before `://` only if this text is a
/// known scheme, because other text may be a part of a password.
fn unsupported(scheme: &str) -> ProxyError {
    match UNSUPPORTED.into_iter().find(|known| known.eq_ignore_ascii_case(scheme)) {
        Some(known) => ProxyError::Scheme(known.to_owned()),
        None => ProxyError::NotAUrl,
    }
}

fn credentials(protocol: ProxyProtocol, userinfo: &str) -> Result<ProxyCredentials, ProxyError> {
    // https://www.rfc-editor.org/rfc/rfc3986#section-3.2.1
    let is_allowed = |c: char| c.is_ascii_alphanumeric() || "-._~!$&'()*+,;=:%".contains(c);
    if let Some(c) = userinfo.chars().find(|&c| !is_allowed(c)) {
        return Err(ProxyError::NotEncoded(c));
    }
    let (user, password) = userinfo.split_once(':').unwrap_or((userinfo, ""));
    match protocol {
        ProxyProtocol::Http | ProxyProtocol::Https => Ok(ProxyCredentials::Basic(basic(user, password))),
        ProxyProtocol::Socks4 | ProxyProtocol::Socks4a => {
            Err(ProxyError::Credentials("SOCKS 4 cannot send a user or password: use `socks5` or `socks5h`"))
        }
        ProxyProtocol::Socks5 | ProxyProtocol::Socks5h => {
            let decode = |text| {
                let text = percent_decode_str(text).decode_utf8().map(Cow::into_owned);
                text.map_err(|_| ProxyError::Credentials("the user or password is not UTF-8"))
            };
            let (user, password) = (decode(user)?, decode(password)?);
            // https://www.rfc-editor.org/rfc/rfc1929#section-2
            if user.len().max(password.len()) > 255 {
                return Err(ProxyError::Credentials(
                    "the user or password is longer than 255 bytes, the limit of SOCKS 5",
                ));
            }
            Ok(ProxyCredentials::Socks(user, password))
        }
    }
}

/// Returns the header value for a user and password in the authentication scheme `Basic` ([RFC
/// 7617](https://www.rfc-editor.org/rfc/rfc7617#section-2)).
fn basic(user: &str, password: &str) -> HeaderValue {
    let mut pair: Vec<u8> = percent_decode_str(user).collect();
    pair.push(b':');
    pair.extend(percent_decode_str(password));
    let value = format!("Basic {}", base64_simd::STANDARD.encode_to_string(pair));
    let mut value = HeaderValue::try_from(value).expect("base64 is valid in a header");
    value.set_sensitive(true);
    value
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}/", self.protocol.scheme(), self.authority)
    }
}
