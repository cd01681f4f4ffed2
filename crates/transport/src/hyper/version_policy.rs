//! Which version of HTTP is spoken with whom.

use http::uri::Scheme;

use super::tls::HTTP1;

/// The versions of HTTP that a transport speaks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum HttpVersionPolicy {
    /// HTTP/1.1: a call has a connection for itself.
    #[default]
    Http1,
    /// Over TLS HTTP/2 if the peer wants it, which both say in the handshake (ALPN), otherwise HTTP/1.1. Over TCP alone
    /// HTTP/1.1.
    Negotiated,
    /// HTTP/2 and nothing else. Over TCP alone the peer is taken to speak it, without having been asked ("prior
    /// knowledge"); a proxy that relays `http` cannot be told so, and gets HTTP/1.1.
    Http2,
}

impl HttpVersionPolicy {
    /// What is offered in a TLS handshake.
    pub(super) const fn alpn(self) -> &'static [&'static str] {
        match self {
            Self::Http1 => HTTP1,
            Self::Negotiated => &["h2", "http/1.1"],
            Self::Http2 => &["h2"],
        }
    }

    /// Whether a connection may turn out to be one of HTTP/2.
    pub(super) fn may_be_http2(self, scheme: &Scheme, relayed: bool) -> bool {
        match self {
            Self::Http1 => false,
            Self::Negotiated => *scheme == Scheme::HTTPS,
            Self::Http2 => !relayed,
        }
    }
}
