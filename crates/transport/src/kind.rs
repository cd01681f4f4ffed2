//! What went wrong, and how far the request got.

/// What kept a call from its whole response.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TransportErrorKind {
    /// The request cannot be sent as it is: its URI names no `http` or `https` host, its version is not HTTP/1,
    /// its `Content-Length` contradicts its body, or a field value cannot be represented.
    ///
    /// Not sent.
    InvalidRequest,

    /// The name of the host, or of its proxy, has no address, or the resolver did not answer.
    ///
    /// Not sent.
    Resolve,

    /// No connection to the host, or to its proxy: refused, unreachable, or closed before the request was begun; or the
    /// proxy has none, and answered `CONNECT` with 5xx.
    ///
    /// Not sent.
    Connect,

    /// Resolving, connecting, a proxy's tunnel and the TLS handshake together took longer than the transport's limit.
    ///
    /// Not sent.
    ConnectTimeout,

    /// The proxy lets nothing through: it answered `CONNECT` with a status that is neither 2xx nor 5xx, or not in HTTP; or
    /// it answered a request that it was to relay with 407.
    ///
    /// Not sent.
    Proxy,

    /// No TLS: no root certificates, a certificate that is not trusted, or a peer that does not speak TLS.
    ///
    /// Not sent.
    Tls,

    /// An HTTP/2 peer said that it did nothing with the request: it refused its stream, or left before it
    /// ([RFC 9113, 8.7](https://www.rfc-editor.org/rfc/rfc9113#section-8.7)).
    ///
    /// Sent, but certainly not worked on.
    Refused,

    /// The request's body failed while it was read, or ended before its `Content-Length`.
    ///
    /// The service can have seen a part of the request, never the whole of it.
    RequestBody,

    /// The connection was lost, or closed by the peer, before the response's status and fields were complete.
    ///
    /// The service may have received the request and may be working on it.
    Send,

    /// The transport's own limit for an answer passed.
    ///
    /// The service may have received the request and may be working on it.
    ResponseTimeout,

    /// A timeout of [`RequestTimeouts`](crate::RequestTimeouts) expired.
    ///
    /// The service may have received the request and may be working on it.
    #[cfg(feature = "timeouts")]
    Timeout(crate::TimeoutKind),

    /// The peer answered with something that is not the head of an HTTP response.
    ///
    /// The peer received at least the beginning of the request.
    ResponseHead,

    /// The response's body ended before its `Content-Length` or inside a chunk, the connection was lost, or the
    /// chunks are malformed.
    ///
    /// The service received the request and answered it.
    BodyIncomplete,
}

impl TransportErrorKind {
    /// Whether the service can have received the whole request and done the work.
    ///
    /// `false` is certain: sending again does nothing twice. `true` is a possibility.
    #[must_use]
    pub const fn may_have_been_sent(self) -> bool {
        match self {
            Self::InvalidRequest
            | Self::Resolve
            | Self::Connect
            | Self::ConnectTimeout
            | Self::Proxy
            | Self::Tls
            | Self::Refused
            | Self::RequestBody => false,
            Self::Send | Self::ResponseTimeout | Self::ResponseHead | Self::BodyIncomplete => true,
            #[cfg(feature = "timeouts")]
            Self::Timeout(_) => true,
        }
    }

    /// What happened, as the beginning of an error's line.
    pub(crate) const fn phrase(self) -> &'static str {
        match self {
            Self::InvalidRequest => "the request cannot be sent",
            Self::Resolve => "the host name cannot be resolved",
            Self::Connect => "no connection",
            Self::ConnectTimeout => "no connection in time",
            Self::Proxy => "no way through the proxy",
            Self::Tls => "no TLS connection",
            Self::Refused => "the request was refused unread",
            Self::RequestBody => "the request's body could not be read",
            Self::Send => "the connection was lost before the answer",
            Self::ResponseTimeout => "no answer in time",
            #[cfg(feature = "timeouts")]
            Self::Timeout(kind) => kind.phrase(),
            Self::ResponseHead => "the answer is not HTTP",
            Self::BodyIncomplete => "the answer's body is incomplete",
        }
    }
}
