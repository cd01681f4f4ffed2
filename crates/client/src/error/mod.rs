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
use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use invoke_model_protocol::OperationError;

pub use header::HeaderError;
pub use kind::ErrorKind;
pub use service::ServiceError;
pub use truncated::{StreamProgress, TruncatedError, TruncationCause};

pub(crate) use class::{class, is_transient, status_of};
pub(crate) use hint::is_daily_quota;
pub(crate) use service::ServiceErrorDetails;

use crate::config::Config;
use crate::failover::{FailedTargets, OtherTarget};
use crate::metadata::{Attempt, FailureClass};
use crate::quota::QuotaError;
use crate::waiter::WaiterError;

/// The error of a call. `Error<E>` is the error of an operation with service errors of type `E`. `Error`,
/// without a type parameter, is the error of any operation.
///
/// An `Error<E>` converts into an `Error` with `?` or `From`. The conversion keeps all information, so an
/// application needs only one error type.
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
/// `{error}` writes one line. The line begins with a description of the failure. If the service responded
/// with an error, the description contains the message of the service. The line continues with the status,
/// the request id, the region, labels such as the model id, the number of attempts, the [class](Self::class),
/// and a [hint](Self::hint) for well-known errors. Spaces replace control characters.
///
/// `{error:#}` writes the same text for terminals. This text keeps the line feeds in multi-line messages.
///
/// `Display` and `Debug` do not contain secrets or sensitive members.
pub struct Error<E = ServiceError>(Box<Inner<E>>);

struct Inner<E> {
    kind: ErrorKind<E>,
    context: ErrorContext,
}

/// The facts about a failed call. No field is sensitive. The labels are not sensitive, because they are part
/// of the URL.
#[derive(Clone, Debug, Default)]
pub(crate) struct ErrorContext {
    pub(crate) operation: &'static str,
    pub(crate) region: Option<String>,
    pub(crate) endpoint: String,
    /// The members in the path, each with its name in the model, such as `modelId`. The list is empty if the
    /// input was not serialized.
    pub(crate) labels: Vec<(&'static str, String)>,
    pub(crate) model_id: Option<String>,
    pub(crate) attempts: u32,
    /// The failed attempts before the last attempt.
    pub(crate) earlier_attempts: Vec<Attempt>,
    pub(crate) status: Option<StatusCode>,
    pub(crate) request_id: Option<String>,
    /// The headers of the response, if the configuration keeps them.
    pub(crate) headers: Option<Arc<HeaderMap>>,
    /// The received part of an event stream.
    pub(crate) received: Option<StreamProgress>,
    /// The targets of the call, if a [`Failover`](crate::Failover) has sent it.
    pub(crate) targets: Option<Box<FailedTargets>>,
}

impl<E> Error<E> {
    pub(crate) fn new(kind: ErrorKind<E>, context: ErrorContext) -> Self {
        Self(Box::new(Inner { kind, context }))
    }

    /// Returns the step at which the call failed, and the cause.
    pub fn kind(&self) -> &ErrorKind<E> {
        &self.0.kind
    }

    /// Converts the error into its [kind](Self::kind).
    pub fn into_kind(self) -> ErrorKind<E> {
        self.0.kind
    }

    /// Returns the error of the service, if the service responded with an error.
    pub fn as_service_error(&self) -> Option<&E> {
        self.kind().service_error()
    }

    /// Returns the HTTP response if it is an error response, or if it cannot be parsed. Returns `None` if the
    /// connection was lost before the end of the response. If the response has neither chunks nor a length
    /// and may be [truncated](TruncatedError::response), returns the received part. If a successful response
    /// cannot be read as an event stream, or has an unsupported content encoding, returns at most the first
    /// 1 MiB of its body. The returned response has no body if it is a successful response to
    /// [`send_streaming`](crate::Call::send_streaming) whose headers cannot be parsed.
    ///
    /// `Debug` of the response shows the body.
    pub fn response(&self) -> Option<&http::Response<Bytes>> {
        match self.kind() {
            ErrorKind::Service { response, .. } | ErrorKind::Parse { response, .. } => Some(response),
            ErrorKind::Truncated(error) => error.response.as_deref(),
            _ => None,
        }
    }

    /// Returns the HTTP status of the response, if there was a response. For an error within an event stream,
    /// returns the status of the stream, which is 200.
    pub fn status(&self) -> Option<StatusCode> {
        self.0.context.status
    }

    /// Returns the request id that the service assigned, if the response has one.
    pub fn request_id(&self) -> Option<&str> {
        self.0.context.request_id.as_deref()
    }

    /// Returns the headers of the response, if there was a response, and if
    /// [`ConfigBuilder::keep_response_headers`](crate::ConfigBuilder::keep_response_headers) is set.
    pub fn response_headers(&self) -> Option<&HeaderMap> {
        self.0.context.headers.as_deref()
    }

    /// Returns the name of the operation in the model, for example `InvokeModel`.
    pub fn operation(&self) -> &'static str {
        self.0.context.operation
    }

    /// Returns the region of the call.
    pub fn region(&self) -> Option<&str> {
        self.0.context.region.as_deref()
    }

    /// Returns the model id of the call, or `None` if the input could not be serialized or the operation has
    /// no model id.
    pub fn model_id(&self) -> Option<&str> {
        self.0.context.model_id.as_deref()
    }

    /// Returns the number of attempts, or 0 if the call failed before the first attempt.
    pub fn attempts(&self) -> u32 {
        self.0.context.attempts
    }

    /// Returns the failed attempts before the last attempt, in order.
    pub fn earlier_attempts(&self) -> &[Attempt] {
        &self.0.context.earlier_attempts
    }

    /// Returns the number of events and bytes that were received, if the call failed within an event stream.
    pub fn received(&self) -> Option<StreamProgress> {
        self.0.context.received
    }

    /// Returns the name of the target that returned this error, if a [`Failover`](crate::Failover) has sent the
    /// call.
    pub fn target(&self) -> Option<&str> {
        self.0.context.targets.as_ref().map(|targets| targets.target.as_str())
    }

    /// Returns the other targets on which the call failed, and the targets that it skipped, if a
    /// [`Failover`](crate::Failover) has sent the call. They are in the order of the list.
    pub fn other_targets(&self) -> &[OtherTarget] {
        self.0.context.targets.as_ref().map_or(&[], |targets| &targets.others)
    }

    /// Adds the targets of a failover.
    pub(crate) fn with_targets(mut self, targets: FailedTargets) -> Self {
        self.0.context.targets = Some(Box::new(targets));
        self
    }

    /// Returns `true` if the service may have received the complete request. The service may then have
    /// executed and billed the request. If this function returns `false`, the service has certainly not
    /// received the complete request.
    ///
    /// The result covers all attempts. If an earlier attempt was ambiguous, the result is `true`, even if the
    /// last attempt was not sent.
    pub fn may_have_been_sent(&self) -> bool {
        self.is_ambiguous_before() || self.last_may_have_been_sent()
    }

    /// Returns `true` if the service may have executed an attempt before the last attempt.
    fn is_ambiguous_before(&self) -> bool {
        self.earlier_attempts().iter().any(|attempt| attempt.class == Some(FailureClass::Ambiguous))
    }

    /// Returns `true` if the service may have received the complete request of the last attempt.
    fn last_may_have_been_sent(&self) -> bool {
        match self.kind() {
            ErrorKind::Transport(error) => error.may_have_been_sent(),
            ErrorKind::Interceptor(error) => error.is_after_sending(),
            ErrorKind::Parse { .. }
            | ErrorKind::Truncated(_)
            | ErrorKind::Decode(_)
            | ErrorKind::ParseEvent { .. }
            | ErrorKind::StreamException { .. }
            | ErrorKind::SerializeEvent(_)
            | ErrorKind::Service { .. } => true,
            _ => false,
        }
    }
}

/// Methods for every error type `E` of an operation, and for [`ServiceError`].
impl<E: ServiceErrorDetails> Error<E> {
    /// Returns the class of the failure. The class states if the service may have executed, and therefore
    /// billed, the request.
    ///
    /// This is the class of the last attempt, except if the service may have executed an earlier attempt. Then
    /// the class is [`Ambiguous`](FailureClass::Ambiguous). In this case, the operation is idempotent, or the
    /// caller has set [`RetryConfig::retry_ambiguous`](crate::RetryConfig::retry_ambiguous).
    pub fn class(&self) -> FailureClass {
        match self.is_ambiguous_before() {
            true => FailureClass::Ambiguous,
            false => class(self.kind()),
        }
    }

    /// Returns the error code of the service, for example `ThrottlingException`.
    pub fn code(&self) -> Option<&str> {
        self.as_service_error().and_then(E::code)
    }

    /// Returns the error message of the service. If a gateway or a proxy responded instead of the service,
    /// returns the words of its response, which can be JSON, XML, HTML or text.
    pub fn message(&self) -> Option<&str> {
        self.as_service_error().and_then(E::message)
    }

    /// Returns `true` if the connect timeout, a timeout of [`TimeoutConfig`](crate::TimeoutConfig), or the
    /// timeout of the model expired. The timeout of the model is the error `ModelTimeoutException` (408),
    /// which can also occur within an event stream.
    ///
    /// Returns `false` for the status 504 of a proxy, for [`QuotaError::TimedOut`] and for
    /// [`CredentialsError::TimedOut`](crate::CredentialsError::TimedOut).
    pub fn is_timeout(&self) -> bool {
        self.kind().is_timeout()
    }

    /// Returns `true` if the service throttled the request. The response then has the status 429, or an error
    /// code that the model marks as throttling, such as `ThrottlingException`. The error can also occur
    /// within an event stream.
    ///
    /// Also returns `true` for an exhausted daily quota, although a retry does not help in that case: see
    /// [`is_retryable`](Self::is_retryable).
    ///
    /// Returns `false` for `ServiceQuotaExceededException` (400) and for `ServiceUnavailableException` (503).
    /// Also returns `false` for [`QuotaError`], because the client returns this error for its own limits.
    pub fn is_throttled(&self) -> bool {
        self.kind().is_throttled()
    }

    /// Returns `true` if the client could not establish a connection. The cause is a failure of name
    /// resolution, TCP, the proxy or TLS, or an expired connect timeout. The client sent no request.
    ///
    /// Returns `false` if a connection was established and lost later.
    pub fn is_connect(&self) -> bool {
        self.kind().is_connect()
    }

    /// Returns `true` if the service rejected the caller with status 401 or 403. Possible causes are missing
    /// permissions (`AccessDeniedException`), unknown or expired credentials, and a wrong signature.
    /// [`code`](Self::code) and [`hint`](Self::hint) help to find the cause.
    ///
    /// Returns `false` if the client has no credentials. That error is [`ErrorKind::Credentials`].
    pub fn is_access_denied(&self) -> bool {
        self.kind().is_access_denied()
    }

    /// Returns `true` if the same call may succeed later. To find out if a retry may cause a second bill, use
    /// [`class`](Self::class) or [`may_have_been_sent`](Self::may_have_been_sent).
    pub fn is_retryable(&self) -> bool {
        match self.kind() {
            ErrorKind::Transport(error) => is_transient(error.kind()),
            ErrorKind::Quota(error) => matches!(error, QuotaError::TimedOut { .. }),
            ErrorKind::Wait(error) => *error == WaiterError::TimedOut,
            ErrorKind::Truncated(_) | ErrorKind::Decode(_) => true,
            ErrorKind::StreamException { error, .. } => kind::is_transient_service_error(error, None),
            ErrorKind::Service { error, response } => {
                kind::is_transient_service_error(error, Some(response.status()))
            }
            _ => false,
        }
    }

    /// Returns advice for a well-known error whose message does not explain what to do.
    pub fn hint(&self) -> Option<Cow<'static, str>> {
        hint::hint(self.code(), self.message(), &self.0.context)
    }
}

impl Error {
    /// Creates the error of a call that failed before its JSON input was converted into the input type.
    pub(crate) fn not_sent(operation: &'static str, kind: ErrorKind, config: &Config) -> Self {
        let region = config.region().map(str::to_owned);
        let endpoint = config.endpoint_url();
        Self::new(kind, ErrorContext { operation, region, endpoint, ..ErrorContext::default() })
    }

    /// Creates the error of a waiter whose calls succeeded.
    pub(crate) fn of_waiter(operation: &'static str, error: WaiterError) -> Self {
        Self::new(ErrorKind::Wait(error), ErrorContext { operation, ..ErrorContext::default() })
    }
}

impl Error {
    /// Converts the error of a call into the error type of its operation.
    pub(crate) fn of_operation<E: OperationError>(self) -> Error<E> {
        let Inner { kind, context } = *self.0;
        Error::new(kind.map(ServiceError::into_operation_error), context)
    }
}

impl<E: ServiceErrorDetails + Clone> Error<E> {
    /// Copies an error of the transport or of a response. Returns `None` for every other kind of error,
    /// because not all other kinds can be cloned.
    pub(crate) fn copy(&self) -> Option<Self> {
        Some(Self::new(self.kind().copy()?, self.0.context.clone()))
    }
}

/// Removes the operation from the error type, so an application needs only one error type for all operations.
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
            ErrorKind::Json(error) => error,
            ErrorKind::Serialize(error) | ErrorKind::SerializeEvent(error) => error,
            ErrorKind::Header(error) => error,
            ErrorKind::Body(error) => error,
            ErrorKind::Credentials(error) => error,
            ErrorKind::Sign(error) => error,
            ErrorKind::Quota(error) => error,
            ErrorKind::Interceptor(error) => error,
            ErrorKind::Transport(error) => error,
            ErrorKind::Parse { error, .. } => error,
            ErrorKind::Truncated(error) => error,
            ErrorKind::Pagination(error) => error,
            ErrorKind::Wait(error) => error,
            ErrorKind::Decode(error) => error,
            ErrorKind::ParseEvent { error, .. } => error,
            ErrorKind::StreamException { error, .. } => error.as_error(),
            ErrorKind::Service { error, .. } => error.as_error(),
        })
    }
}
