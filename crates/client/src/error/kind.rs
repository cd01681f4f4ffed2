//! The step at which a call failed.

use std::fmt;

use bytes::Bytes;
use http::StatusCode;
use invoke_model_credentials::CredentialsError;
use invoke_model_protocol::event_stream::{FrameError, Message};
use invoke_model_protocol::{ErrorFault, ParseError, Retryable, SerializeError};
use invoke_model_signing::SignError;
use invoke_model_transport::{TransportError, TransportErrorKind};

use super::header::HeaderError;
use super::hint::is_daily_quota;
use super::service::{ServiceError, ServiceErrorDetails};
use super::truncated::TruncatedError;
use crate::body::BodyError;
use crate::intercept::InterceptorError;
use crate::json::JsonCallError;
use crate::paginator::PaginationError;
use crate::quota::QuotaError;
use crate::waiter::WaiterError;

/// The step at which a call failed. The variants are in the order of the steps.
#[non_exhaustive]
pub enum ErrorKind<E = ServiceError> {
    /// A call by name is wrong: the operation is unknown, or the JSON input does not match the model. The
    /// caller must correct the call. The client sent no request.
    Json(JsonCallError),
    /// A required member of the input is missing, or a member cannot be serialized. The caller must correct
    /// the input. The client sent no request.
    Serialize(SerializeError),
    /// An event cannot be serialized. The caller must correct the event. The client did not send the event, and
    /// the call continues.
    SerializeEvent(SerializeError),
    /// A header that the caller added cannot be sent. The caller must correct the header. The client sent no
    /// request.
    Header(HeaderError),
    /// The body file cannot be read. The client sent no request.
    Body(BodyError),
    /// No credentials are available. The client sent no request.
    Credentials(CredentialsError),
    /// The request cannot be signed. The client sent no request.
    Sign(SignError),
    /// The [`QuotaLimiter`](crate::QuotaLimiter) of the client did not admit the request. The client sent no
    /// request.
    Quota(QuotaError),
    /// An [interceptor](crate::Intercept) refused the request or the response, or failed. The client sent no
    /// request, except if the hook [`after_response`](crate::Intercept::after_response) failed.
    Interceptor(InterceptorError),
    /// No complete response arrived. [`TransportError::may_have_been_sent`] returns `true` if the service may
    /// have received the request.
    Transport(TransportError),
    /// The service responded with success, but the response does not match the model.
    Parse {
        /// The member and the problem.
        error: ParseError,
        /// The response. Its body is empty if the call was made with
        /// [`send_streaming`](crate::Call::send_streaming) and the headers cannot be parsed. If the response
        /// cannot be read as an event stream, or has an unsupported content encoding, the body contains at
        /// most the first 1 MiB.
        response: Box<http::Response<Bytes>>,
    },
    /// The event stream or the response ended before it was complete. The received events are valid, but
    /// further events are missing.
    Truncated(TruncatedError),
    /// The event stream contains bytes that are not a valid frame. The rest of the stream cannot be decoded.
    Decode(FrameError),
    /// An event of the stream does not match the model.
    ParseEvent {
        /// The member and the problem.
        error: ParseError,
        /// The event.
        message: Box<Message>,
    },
    /// The service ended the event stream with an error. No further events follow.
    StreamException {
        /// The error.
        error: E,
        /// The message that contains the error.
        message: Box<Message>,
    },
    /// The pages of a list cannot be read further. The received pages are valid.
    Pagination(PaginationError),
    /// A waiter ended without success, although its calls succeeded.
    Wait(WaiterError),
    /// The service, or a proxy between the client and the service, responded with an error.
    Service {
        /// The error.
        error: E,
        /// The response that contains the error.
        response: Box<http::Response<Bytes>>,
    },
}

impl<E> ErrorKind<E> {
    /// Converts the service error, and keeps every other error unchanged.
    pub(super) fn map<T>(self, convert: impl FnOnce(E) -> T) -> ErrorKind<T> {
        match self {
            Self::Json(error) => ErrorKind::Json(error),
            Self::Serialize(error) => ErrorKind::Serialize(error),
            Self::SerializeEvent(error) => ErrorKind::SerializeEvent(error),
            Self::Header(error) => ErrorKind::Header(error),
            Self::Body(error) => ErrorKind::Body(error),
            Self::Credentials(error) => ErrorKind::Credentials(error),
            Self::Sign(error) => ErrorKind::Sign(error),
            Self::Quota(error) => ErrorKind::Quota(error),
            Self::Interceptor(error) => ErrorKind::Interceptor(error),
            Self::Transport(error) => ErrorKind::Transport(error),
            Self::Parse { error, response } => ErrorKind::Parse { error, response },
            Self::Truncated(error) => ErrorKind::Truncated(error),
            Self::Pagination(error) => ErrorKind::Pagination(error),
            Self::Wait(error) => ErrorKind::Wait(error),
            Self::Decode(error) => ErrorKind::Decode(error),
            Self::ParseEvent { error, message } => ErrorKind::ParseEvent { error, message },
            Self::StreamException { error, message } => {
                ErrorKind::StreamException { error: convert(error), message }
            }
            Self::Service { error, response } => ErrorKind::Service { error: convert(error), response },
        }
    }

    pub(super) fn service_error(&self) -> Option<&E> {
        match self {
            Self::Service { error, .. } | Self::StreamException { error, .. } => Some(error),
            _ => None,
        }
    }
}

impl<E: Clone> ErrorKind<E> {
    /// Copies an error of the transport, of an interceptor or of a response. Returns `None` for every other kind.
    pub(super) fn copy(&self) -> Option<Self> {
        Some(match self {
            Self::Interceptor(error) => Self::Interceptor(error.clone()),
            Self::Transport(error) => Self::Transport(error.clone()),
            Self::Parse { error, response } => {
                Self::Parse { error: error.clone(), response: response.clone() }
            }
            Self::Truncated(error) => Self::Truncated(error.clone()),
            Self::Decode(error) => Self::Decode(error.clone()),
            Self::ParseEvent { error, message } => {
                Self::ParseEvent { error: error.clone(), message: message.clone() }
            }
            Self::StreamException { error, message } => {
                Self::StreamException { error: error.clone(), message: message.clone() }
            }
            Self::Service { error, response } => {
                Self::Service { error: error.clone(), response: response.clone() }
            }
            _ => return None,
        })
    }
}

impl<E: ServiceErrorDetails> ErrorKind<E> {
    /// Returns `true` if the service rejected the credentials because they have expired.
    pub(crate) fn is_expired_credentials(&self) -> bool {
        let Self::Service { error, .. } = self else { return false };
        matches!(error.code(), Some("ExpiredTokenException" | "ExpiredToken"))
    }

    pub(crate) fn is_timeout(&self) -> bool {
        use TransportErrorKind::{ConnectTimeout, ResponseTimeout, Timeout};
        match self {
            Self::Transport(error) => matches!(error.kind(), ConnectTimeout | ResponseTimeout | Timeout(_)),
            _ => self.service_status() == Some(408),
        }
    }

    pub(crate) fn is_throttled(&self) -> bool {
        let marked = self.service_error().and_then(E::retryable) == Some(Retryable::Throttling);
        marked || self.service_status() == Some(429)
    }

    pub(super) fn is_connect(&self) -> bool {
        use TransportErrorKind::{Connect, ConnectTimeout, Proxy, Resolve, Tls};
        let Self::Transport(error) = self else { return false };
        matches!(error.kind(), Resolve | Connect | ConnectTimeout | Proxy | Tls)
    }

    pub(crate) fn is_access_denied(&self) -> bool {
        matches!(self.service_status(), Some(401 | 403))
    }

    /// Returns the status of the service error. For a modeled error, returns the status in the model. This
    /// also works for an error within a stream, which has no HTTP status.
    fn service_status(&self) -> Option<u16> {
        match self {
            Self::Service { error, response } => Some(error.status().unwrap_or(response.status().as_u16())),
            Self::StreamException { error, .. } => error.status(),
            _ => None,
        }
    }
}

macro_rules! from {
    ($($error:ident => $kind:ident),*) => {$(
        impl<E> From<$error> for ErrorKind<E> {
            fn from(error: $error) -> Self {
                Self::$kind(error)
            }
        }
    )*};
}

from! {
    SerializeError => Serialize, HeaderError => Header, BodyError => Body, CredentialsError => Credentials,
    SignError => Sign, QuotaError => Quota, InterceptorError => Interceptor, TransportError => Transport,
    TruncatedError => Truncated
}

/// Shows only the status of a response, because response bodies are sensitive.
impl<E: fmt::Debug> fmt::Debug for ErrorKind<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Json(error) => f.debug_tuple("Json").field(error).finish(),
            Self::Serialize(error) => f.debug_tuple("Serialize").field(error).finish(),
            Self::SerializeEvent(error) => f.debug_tuple("SerializeEvent").field(error).finish(),
            Self::Header(error) => f.debug_tuple("Header").field(error).finish(),
            Self::Body(error) => f.debug_tuple("Body").field(error).finish(),
            Self::Credentials(error) => f.debug_tuple("Credentials").field(error).finish(),
            Self::Sign(error) => f.debug_tuple("Sign").field(error).finish(),
            Self::Quota(error) => f.debug_tuple("Quota").field(error).finish(),
            Self::Interceptor(error) => f.debug_tuple("Interceptor").field(error).finish(),
            Self::Transport(error) => f.debug_tuple("Transport").field(error).finish(),
            Self::Parse { error, response } => {
                f.debug_struct("Parse").field("error", error).field("status", &response.status()).finish()
            }
            Self::Truncated(error) => f.debug_tuple("Truncated").field(error).finish(),
            Self::Pagination(error) => f.debug_tuple("Pagination").field(error).finish(),
            Self::Wait(error) => f.debug_tuple("Wait").field(error).finish(),
            Self::Decode(error) => f.debug_tuple("Decode").field(error).finish(),
            Self::ParseEvent { error, message } => {
                f.debug_struct("ParseEvent").field("error", error).field("message", message).finish()
            }
            Self::StreamException { error, message } => {
                f.debug_struct("StreamException").field("error", error).field("message", message).finish()
            }
            Self::Service { error, response } => {
                f.debug_struct("Service").field("error", error).field("status", &response.status()).finish()
            }
        }
    }
}

/// Returns `true` if the same call may succeed later. The call may succeed if the model marks the error as
/// retryable, if the error is a server fault, or if the status is 429, 500, 502, 503 or 504.
///
/// For an error within a stream, this function uses the status in the model. For an exhausted daily quota, it
/// returns `false`.
pub(super) fn is_transient_service_error<E: ServiceErrorDetails>(
    error: &E,
    status: Option<StatusCode>,
) -> bool {
    let status = status.map(|status| status.as_u16()).or(error.status());
    let transient = error.retryable().is_some()
        || error.fault() == Some(ErrorFault::Server)
        || matches!(status, Some(429 | 500 | 502 | 503 | 504));
    transient && !error.message().is_some_and(is_daily_quota)
}
