//! What a failure says of the work that was asked for.

use std::fmt;

use invoke_model_protocol::OperationError;
use invoke_model_transport::TransportErrorKind;

use crate::ErrorKind;

/// What a failure says of the work that was asked for: whether it can have been done, and charged for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum FailureClass {
    /// The service has not received the whole request. Certain.
    NotSent,
    /// The service says that it refused the call before any work: 429, 503, and every other 4xx but 408 and 424.
    Rejected,
    /// The service says that it failed: a modelled error of status 500.
    ServerError,
    /// The work may have been done, and charged for: a connection that was lost, or a deadline that passed, once the
    /// request was on its way; 502, 504, a 500 that is no modelled error; a model that took too long (408) or failed
    /// (424); an answer that broke off or cannot be read.
    Ambiguous,
}

impl FailureClass {
    /// In one word, as error lines and documentation have it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NotSent => "not sent",
            Self::Rejected => "rejected",
            Self::ServerError => "server error",
            Self::Ambiguous => "ambiguous",
        }
    }
}

impl fmt::Display for FailureClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The class of a failure.
pub(crate) fn class<E: OperationError>(kind: &ErrorKind<E>) -> FailureClass {
    match kind {
        ErrorKind::Serialize(_)
        | ErrorKind::Header(_)
        | ErrorKind::Body(_)
        | ErrorKind::Credentials(_)
        | ErrorKind::Sign(_)
        | ErrorKind::Quota(_) => FailureClass::NotSent,
        ErrorKind::Transport(error) if error.may_have_been_sent() => FailureClass::Ambiguous,
        ErrorKind::Transport(_) => FailureClass::NotSent,
        ErrorKind::Parse { .. }
        | ErrorKind::Truncated(_)
        | ErrorKind::Decode(_)
        | ErrorKind::ParseEvent { .. }
        | ErrorKind::StreamException { .. } => FailureClass::Ambiguous,
        ErrorKind::Service { error, response } => of_refusal(error, response),
    }
}

/// The status of a refusal: that of a modelled error is what the model says, whatever the answer came with.
pub(crate) fn status_of<E: OperationError, B>(error: &E, response: &http::Response<B>) -> u16 {
    error.status().unwrap_or(response.status().as_u16())
}

fn of_refusal<E: OperationError, B>(error: &E, response: &http::Response<B>) -> FailureClass {
    match status_of(error, response) {
        408 | 424 => FailureClass::Ambiguous,
        500 if error.status().is_some() => FailureClass::ServerError,
        503 => FailureClass::Rejected,
        500.. => FailureClass::Ambiguous,
        _ => FailureClass::Rejected,
    }
}

/// Whether a fault of the connection can pass.
pub(crate) fn is_transient(kind: TransportErrorKind) -> bool {
    use TransportErrorKind::{
        BodyIncomplete, Connect, ConnectTimeout, Refused, Resolve, ResponseHead, ResponseTimeout, Send,
        Timeout,
    };
    matches!(
        kind,
        Resolve
            | Connect
            | ConnectTimeout
            | Refused
            | Send
            | ResponseTimeout
            | Timeout(_)
            | ResponseHead
            | BodyIncomplete
    )
}
