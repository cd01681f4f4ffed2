//! Outputs of calls: complete outputs, outputs with a streaming body, and outputs with an event stream.

use std::future::Future;

use bytes::Bytes;
use http::Response;
use http::header::CONTENT_TYPE;
use invoke_model_protocol::event_stream;
use invoke_model_protocol::metrics::ResponseMetrics;
use invoke_model_protocol::{
    Operation, OutputEventStream, ParseError, ParseErrorKind, PayloadOutput, delivery,
};
use invoke_model_transport::ResponseBody;

use super::attempts::AttemptOutput;
use super::completeness;
use super::response::{read_beginning, read_limited};
use crate::call_context::CallContext;
use crate::error::ErrorKind;
use crate::events::EventReceiver;
use crate::quota::QuotaPermit;
use crate::raw;

/// The output of a call of operation `O`. The type is [`EventStreamOutput`] if the output is an event stream,
/// [`BidirectionalStreamOutput`](crate::BidirectionalStreamOutput) if both input and output are event streams,
/// and the operation's [`Output`](Operation::Output) otherwise.
pub type CallOutput<O> = <<O as Operation>::Delivery as Delivery<O>>::Output;

/// The output of an operation with an event stream.
#[derive(Debug)]
#[non_exhaustive]
pub struct EventStreamOutput<O: OutputEventStream> {
    /// All members except the events.
    pub output: O::Output,
    /// The events. Read them with [`recv`](EventReceiver::recv) or as a `Stream`. Dropping the receiver
    /// closes the connection.
    pub events: EventReceiver<O>,
}

/// The output of a call whose payload is read in chunks.
/// [`Call::send_streaming`](crate::Call::send_streaming) returns this type.
#[derive(Debug)]
#[non_exhaustive]
pub struct StreamingBodyOutput<T> {
    /// All members except the payload. The payload member is empty.
    pub output: T,
    /// The payload. Read it with [`chunk`](ResponseBody::chunk) or as a `Stream`. If the payload is
    /// truncated, the last item is an error. If the response has neither chunks nor a length, the last item
    /// is also an error if the payload is not a complete JSON document: see
    /// [`TruncationCause::UnknownEnd`](crate::TruncationCause::UnknownEnd).
    pub body: ResponseBody,
}

/// Sends a call, and returns its output.
///
/// This trait is not exported. Every [`Operation::Delivery`] type implements the trait, so every operation
/// meets the bound `O::Delivery: Delivery<O>`.
pub trait Delivery<O: Operation> {
    /// The output of the call.
    type Output;

    /// The result of a successful attempt.
    #[doc(hidden)]
    type Received: AttemptOutput;

    #[doc(hidden)]
    const BODY_MODE: BodyMode;

    /// Returns the output of the call. `parsed` is the parsed output, if the response has arrived.
    #[doc(hidden)]
    fn output(parsed: Option<O::Output>, received: Self::Received, context: &mut CallContext)
    -> Self::Output;
}

/// The part of a successful response that the client reads before the call returns its output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BodyMode {
    /// The complete body. The output is parsed from it.
    Complete,
    /// The head. The caller reads the body in chunks.
    Chunks,
    /// The head, if the content is an event stream.
    EventStream,
    /// The head, if the content consists of server-sent events.
    ServerSentEvents,
}

impl BodyMode {
    /// Returns `true` if the caller reads events.
    pub(super) fn is_stream(self) -> bool {
        matches!(self, Self::EventStream | Self::ServerSentEvents)
    }
}

/// A successful response whose output was parsed.
#[derive(Debug)]
pub struct Received {
    /// The body that the caller reads. It is empty if the client has read the complete body.
    pub(crate) body: ResponseBody,
    /// The quota permit, if the token counts are not known yet.
    pub(crate) permit: Option<QuotaPermit>,
}

/// A function that parses a response and stores the output. It also reads the metrics in the output, except if the
/// response is only a head.
pub(super) type OutputParser<'a> =
    dyn FnMut(&Response<Bytes>, Option<&mut ResponseMetrics>) -> Result<(), ParseError> + Send + 'a;

/// Returns the function that parses the output of an operation into `parsed`.
pub(super) fn parser<O: Operation>(
    parsed: &mut Option<O::Output>,
) -> impl FnMut(&Response<Bytes>, Option<&mut ResponseMetrics>) -> Result<(), ParseError> + Send {
    |response, metrics| {
        let output = parsed.insert(O::parse(response)?);
        if let Some(metrics) = metrics {
            O::output_metrics(output, metrics);
        }
        Ok(())
    }
}

/// Returns the output that the function of [`parser`] has stored.
pub(crate) fn output_of<T>(parsed: Option<T>) -> T {
    parsed.expect("an attempt succeeds after it has parsed the output")
}

impl<O: Operation> Delivery<O> for delivery::Buffered {
    type Output = O::Output;
    type Received = Received;

    const BODY_MODE: BodyMode = BodyMode::Complete;

    fn output(parsed: Option<O::Output>, _: Received, _: &mut CallContext) -> O::Output {
        output_of(parsed)
    }
}

/// Delivers the payload in chunks.
#[derive(Debug)]
pub(crate) enum Chunks {}

impl<O: PayloadOutput> Delivery<O> for Chunks {
    type Output = StreamingBodyOutput<O::Output>;
    type Received = Received;

    const BODY_MODE: BodyMode = BodyMode::Chunks;

    fn output(parsed: Option<O::Output>, received: Received, _: &mut CallContext) -> Self::Output {
        StreamingBodyOutput { output: output_of(parsed), body: received.body }
    }
}

impl<O: OutputEventStream> Delivery<O> for delivery::Streaming {
    type Output = EventStreamOutput<O>;
    type Received = Received;

    const BODY_MODE: BodyMode = BodyMode::EventStream;

    fn output(
        parsed: Option<O::Output>,
        received: Received,
        context: &mut CallContext,
    ) -> EventStreamOutput<O> {
        let events = EventReceiver::new(received.body, context.hand_over(), received.permit);
        EventStreamOutput { output: output_of(parsed), events }
    }
}

/// Reads a successful response, and parses the output. If parsing fails, the error contains the response, because the
/// caller has paid for it.
#[expect(
    clippy::manual_async_fn,
    reason = "an `async fn` stores its arguments twice (rust-lang/rust#62958), which costs 300 bytes in each call"
)]
pub(super) fn receive(
    mut response: Response<ResponseBody>,
    mode: BodyMode,
    context: &mut CallContext,
    permit: Option<QuotaPermit>,
    parse: &mut OutputParser<'_>,
) -> impl Future<Output = Result<Received, ErrorKind>> + Send {
    async move {
        match mode {
            BodyMode::Complete => {
                let body = match context.limits_body() {
                    false => response.body_mut().read_to_end().await?,
                    true => Box::pin(read_limited(response.body_mut(), context.max_body_size())).await?,
                };
                let ends_with_connection = response.body().ends_with_connection();
                let mut response = response.map(|_| body);
                if ends_with_connection {
                    response = completeness::check(response)?;
                }
                let parsed = parse(&response, context.metrics());
                complete(permit, context);
                parsed.map_err(|error| ErrorKind::Parse { error, response: response.into() })?;
                Ok(Received { body: ResponseBody::default(), permit: None })
            }
            BodyMode::Chunks => {
                let (head, body) = response.into_parts();
                // The token counts are in the head of the response, so the permit can be completed now.
                complete(permit, context);
                let head = Response::from_parts(head, Bytes::new());
                parse(&head, None).map_err(|error| ErrorKind::Parse { error, response: head.into() })?;
                Ok(Received { body: completeness::checked(body), permit: None })
            }
            BodyMode::EventStream => {
                let (head, body) = response.into_parts();
                let head = Response::from_parts(head, Bytes::new());
                let Err(error) = check_event_stream(head.headers()).and_then(|()| parse(&head, None)) else {
                    return Ok(Received { body, permit });
                };
                let response = Box::pin(read_beginning(head.map(|_| body))).await;
                Err(ErrorKind::Parse { error, response: response.into() })
            }
            BodyMode::ServerSentEvents => {
                let response = Box::pin(raw::check_server_sent_events(response, context)).await?;
                let (head, body) = response.into_parts();
                let head = Response::from_parts(head, Bytes::new());
                parse(&head, None).map_err(|error| ErrorKind::Parse { error, response: head.into() })?;
                Ok(Received { body, permit })
            }
        }
    }
}

/// Records the metrics of the response, and completes the permit with the token counts.
fn complete(permit: Option<QuotaPermit>, context: &CallContext) {
    context.record_metrics(context.usage());
    if let Some(permit) = permit {
        permit.complete(context.usage());
    }
}

/// Returns an error if the content type exists, and is not the type of an event stream. Without this check,
/// other content, such as an HTML page of a proxy, would fail later with a less helpful error about an
/// invalid frame.
///
/// <https://smithy.io/2.0/spec/streaming.html#event-stream-message-serialization>
fn check_event_stream(headers: &http::HeaderMap) -> Result<(), ParseError> {
    let Some(value) = headers.get(CONTENT_TYPE) else { return Ok(()) };
    let media_type = value.as_bytes().split(|byte| *byte == b';').next().unwrap_or_default();
    match media_type.trim_ascii().eq_ignore_ascii_case(event_stream::CONTENT_TYPE.as_bytes()) {
        true => Ok(()),
        false => {
            let error = ParseErrorKind::Text { expected: event_stream::CONTENT_TYPE };
            Err(ParseError::new("Content-Type", error))
        }
    }
}
