//! Why a call has no output.

mod context;
mod display;
mod hint;
mod kind;

use std::borrow::Cow;
use std::fmt;

use bytes::Bytes;
use http::StatusCode;
use invoke_model_protocol::OperationError;

pub(crate) use context::Context;
pub(crate) use hint::is_daily_quota;
pub use kind::ErrorKind;

use crate::QuotaError;
use crate::events::StreamProgress;
use crate::metadata::Attempt;
use crate::retry::{self, FailureClass, is_transient};

/// Why a call of an operation with errors `E` has no output.
///
/// `Display` is one line that a person can act on: what happened, in the service's own words where it has spoken,
/// status, request id, region, labels such as the model id, attempts, and for well-known opaque errors a hint.
/// No secret and no sensitive member is in it, or in `Debug`.
pub struct Error<E>(Box<Inner<E>>);

struct Inner<E> {
    kind: ErrorKind<E>,
    context: Context,
}

impl<E> Error<E> {
    pub(crate) fn new(kind: ErrorKind<E>, context: Context) -> Self {
        Self(Box::new(Inner { kind, context }))
    }

    /// Where on its way the call ended, and why.
    pub fn kind(&self) -> &ErrorKind<E> {
        &self.0.kind
    }

    /// The same, owned.
    pub fn into_kind(self) -> ErrorKind<E> {
        self.0.kind
    }

    /// The service's error, if it answered with one.
    pub fn as_service_error(&self) -> Option<&E> {
        match self.kind() {
            ErrorKind::Service { error, .. } | ErrorKind::StreamException { error, .. } => Some(error),
            _ => None,
        }
    }

    /// The answer as it came, if it came whole: that of the service's error, or one that could not be parsed; of an
    /// answer with events, its head. Its `Debug` shows the body.
    pub fn response(&self) -> Option<&http::Response<Bytes>> {
        match self.kind() {
            ErrorKind::Service { response, .. } | ErrorKind::Parse { response, .. } => Some(response),
            _ => None,
        }
    }

    /// The HTTP status, if there was an answer; of an error in a stream of events that of the stream, 200.
    pub fn status(&self) -> Option<StatusCode> {
        self.0.context.status
    }

    /// The id under which the service knows the request, if the answer had one.
    pub fn request_id(&self) -> Option<&str> {
        self.0.context.request_id.as_deref()
    }

    /// The region that was called.
    pub fn region(&self) -> Option<&str> {
        self.0.context.region.as_deref()
    }

    /// How often the request was sent: 0 if the call ended before.
    pub fn attempts(&self) -> u32 {
        self.0.context.attempts
    }

    /// The attempts that failed before the last one, in their order, with what each says of the work.
    pub fn earlier_attempts(&self) -> &[Attempt] {
        &self.0.context.earlier
    }

    /// How much of a stream of events had come, if there was one.
    pub fn received(&self) -> Option<StreamProgress> {
        self.0.context.received
    }

    /// Whether the service can have received the whole request, and so can have done, and charged for, the work.
    /// `false` is certain.
    pub fn may_have_been_sent(&self) -> bool {
        match self.kind() {
            ErrorKind::Transport(error) => error.may_have_been_sent(),
            ErrorKind::Parse { .. }
            | ErrorKind::Truncated(_)
            | ErrorKind::Decode(_)
            | ErrorKind::ParseEvent { .. }
            | ErrorKind::StreamException { .. }
            | ErrorKind::Service { .. } => true,
            _ => false,
        }
    }
}

impl<E: OperationError> Error<E> {
    /// Whether the work that was asked for can have been done, and charged for.
    pub fn class(&self) -> FailureClass {
        retry::class(self.kind())
    }

    /// The code of the service's error, such as `ThrottlingException`.
    pub fn code(&self) -> Option<&str> {
        self.as_service_error().and_then(E::code)
    }

    /// What the service says in words.
    pub fn message(&self) -> Option<&str> {
        self.as_service_error().and_then(E::message)
    }

    /// Whether the same call can succeed when it is sent again later. Whether the first one may have done its work
    /// is another question: see [`may_have_been_sent`](Self::may_have_been_sent).
    pub fn is_retryable(&self) -> bool {
        match self.kind() {
            ErrorKind::Transport(error) => is_transient(error.kind()),
            ErrorKind::Quota(error) => matches!(error, QuotaError::TimedOut { .. }),
            ErrorKind::Truncated(_) | ErrorKind::Decode(_) => true,
            ErrorKind::StreamException { error, .. } => kind::is_passing(error, None),
            ErrorKind::Service { error, response } => kind::is_passing(error, Some(response.status())),
            _ => false,
        }
    }

    /// What to do about a well-known error whose own words do not say it.
    pub fn hint(&self) -> Option<Cow<'static, str>> {
        hint::hint(self.code(), self.message(), &self.0.context)
    }
}

impl<E: OperationError> fmt::Display for Error<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        display::write(self, f)
    }
}

impl<E: OperationError> fmt::Debug for Error<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Error").field("kind", self.kind()).field("context", &self.0.context).finish()
    }
}

impl<E: OperationError> std::error::Error for Error<E> {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(match self.kind() {
            ErrorKind::Serialize(error) => error,
            ErrorKind::Header(error) => error,
            ErrorKind::Body(error) => error,
            ErrorKind::Credentials(error) => error,
            ErrorKind::Sign(error) => error,
            ErrorKind::Quota(error) => error,
            ErrorKind::Transport(error) => error,
            ErrorKind::Parse { error, .. } => error,
            ErrorKind::Truncated(error) => error,
            ErrorKind::Decode(error) => error,
            ErrorKind::ParseEvent { error, .. } => error,
            ErrorKind::StreamException { error, .. } => error,
            ErrorKind::Service { error, .. } => error,
        })
    }
}
