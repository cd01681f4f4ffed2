//! Errors of calls.

mod class;
mod display;
mod header;
mod hint;
mod kind;
mod service;
mod truncated;

use std::borrow::Cow;
use std::fmt;

use bytes::Bytes;
use http::StatusCode;
use invoke_model_protocol::OperationError;

pub use header::HeaderError;
pub use kind::ErrorKind;
pub use service::ServiceError;
pub use truncated::{StreamProgress, TruncatedError, TruncationCause};

pub(crate) use class::{class, is_transient, status_of};
pub(crate) use hint::is_daily_quota;
pub(crate) use service::ServiceErrorDetails;

use crate::metadata::{Attempt, FailureClass};
use crate::quota::QuotaError;

/// The error of a call: `Error<E>` for an operation whose service errors are `E`, and `Error` for any
/// operation.
///
/// An `Error<E>` converts into an `Error` with `?` or `From`, and keeps everything: an application needs one
/// error type.
///
/// ```no_run
/// use invoke_model_client::{Client, Error};
///
/// async fn summarize(client: &Client, text: &str) -> Result<String, Error> {
///     let call = client.invoke_model().model_id("us.amazon.nova-lite-v1:0").body(text.to_owned());
///     let response = call.send().await?; // an `Error<InvokeModelError>`
///     Ok(String::from_utf8_lossy(&response.body).into_owned())
/// }
///
/// # async fn run(client: Client) {
/// if let Err(error) = summarize(&client, "{}").await {
///     if error.is_throttled() || error.is_timeout() {
///         // slow down
///     } else if error.is_access_denied() {
///         // fix the permissions
///     }
///     eprintln!("{error:#}");
/// }
/// # }
/// ```
///
/// # Text
///
/// `{error}` is one line that says what to do: what happened (in the words of the service, if it responded),
/// status, request id, region, labels such as the model id, attempts, [class](Self::class), and a
/// [hint](Self::hint) for well-known errors. Control characters are replaced with spaces.
///
/// `{error:#}` is the same text with the line feeds of multi-line messages kept: for terminals.
///
/// Neither `Display` nor `Debug` contains secrets or sensitive members.
pub struct Error<E = ServiceError>(Box<Inner<E>>);

struct Inner<E> {
    kind: ErrorKind<E>,
    context: ErrorContext,
}

/// The facts about a failed call. Nothing in them is sensitive: labels are part of the URL.
#[derive(Debug)]
pub(crate) struct ErrorContext {
    pub(crate) operation: &'static str,
    pub(crate) region: Option<String>,
    pub(crate) endpoint: String,
    /// The members in the path, by their names in the model (such as `modelId`); empty if the input was not
    /// serialized.
    pub(crate) labels: Vec<(&'static str, String)>,
    pub(crate) attempts: u32,
    /// The failed attempts before the last one.
    pub(crate) earlier_attempts: Vec<Attempt>,
    pub(crate) status: Option<StatusCode>,
    pub(crate) request_id: Option<String>,
    /// The received part of an event stream.
    pub(crate) received: Option<StreamProgress>,
}

impl<E> Error<E> {
    pub(crate) fn new(kind: ErrorKind<E>, context: ErrorContext) -> Self {
        Self(Box::new(Inner { kind, context }))
    }

    /// Returns the step at which the call failed, and why.
    pub fn kind(&self) -> &ErrorKind<E> {
        &self.0.kind
    }

    /// Converts the error into its [kind](Self::kind).
    pub fn into_kind(self) -> ErrorKind<E> {
        self.0.kind
    }

    /// Returns the error of the service, if it responded with one.
    pub fn as_service_error(&self) -> Option<&E> {
        self.kind().service_error()
    }

    /// Returns the HTTP response, if it arrived completely: an error response, or a successful response that
    /// cannot be parsed. For an event stream, a response without its body. `Debug` of the response shows the
    /// body.
    pub fn response(&self) -> Option<&http::Response<Bytes>> {
        match self.kind() {
            ErrorKind::Service { response, .. } | ErrorKind::Parse { response, .. } => Some(response),
            _ => None,
        }
    }

    /// Returns the HTTP status of the response, if there was one. For an error within an event stream, the
    /// status of the stream: 200.
    pub fn status(&self) -> Option<StatusCode> {
        self.0.context.status
    }

    /// Returns the request id that the service assigned, if the response has one.
    pub fn request_id(&self) -> Option<&str> {
        self.0.context.request_id.as_deref()
    }

    /// Returns the name of the operation in the model, for example `InvokeModel`.
    pub fn operation(&self) -> &'static str {
        self.0.context.operation
    }

    /// Returns the region of the call.
    pub fn region(&self) -> Option<&str> {
        self.0.context.region.as_deref()
    }

    /// Returns the model id of the call; `None` if the input could not be serialized, or the operation has no
    /// model id.
    pub fn model_id(&self) -> Option<&str> {
        let mut labels = self.0.context.labels.iter();
        labels.find(|(name, _)| *name == "modelId").map(|(_, value)| value.as_str())
    }

    /// Returns the number of attempts: 0 if the call failed before the first one.
    pub fn attempts(&self) -> u32 {
        self.0.context.attempts
    }

    /// Returns the failed attempts before the last one, in order.
    pub fn earlier_attempts(&self) -> &[Attempt] {
        &self.0.context.earlier_attempts
    }

    /// Returns how much of an event stream was received, if there was one.
    pub fn received(&self) -> Option<StreamProgress> {
        self.0.context.received
    }

    /// Returns `true` if the service may have received the complete request, and may therefore have executed
    /// and billed it. `false` is certain.
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

/// For every `E` that is the error of an operation, and for [`ServiceError`].
impl<E: ServiceErrorDetails> Error<E> {
    /// Returns whether the request may have been executed, and therefore billed.
    pub fn class(&self) -> FailureClass {
        class(self.kind())
    }

    /// Returns the error code of the service, for example `ThrottlingException`.
    pub fn code(&self) -> Option<&str> {
        self.as_service_error().and_then(E::code)
    }

    /// Returns the error message of the service.
    pub fn message(&self) -> Option<&str> {
        self.as_service_error().and_then(E::message)
    }

    /// Returns `true` if a timeout expired: the connect timeout, one of
    /// [`TimeoutConfig`](crate::TimeoutConfig), or the timeout of the model (408, `ModelTimeoutException`,
    /// also within an event stream).
    ///
    /// `false` for 504 of a proxy, for [`QuotaError::TimedOut`] and for
    /// [`CredentialsError::TimedOut`](crate::CredentialsError::TimedOut).
    pub fn is_timeout(&self) -> bool {
        self.kind().is_timeout()
    }

    /// Returns `true` if the service throttled the request: 429, or a code that the model marks as
    /// throttling, such as `ThrottlingException` (also within an event stream).
    ///
    /// `true` for an exhausted daily quota, too, although a retry does not help: see
    /// [`is_retryable`](Self::is_retryable). `false` for [`QuotaError`], the limits of the client itself, for
    /// `ServiceQuotaExceededException` (400) and for `ServiceUnavailableException` (503).
    pub fn is_throttled(&self) -> bool {
        self.kind().is_throttled()
    }

    /// Returns `true` if no connection was established: name resolution, TCP, proxy or TLS failed, or the
    /// connect timeout expired. Nothing was sent.
    ///
    /// `false` for a connection that was lost later.
    pub fn is_connect(&self) -> bool {
        self.kind().is_connect()
    }

    /// Returns `true` if the service rejected the caller: 401 or 403, for example missing permissions
    /// (`AccessDeniedException`), unknown or expired credentials, or a wrong signature. [`code`](Self::code)
    /// and [`hint`](Self::hint) say which.
    ///
    /// `false` if the client has no credentials at all: that is [`ErrorKind::Credentials`].
    pub fn is_access_denied(&self) -> bool {
        self.kind().is_access_denied()
    }

    /// Returns `true` if the same call may succeed later. Whether it may be billed twice then is a different
    /// question: see [`class`](Self::class) and [`may_have_been_sent`](Self::may_have_been_sent).
    pub fn is_retryable(&self) -> bool {
        match self.kind() {
            ErrorKind::Transport(error) => is_transient(error.kind()),
            ErrorKind::Quota(error) => matches!(error, QuotaError::TimedOut { .. }),
            ErrorKind::Truncated(_) | ErrorKind::Decode(_) => true,
            ErrorKind::StreamException { error, .. } => kind::is_transient_service_error(error, None),
            ErrorKind::Service { error, response } => {
                kind::is_transient_service_error(error, Some(response.status()))
            }
            _ => false,
        }
    }

    /// Returns what to do about a well-known error whose message does not say it.
    pub fn hint(&self) -> Option<Cow<'static, str>> {
        hint::hint(self.code(), self.message(), &self.0.context)
    }
}

/// Forgets the operation, so that an application handles the errors of all operations as one type.
impl<E: OperationError> From<Error<E>> for Error {
    fn from(error: Error<E>) -> Self {
        let Inner { kind, context } = *error.0;
        Self::new(kind.map(ServiceError::new), context)
    }
}

impl<E: ServiceErrorDetails> fmt::Display for Error<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        display::write(self, f)
    }
}

impl<E: fmt::Debug> fmt::Debug for Error<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Error").field("kind", self.kind()).field("context", &self.0.context).finish()
    }
}

impl<E: ServiceErrorDetails> std::error::Error for Error<E> {
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
            ErrorKind::StreamException { error, .. } => error.as_error(),
            ErrorKind::Service { error, .. } => error.as_error(),
        })
    }
}
