//! Where on its way a call ended.

use std::fmt;

use bytes::Bytes;
use http::StatusCode;
use invoke_model_protocol::event_stream::{FrameError, Message};
use invoke_model_protocol::{Fault, OperationError, ParseError, SerializeError};
use invoke_model_signing::SignError;
use invoke_model_transport::TransportError;

use crate::{BodyError, CredentialsError, HeaderError, QuotaError, TruncatedError};

/// Where on its way a call ended, in the order of the way.
#[non_exhaustive]
pub enum ErrorKind<E> {
    /// A member of the input is missing, or cannot stand where it must. The caller's fault; nothing was sent.
    Serialize(SerializeError),
    /// A header field that the caller added cannot be sent. The caller's fault; nothing was sent.
    Header(HeaderError),
    /// The file of the body cannot be read. Nothing was sent.
    Body(BodyError),
    /// There are no credentials. Nothing was sent.
    Credentials(CredentialsError),
    /// The request cannot be signed. Nothing was sent.
    Sign(SignError),
    /// The limits of the client keep it from being sent. Nothing was sent.
    Quota(QuotaError),
    /// There is no answer, or only a part of one. Its kind says whether the service can have received the request.
    Transport(TransportError),
    /// The service answered with success, but the answer is not what the model says.
    Parse {
        /// Which member, and why.
        error: ParseError,
        /// The answer. From [`send_streaming`](crate::Call::send_streaming) it is without its body.
        response: Box<http::Response<Bytes>>,
    },
    /// The stream of events ended before it was whole. What came before is true, and there was more.
    Truncated(TruncatedError),
    /// The stream has bytes that are no frame of events: what follows cannot be told apart any more.
    Decode(FrameError),
    /// The stream has an event that is not what the model says.
    ParseEvent {
        /// Which member, and why.
        error: ParseError,
        /// The event.
        message: Box<Message>,
    },
    /// The stream of events ended with an error of the service. What came before is all there is.
    StreamException {
        /// The error.
        error: E,
        /// The message that it stands in.
        message: Box<Message>,
    },
    /// The service, or somebody in its place, answered with an error.
    Service {
        /// The error.
        error: E,
        /// The answer that it stands in.
        response: Box<http::Response<Bytes>>,
    },
}

impl<E: OperationError> ErrorKind<E> {
    /// Whether the service refused the credentials because their time is over.
    pub(crate) fn says_expired(&self) -> bool {
        let Self::Service { error, .. } = self else { return false };
        matches!(error.code(), Some("ExpiredTokenException" | "ExpiredToken"))
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
    SignError => Sign, QuotaError => Quota, TransportError => Transport
}

/// Bodies of answers are sensitive, so that a response shows its status only.
impl<E: fmt::Debug> fmt::Debug for ErrorKind<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Serialize(error) => f.debug_tuple("Serialize").field(error).finish(),
            Self::Header(error) => f.debug_tuple("Header").field(error).finish(),
            Self::Body(error) => f.debug_tuple("Body").field(error).finish(),
            Self::Credentials(error) => f.debug_tuple("Credentials").field(error).finish(),
            Self::Sign(error) => f.debug_tuple("Sign").field(error).finish(),
            Self::Quota(error) => f.debug_tuple("Quota").field(error).finish(),
            Self::Transport(error) => f.debug_tuple("Transport").field(error).finish(),
            Self::Parse { error, response } => {
                f.debug_struct("Parse").field("error", error).field("status", &response.status()).finish()
            }
            Self::Truncated(error) => f.debug_tuple("Truncated").field(error).finish(),
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

/// Whether an error of the service can pass: the model says so, or it is the service's own fault, or one of the
/// statuses that stand for "later", in a stream the one that the model gives the error. A quota for the day does not pass while anybody waits.
pub(super) fn is_passing<E: OperationError>(error: &E, status: Option<StatusCode>) -> bool {
    let status = status.map(|status| status.as_u16()).or(error.status());
    let later = matches!(status, Some(429 | 500 | 502 | 503 | 504));
    let passing = error.retryable().is_some() || error.fault() == Some(Fault::Server) || later;
    passing && !error.message().is_some_and(super::hint::is_daily_quota)
}
