//! Kinds of transport errors.

/// The failure, and how far the request got.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TransportErrorKind {
    /// The request cannot be sent as it is: its URI has no `http` or `https` host, its version is not HTTP/1,
    /// its `Content-Length` contradicts its body, or a header value cannot be represented.
    ///
    /// Not sent.
    InvalidRequest,

    /// The name of the host or of its proxy has no address, or the resolver did not respond.
    ///
    /// Not sent.
    Resolve,

    /// The connection to the host or to its proxy failed: refused, unreachable, or closed before the request
    /// was sent; or the proxy could not connect to the host, for example because it responded to `CONNECT`
    /// with 5xx.
    ///
    /// Not sent.
    Connect,

    /// Name resolution, TCP, a proxy's tunnel and the TLS handshake together took longer than the connect
    /// timeout.
    ///
    /// Not sent.
    ConnectTimeout,

    /// The proxy refused the connection: it responded to `CONNECT` with a status other than 2xx and 5xx or
    /// with something that is not HTTP, to a relayed request with 407, or it rejected a SOCKS handshake.
    ///
    /// Not sent.
    Proxy,

    /// No TLS connection could be established: there are no root certificates, the certificate is not
    /// trusted, or the peer does not speak TLS.
    ///
    /// Not sent.
    Tls,

    /// An HTTP/2 server states that it did not process the request: it refused the stream, or closed the
    /// connection before this stream ([RFC 9113, 8.7](https://www.rfc-editor.org/rfc/rfc9113#section-8.7)).
    ///
    /// Sent, but certainly not processed.
    Refused,

    /// The request body returned an error, or ended before its `Content-Length`.
    ///
    /// The service may have received a part of the request, but never all of it.
    RequestBody,

    /// The connection was lost, or closed by the peer, before the response's status and headers were
    /// complete.
    ///
    /// The service may have received the request and may still process it.
    Send,

    /// The transport's own response timeout expired.
    ///
    /// The service may have received the request and may still process it.
    ResponseTimeout,

    /// A timeout of `RequestTimeouts` expired.
    ///
    /// The service may have received the request and may still process it.
    Timeout(TimeoutKind),

    /// The peer responded with something that is not the head of an HTTP response.
    ///
    /// The peer received at least the beginning of the request.
    ResponseHead,

    /// The response body ended before its `Content-Length` or inside a chunk, its chunks are malformed, or
    /// the connection was lost.
    ///
    /// The service received the request and responded to it.
    BodyIncomplete,
}

/// The timeout that expired.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TimeoutKind {
    /// The timeout `first_byte`: the response's status and headers did not arrive in time.
    FirstByte,
    /// The timeout `idle`: a read of the response body waited too long for data.
    Idle,
    /// The timeout `operation`: the operation with all of its attempts did not complete in time.
    Operation,
}

impl TransportErrorKind {
    /// Returns `true` if the service may have received the whole request and processed it.
    ///
    /// `false` is certain: a retry cannot execute the request twice. `true` is a possibility.
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
            Self::Send
            | Self::ResponseTimeout
            | Self::Timeout(_)
            | Self::ResponseHead
            | Self::BodyIncomplete => true,
        }
    }

    /// Returns `true` if a timeout expired, including the connect timeout.
    #[must_use]
    pub const fn is_timeout(self) -> bool {
        matches!(self, Self::ConnectTimeout | Self::ResponseTimeout | Self::Timeout(_))
    }

    /// Returns `true` if no connection to the host could be established.
    #[must_use]
    pub const fn is_connect(self) -> bool {
        matches!(self, Self::Resolve | Self::Connect | Self::ConnectTimeout | Self::Proxy | Self::Tls)
    }

    /// Returns the beginning of the error message.
    pub(super) const fn phrase(self) -> &'static str {
        match self {
            Self::InvalidRequest => "invalid request",
            Self::Resolve => "cannot resolve the host name",
            Self::Connect => "cannot connect",
            Self::ConnectTimeout => "connect timed out",
            Self::Proxy => "the proxy refused the connection",
            Self::Tls => "cannot establish a TLS connection",
            Self::Refused => "the server did not process the request",
            Self::RequestBody => "cannot read the request body",
            Self::Send => "connection lost before the response",
            Self::ResponseTimeout | Self::Timeout(TimeoutKind::FirstByte) => "response timed out",
            Self::Timeout(TimeoutKind::Idle) => "read timed out",
            Self::Timeout(TimeoutKind::Operation) => "operation timed out",
            Self::ResponseHead => "the response is not valid HTTP",
            Self::BodyIncomplete => "response body incomplete",
        }
    }
}
