//! Faults of a call.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::StatusCode;
use http::header::{HeaderName, HeaderValue};

use super::effect::{ConnectionEnd, Drip, FaultPoint, Replacement, RetryAfter};
use super::model_reply::ModelReply;
use super::when::{CallFacts, When};
use crate::service_error::ServiceError;
use crate::stream::{PlannedStreamFault, StreamFault};

/// A fault that affects the request, the processing or the response of a call. A new fault has no effect. The
/// methods add effects and conditions.
///
/// [`first`](Self::first) and [`every`](Self::every) turn a fault into a [`FaultRule`](crate::FaultRule). If
/// a fault itself is passed to [`LocalEndpoint::inject`](crate::LocalEndpoint::inject), the fault applies to
/// all matching calls.
///
/// ```
/// use std::time::Duration;
///
/// use http::StatusCode;
/// use invoke_model_local::{ConnectionEnd, Fault, FaultPoint, FaultRule, LocalEndpoint, RetryAfter};
/// use invoke_model_types::ThrottlingException;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let local = LocalEndpoint::start().await?;
/// // Two calls are throttled. The response of the third call is generated, but does not reach the client.
/// let throttled = Fault::error(ThrottlingException::default()).retry_after(RetryAfter::Seconds(2));
/// local.inject(throttled.first(2));
/// local.inject(Fault::new().break_at(FaultPoint::ResponseBytes(0), ConnectionEnd::Reset).first(1));
/// // Every tenth call is slow, and every second connection is closed on accept.
/// local.inject(Fault::new().delay(Duration::from_secs(60)).every(10));
/// local.inject(FaultRule::reject_connection(ConnectionEnd::Close).every(2));
/// // Calls of some models get the error page of a proxy.
/// local.inject(Fault::status(StatusCode::BAD_GATEWAY).body("<html>Bad Gateway</html>").model("meta.*"));
/// # Ok(())
/// # }
/// ```
#[doc(alias = "fault injection")]
#[derive(Clone, Debug, Default)]
pub struct Fault {
    pub(super) when: When,
    /// The reply of the model, in place of the simulated reply.
    pub(crate) reply: Option<ModelReply>,
    pub(crate) clock_skew: i64,
    pub(crate) date_skew: i64,
    pub(crate) replacement: Option<Replacement>,
    pub(crate) body: Option<Bytes>,
    /// The frames of an event stream that is the body of a replaced response.
    pub(crate) frames: Option<Arc<[Bytes]>>,
    /// Headers to set, or to remove if the value is `None`.
    pub(crate) headers: Vec<(HeaderName, Option<HeaderValue>)>,
    pub(crate) retry_after: Option<RetryAfter>,
    pub(crate) content_length: Option<u64>,
    pub(crate) delay: Duration,
    pub(crate) pace: Option<Duration>,
    pub(crate) stream_fault: Option<PlannedStreamFault>,
    pub(crate) drip: Option<Drip>,
    pub(crate) disconnect: Option<(FaultPoint, ConnectionEnd)>,
    pub(super) worked_on: Option<bool>,
}

impl Fault {
    /// Returns a fault without effects.
    pub fn new() -> Self {
        Self::default()
    }

    /// Returns a fault that responds with an error. Accepts the errors of all operations.
    pub fn error(error: impl Into<ServiceError>) -> Self {
        Self { replacement: Some(Replacement::Error(error.into())), ..Self::default() }
    }

    /// Returns a fault that responds with only a status, as a proxy or a failing service may do.
    /// [`body`](Self::body) and [`header`](Self::header) add a body and headers.
    pub fn status(status: StatusCode) -> Self {
        Self { replacement: Some(Replacement::Status(status)), ..Self::default() }
    }

    /// Returns a fault that sends raw bytes instead of a response. The endpoint then closes the connection.
    pub fn garbage(bytes: impl Into<Bytes>) -> Self {
        Self { replacement: Some(Replacement::Garbage(bytes.into())), ..Self::default() }
    }

    /// Limits the fault to calls of one operation, for example `InvokeModel`.
    #[must_use]
    pub fn operation(self, operation: impl Into<String>) -> Self {
        Self { when: self.when.operation(operation), ..self }
    }

    /// Limits the fault to calls whose model id matches a pattern. In the pattern, `*` matches any number of
    /// characters and `?` matches one character. The pattern must match the model id or ARN that the client
    /// sends, not the id of the base model.
    #[must_use]
    pub fn model(self, pattern: impl Into<String>) -> Self {
        Self { when: self.when.model(pattern), ..self }
    }

    /// Limits the fault to calls that meet all conditions of `when`. Replaces earlier conditions.
    #[must_use]
    pub fn when(self, when: When) -> Self {
        Self { when, ..self }
    }

    /// Sets the reply of the model, in place of the simulated reply. The fault can also delay or break the
    /// reply.
    #[must_use]
    pub fn reply(self, reply: impl Into<ModelReply>) -> Self {
        Self { reply: Some(reply.into()), ..self }
    }

    /// Moves the clock of the endpoint ahead by a number of seconds, or back if the number is negative. The
    /// endpoint uses the changed time to verify the signature and to set the `Date` header of the response.
    #[must_use]
    pub fn clock_skew(self, seconds: i64) -> Self {
        Self { clock_skew: seconds, ..self }
    }

    /// Adds a number of seconds to the `Date` header of the response. The number may be negative. Unlike
    /// [`clock_skew`](Self::clock_skew), this method does not affect the verification of the signature.
    #[must_use]
    pub fn date_skew(self, seconds: i64) -> Self {
        Self { date_skew: seconds, ..self }
    }

    /// Replaces the body of the response.
    #[must_use]
    pub fn body(self, body: impl Into<Bytes>) -> Self {
        Self { body: Some(body.into()), ..self }
    }

    /// Replaces the response with an event stream. The body consists of these encoded frames, which may be
    /// invalid. The endpoint sends each frame separately and does not add padding.
    ///
    /// The response has the content type `application/vnd.amazon.eventstream`. Its status is 200, or the status
    /// of [`Fault::status`]. [`pace`](Self::pace) and [`break_stream`](Self::break_stream) affect the stream.
    #[must_use]
    pub fn frames(self, frames: impl IntoIterator<Item = Bytes>) -> Self {
        let replacement = self.replacement.unwrap_or(Replacement::Status(StatusCode::OK));
        Self { replacement: Some(replacement), frames: Some(frames.into_iter().collect()), ..self }
    }

    /// Sets a header of the response.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, Some(value)));
        self
    }

    /// Removes a header of the response.
    #[must_use]
    pub fn without_header(mut self, name: HeaderName) -> Self {
        self.headers.push((name, None));
        self
    }

    /// Adds a retry hint to the response.
    #[must_use]
    pub fn retry_after(self, retry_after: RetryAfter) -> Self {
        Self { retry_after: Some(retry_after), ..self }
    }

    /// Sets `Content-Length` to a value that may differ from the length of the body. The endpoint sends the
    /// complete body and then closes the connection.
    #[must_use]
    pub fn content_length(self, length: u64) -> Self {
        Self { content_length: Some(length), ..self }
    }

    /// Delays the head of the response.
    #[must_use]
    pub fn delay(self, delay: Duration) -> Self {
        Self { delay, ..self }
    }

    /// Sets the delay before each event of a stream, in place of
    /// [`LocalEndpointBuilder::pace`](crate::LocalEndpointBuilder::pace).
    #[must_use]
    pub fn pace(self, pace: Duration) -> Self {
        Self { pace: Some(pace), ..self }
    }

    /// Injects a fault into a stream after a number of events. If the stream has fewer events, the fault
    /// follows the last event.
    #[must_use]
    pub fn break_stream(self, after_events: u64, fault: StreamFault) -> Self {
        Self { stream_fault: Some(PlannedStreamFault { after_events, fault }), ..self }
    }

    /// Sends the response, including its head, in small pieces. Each piece has at most `bytes` bytes. The
    /// endpoint waits for `interval` between two pieces. If `bytes` is 0, each piece has one byte.
    #[must_use]
    pub fn drip(self, bytes: usize, interval: Duration) -> Self {
        Self { drip: Some(Drip { bytes, interval }), ..self }
    }

    /// Ends the connection at a point of the call.
    #[must_use]
    pub fn break_at(self, point: FaultPoint, end: ConnectionEnd) -> Self {
        Self { disconnect: Some((point, end)), ..self }
    }

    /// Sets the value of [`CallRecord::worked_on`](crate::CallRecord::worked_on) for the affected calls.
    ///
    /// By default, a call with a successful response counts as worked on, and a call with an error response
    /// does not. A call of an operation that the service does not bill, such as `CountTokens`, does not count
    /// either. If the fault replaces the response, the call also counts as worked on in these cases:
    ///
    /// * The response is [`garbage`](Self::garbage).
    /// * The status is 408 or 424.
    /// * [`status`](Self::status) sets the status to 500, 502 or 504.
    ///
    /// These responses do not tell the client whether the service did the work.
    #[must_use]
    pub fn worked_on(self, worked_on: bool) -> Self {
        Self { worked_on: Some(worked_on), ..self }
    }

    pub(super) fn applies_to(&self, call: &CallFacts<'_>) -> bool {
        self.when.matches(call)
    }

    /// Returns `true` if a call with this fault counts as worked on. If the fault does not replace the
    /// response, the result is `succeeded` by default.
    pub(crate) fn counts_as_worked_on(&self, succeeded: bool) -> bool {
        let assumed = match &self.replacement {
            None => succeeded,
            Some(Replacement::Error(error)) => matches!(error.status().as_u16(), 408 | 424),
            Some(Replacement::Status(status)) => {
                status.is_success() || matches!(status.as_u16(), 408 | 424 | 500 | 502 | 504)
            }
            Some(Replacement::Garbage(_)) => true,
        };
        self.worked_on.unwrap_or(assumed)
    }
}
