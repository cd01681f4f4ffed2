//! What goes wrong with a call.

use std::time::Duration;

use bytes::Bytes;
use http::StatusCode;
use http::header::{HeaderName, HeaderValue};
use invoke_model_types::{InvokeModelWithResponseStreamError, OperationError};

use super::point::{ConnectionEnd, FaultPoint};
use super::retry_after::RetryAfter;
use super::rule::FaultRule;
use crate::pattern::matches;
use crate::stream::{Planned, StreamFault};

/// What goes wrong with a call, from its arrival to the last byte of its answer. Starts as nothing, and is told one thing
/// after the other; they all happen.
///
/// A fault becomes a [`FaultRule`] by [`first`](Self::first) or [`every`](Self::every), or by itself for all calls.
///
/// ```
/// use std::time::Duration;
///
/// use http::StatusCode;
/// use invoke_model_local::{FaultPoint, ConnectionEnd, Fault, FaultRule, LocalEndpoint, RetryAfter};
/// use invoke_model_types::ThrottlingException;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let local = LocalEndpoint::start().await?;
/// // Two calls are throttled, and the next one is lost after its answer was made.
/// let throttled = Fault::error(ThrottlingException::default()).retry_after(RetryAfter::Seconds(2));
/// local.inject(throttled.first(2));
/// local.inject(Fault::new().break_at(FaultPoint::ResponseBytes(0), ConnectionEnd::Reset).first(1));
/// // Every tenth is slow, and every connection that comes second is refused.
/// local.inject(Fault::new().delay(Duration::from_secs(60)).every(10));
/// local.inject(FaultRule::refuse(ConnectionEnd::Close).every(2));
/// // A proxy answers for a model.
/// local.inject(Fault::status(StatusCode::BAD_GATEWAY).body("<html>Bad Gateway</html>").model("meta.*"));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Default)]
pub struct Fault {
    pub(super) operation: Option<String>,
    pub(super) model: Option<String>,
    pub(crate) clock_skew: i64,
    pub(crate) date_skew: i64,
    pub(crate) instead: Option<Instead>,
    pub(crate) body: Option<Bytes>,
    /// None takes a field away.
    pub(crate) fields: Vec<(HeaderName, Option<HeaderValue>)>,
    pub(crate) retry_after: Option<RetryAfter>,
    pub(crate) content_length: Option<u64>,
    pub(crate) delay: Duration,
    pub(crate) pace: Option<Duration>,
    pub(crate) stream: Option<Planned>,
    pub(crate) drip: Option<Drip>,
    pub(crate) broken: Option<(FaultPoint, ConnectionEnd)>,
    pub(super) worked_on: Option<bool>,
}

/// What is said in place of the model's answer.
#[derive(Debug, Clone)]
pub(crate) enum Instead {
    Error(InvokeModelWithResponseStreamError),
    Status(StatusCode),
    Garbage(Bytes),
}

/// How slowly an answer drips.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Drip {
    /// So many bytes at once.
    pub(crate) bytes: usize,
    /// So long from one time to the next.
    pub(crate) interval: Duration,
}

impl Fault {
    /// Nothing goes wrong so far.
    pub fn new() -> Self {
        Self::default()
    }

    /// The answer is an error of the operations. The errors of one are those of the other, and
    /// `ModelStreamErrorException`.
    pub fn error(error: impl Into<InvokeModelWithResponseStreamError>) -> Self {
        Self { instead: Some(Instead::Error(error.into())), ..Self::default() }
    }

    /// The answer has this status, and neither body nor fields but those that [`body`](Self::body) and
    /// [`header`](Self::header) say: as from a proxy, or from a service that fails without words.
    pub fn status(status: StatusCode) -> Self {
        Self { instead: Some(Instead::Status(status)), ..Self::default() }
    }

    /// These bytes come in place of a response, and the connection ends.
    pub fn garbage(bytes: impl Into<Bytes>) -> Self {
        Self { instead: Some(Instead::Garbage(bytes.into())), ..Self::default() }
    }

    /// Only calls of this operation: `InvokeModel` or `InvokeModelWithResponseStream`.
    #[must_use]
    pub fn operation(self, operation: impl Into<String>) -> Self {
        Self { operation: Some(operation.into()), ..self }
    }

    /// Only calls whose model id, as the caller gives it, is of a pattern: `*` stands for any number of characters, `?` for
    /// one.
    #[must_use]
    pub fn model(self, pattern: impl Into<String>) -> Self {
        Self { model: Some(pattern.into()), ..self }
    }

    /// The call is met by a clock that is so many seconds ahead, or behind where less than 0: the signature is verified by
    /// it, and the answer dated.
    #[must_use]
    pub fn clock_skew(self, seconds: i64) -> Self {
        Self { clock_skew: seconds, ..self }
    }

    /// The `Date` of the answer alone is so many seconds ahead, or behind where less than 0.
    #[must_use]
    pub fn date_skew(self, seconds: i64) -> Self {
        Self { date_skew: seconds, ..self }
    }

    /// The answer, whatever it is, has this body.
    #[must_use]
    pub fn body(self, body: impl Into<Bytes>) -> Self {
        Self { body: Some(body.into()), ..self }
    }

    /// The answer has this field, in place of any of its name.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.fields.push((name, Some(value)));
        self
    }

    /// The answer lacks this field.
    #[must_use]
    pub fn without_header(mut self, name: HeaderName) -> Self {
        self.fields.push((name, None));
        self
    }

    /// The answer says when to try again.
    #[must_use]
    pub fn retry_after(self, retry_after: RetryAfter) -> Self {
        Self { retry_after: Some(retry_after), ..self }
    }

    /// The answer has this `Content-Length`, whatever its length is. It is sent whole, and the connection ends.
    #[must_use]
    pub fn content_length(self, length: u64) -> Self {
        Self { content_length: Some(length), ..self }
    }

    /// The head of the answer comes so much later.
    #[must_use]
    pub fn delay(self, delay: Duration) -> Self {
        Self { delay, ..self }
    }

    /// A stream waits so long before each of its events, whatever [`Builder::pace`](crate::Builder::pace) says.
    #[must_use]
    pub fn pace(self, pace: Duration) -> Self {
        Self { pace: Some(pace), ..self }
    }

    /// A stream breaks after some of its events, or after all of them where it has fewer.
    #[must_use]
    pub fn break_stream(self, after_events: u64, fault: StreamFault) -> Self {
        Self { stream: Some(Planned { after_events, fault }), ..self }
    }

    /// The answer, head included, comes so many bytes at a time, at least one, and so long after each other.
    #[must_use]
    pub fn drip(self, bytes: usize, interval: Duration) -> Self {
        Self { drip: Some(Drip { bytes, interval }), ..self }
    }

    /// The connection breaks.
    #[must_use]
    pub fn break_at(self, at: FaultPoint, end: ConnectionEnd) -> Self {
        Self { broken: Some((at, end)), ..self }
    }

    /// Whether the call counts as one that was worked on, as [`CallRecord::worked_on`](crate::CallRecord::worked_on) says,
    /// whatever the answer.
    ///
    /// Otherwise, the answer decides: a success was worked on, an error was not. Of what is said in the place of an answer
    /// the worst is assumed where nobody can know better: garbage, 408, 424, and 500, 502 and 504 without an error of the
    /// model.
    #[must_use]
    pub fn worked_on(self, worked_on: bool) -> Self {
        Self { worked_on: Some(worked_on), ..self }
    }

    /// Happens to the first so many calls that it is for.
    pub fn first(self, number: u64) -> FaultRule {
        FaultRule::from(self).first(number)
    }

    /// Happens to some of the calls that it is for: with 3 to the third, the sixth and so on.
    pub fn every(self, number: u64) -> FaultRule {
        FaultRule::from(self).every(number)
    }

    pub(super) fn is_for(&self, operation: &str, model_id: &str) -> bool {
        self.operation.as_deref().is_none_or(|only| only == operation)
            && self.model.as_deref().is_none_or(|pattern| matches(pattern, model_id))
    }

    /// Whether a call was worked on that is answered thus.
    pub(crate) fn counts(&self, succeeded: bool) -> bool {
        let assumed = match &self.instead {
            None => succeeded,
            Some(Instead::Error(error)) => matches!(error.status(), Some(408 | 424)),
            Some(Instead::Status(status)) => {
                status.is_success() || matches!(status.as_u16(), 408 | 424 | 500 | 502 | 504)
            }
            Some(Instead::Garbage(_)) => true,
        };
        self.worked_on.unwrap_or(assumed)
    }
}
