//! Kinds of transport errors.

/// The kind of a failure. The kind also determines whether the service may have received the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TransportErrorKind {
    /// The request is invalid and cannot be sent. Possible reasons:
    ///
    /// * The URI is not an `http` or `https` URI with a host.
    /// * The method is CONNECT.
    /// * The version is not HTTP/1.0, HTTP/1.1 or HTTP/2.
    /// * The version is HTTP/2, but the settings of the transport or the proxy permit only HTTP/1.1.
    /// * `Content-Length` contradicts the body.
    /// * A header value cannot be represented.
    ///
    /// The request was not sent.
    InvalidRequest,

    /// Name resolution failed: the name of the host or of the proxy has no address, or the resolver did not
    /// respond.
    ///
    /// The request was not sent.
    Resolve,

    /// The connection to the host or to the proxy could not be opened, or was closed before the request was
    /// sent. This kind also covers a proxy that could not connect to the host. For example, the proxy
    /// responded to `CONNECT` with a 5xx status.
    ///
    /// The request was not sent.
    Connect,

    /// Name resolution, TCP, a proxy's tunnel and the TLS handshake together took longer than the connect
    /// timeout.
    ///
    /// The request was not sent.
    ConnectTimeout,

    /// The request cannot be sent through the proxy, for one of these reasons:
    ///
    /// * The proxy responded to `CONNECT` with invalid HTTP, or with a status other than 2xx and 5xx.
    /// * The proxy responded to a relayed request with 407.
    /// * The proxy rejected a SOCKS handshake.
    /// * The setting of the proxy is invalid.
    ///
    /// The request was not sent.
    Proxy,

    /// No TLS connection could be established: there are no root certificates, the certificate is not
    /// trusted, or the peer does not support TLS.
    ///
    /// The request was not sent.
    Tls,

    /// An HTTP/2 server reported that it did not process the request. It refused the stream, or it closed the
    /// connection with a GOAWAY frame that excludes the stream ([RFC 9113,
    /// 8.7](https://www.rfc-editor.org/rfc/rfc9113#section-8.7)).
    ///
    /// The request was sent, but certainly not processed.
    Refused,

    /// The request body returned an error, or contained fewer bytes than its `Content-Length`.
    ///
    /// The service may have received a part of the request, but not the complete request.
    RequestBody,

    /// The request body is a stream that ended before the caller closed the stream. Either the caller
    /// cancelled the stream, or the server stopped reading it.
    ///
    /// The service may have processed the part of the stream that it received.
    RequestBodyIncomplete,

    /// The connection was lost, or closed by the peer, before the response's status and headers were
    /// complete.
    ///
    /// The service may have received the request and may still process it.
    Send,

    /// A response timeout in the configuration of the transport expired.
    ///
    /// The service may have received the request and may still process it.
    ResponseTimeout,

    /// A timeout of `RequestTimeouts` expired.
    ///
    /// The service may have received the request and may still process it. If the request was certainly not
    /// sent, for example because it waited for a connection,
    /// [`TransportError::may_have_been_sent`](crate::TransportError::may_have_been_sent) returns `false`.
    Timeout(TimeoutKind),

    /// The beginning of the response is not valid HTTP.
    ///
    /// The peer received at least the beginning of the request.
    ResponseHead,

    /// The response body is incomplete. Possible reasons:
    ///
    /// * The body is shorter than its `Content-Length`, or ends inside a chunk.
    /// * A chunk is malformed.
    /// * The connection was lost.
    ///
    /// The service received the request and responded to it.
    BodyIncomplete,

    /// The response body is longer than a limit of the caller. The rest of the body was not read.
    ///
    /// The service received the request and responded to it.
    BodyTooLarge,
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
    /// Returns `true` if the service may have received the complete request and processed it.
    ///
    /// `false` means that the service certainly did not process the request, so a retry cannot execute the
    /// request twice. `true` does not mean that the service has processed the request. An error knows more
    /// than its kind: see [`TransportError::may_have_been_sent`](crate::TransportError::may_have_been_sent).
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
            Self::RequestBodyIncomplete
            | Self::Send
            | Self::ResponseTimeout
            | Self::Timeout(_)
            | Self::ResponseHead
            | Self::BodyIncomplete
            | Self::BodyTooLarge => true,
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

    /// Returns the name of the kind, for logs and for other languages. The name never changes.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::InvalidRequest => "InvalidRequest",
            Self::Resolve => "Resolve",
            Self::Connect => "Connect",
            Self::ConnectTimeout => "ConnectTimeout",
            Self::Proxy => "Proxy",
            Self::Tls => "Tls",
            Self::Refused => "Refused",
            Self::RequestBody => "RequestBody",
            Self::RequestBodyIncomplete => "RequestBodyIncomplete",
            Self::Send => "Send",
            Self::ResponseTimeout => "ResponseTimeout",
            Self::Timeout(TimeoutKind::FirstByte) => "FirstByteTimeout",
            Self::Timeout(TimeoutKind::Idle) => "IdleTimeout",
            Self::Timeout(TimeoutKind::Operation) => "OperationTimeout",
            Self::ResponseHead => "ResponseHead",
            Self::BodyIncomplete => "BodyIncomplete",
            Self::BodyTooLarge => "BodyTooLarge",
        }
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
            Self::RequestBodyIncomplete => "request body incomplete",
            Self::Send => "connection lost before the response",
            Self::ResponseTimeout | Self::Timeout(TimeoutKind::FirstByte) => "response timed out",
            Self::Timeout(TimeoutKind::Idle) => "read timed out",
            Self::Timeout(TimeoutKind::Operation) => "operation timed out",
            Self::ResponseHead => "the response is not valid HTTP",
            Self::BodyIncomplete => "response body incomplete",
            Self::BodyTooLarge => "response body too large",
        }
    }
}
