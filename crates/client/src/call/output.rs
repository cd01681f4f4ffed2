//! Outputs of calls: complete outputs, outputs with a streaming body, and outputs with an event stream.

use std::future::Future;

use bytes::Bytes;
use http::Response;
use http::header::CONTENT_TYPE;
use http::response::Parts;
use invoke_model_protocol::event_stream;
use invoke_model_protocol::{
    Operation, OutputEventStream, ParseError, ParseErrorKind, PayloadOutput, delivery,
};
use invoke_model_transport::ResponseBody;

use super::attempts::{self, Attempt};
use super::completeness;
use super::response::{read_beginning, read_limited};
use crate::call_context::CallContext;
use crate::error::ErrorKind;
use crate::events::EventReceiver;
use crate::quota::QuotaPermit;

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

/// Makes an attempt of a call, and returns its output.
///
/// This trait is not exported. Every [`Operation::Delivery`] type implements the trait, so every operation
/// meets the bound `O::Delivery: Delivery<O>`.
pub trait Delivery<O: Operation> {
    /// The output of the call.
    type Output;

    /// `true` if `attempt` returns the output before the response has arrived. In this case, the
    /// implementation of this trait also reports the outcome of the attempt.
    #[doc(hidden)]
    const RETURNS_EARLY: bool = false;

    /// `true` if the output is an event stream.
    #[doc(hidden)]
    const IS_STREAM: bool = false;

    /// Makes one attempt.
    #[doc(hidden)]
    fn attempt(
        attempt: Attempt<'_>,
    ) -> impl Future<Output = Result<Self::Output, ErrorKind<O::Error>>> + Send;
}

/// Converts a response into the output of a call.
pub(crate) trait ResponseDelivery<O: Operation>: Delivery<O> {
    /// Converts a successful response into the output. `Buffered` reads the complete body. The other
    /// implementations do not read the body, because the caller reads it from the output.
    fn deliver(
        response: Response<ResponseBody>,
        context: &mut CallContext,
        permit: Option<QuotaPermit>,
    ) -> impl Future<Output = Result<Self::Output, ErrorKind<O::Error>>> + Send;
}

impl<O: Operation> Delivery<O> for delivery::Buffered {
    type Output = O::Output;

    fn attempt(attempt: Attempt<'_>) -> impl Future<Output = Result<O::Output, ErrorKind<O::Error>>> + Send {
        attempts::attempt::<O, Self>(attempt)
    }
}

impl<O: Operation> ResponseDelivery<O> for delivery::Buffered {
    #[expect(
        clippy::manual_async_fn,
        reason = "an `async fn` stores its arguments twice (rust-lang/rust#62958), which costs 300 bytes in each call"
    )]
    fn deliver(
        mut response: Response<ResponseBody>,
        context: &mut CallContext,
        permit: Option<QuotaPermit>,
    ) -> impl Future<Output = Result<O::Output, ErrorKind<O::Error>>> + Send {
        async move {
            let body = match context.limits_body() {
                false => response.body_mut().read_to_end().await?,
                true => Box::pin(read_limited(response.body_mut(), context.max_body_size())).await?,
            };
            let ends_with_connection = response.body().ends_with_connection();
            let mut response = response.map(|_| body);
            if ends_with_connection {
                response = completeness::check(response)?;
            }
            let output = parse::<O>(response);
            if let (Ok(output), Some(metrics)) = (&output, context.metrics()) {
                O::output_metrics(output, metrics);
            }
            complete(permit, context);
            output
        }
    }
}

/// Delivers the payload in chunks.
#[derive(Debug)]
pub(crate) enum Chunks {}

impl<O: PayloadOutput> Delivery<O> for Chunks {
    type Output = StreamingBodyOutput<O::Output>;

    fn attempt(
        attempt: Attempt<'_>,
    ) -> impl Future<Output = Result<StreamingBodyOutput<O::Output>, ErrorKind<O::Error>>> + Send {
        attempts::attempt::<O, Self>(attempt)
    }
}

impl<O: PayloadOutput> ResponseDelivery<O> for Chunks {
    async fn deliver(
        response: Response<ResponseBody>,
        context: &mut CallContext,
        permit: Option<QuotaPermit>,
    ) -> Result<StreamingBodyOutput<O::Output>, ErrorKind<O::Error>> {
        let (head, body) = response.into_parts();
        // The token counts are in the head of the response, so the permit can be completed now.
        complete(permit, context);
        let body = completeness::checked(body);
        Ok(StreamingBodyOutput { output: parse_head::<O>(head)?, body })
    }
}

impl<O: OutputEventStream> Delivery<O> for delivery::Streaming {
    type Output = EventStreamOutput<O>;

    const IS_STREAM: bool = true;

    fn attempt(
        attempt: Attempt<'_>,
    ) -> impl Future<Output = Result<EventStreamOutput<O>, ErrorKind<O::Error>>> + Send {
        attempts::attempt::<O, Self>(attempt)
    }
}

impl<O: OutputEventStream> ResponseDelivery<O> for delivery::Streaming {
    async fn deliver(
        response: Response<ResponseBody>,
        context: &mut CallContext,
        permit: Option<QuotaPermit>,
    ) -> Result<EventStreamOutput<O>, ErrorKind<O::Error>> {
        if !is_event_stream(response.headers()) {
            let error = ParseErrorKind::Text { expected: event_stream::CONTENT_TYPE };
            let error = ParseError::new("Content-Type", error);
            let response = Box::new(Box::pin(read_beginning(response)).await);
            return Err(ErrorKind::Parse { error, response });
        }
        let (head, body) = response.into_parts();
        let output = match parse_head::<O>(head) {
            Ok(output) => output,
            Err(ErrorKind::Parse { error, response }) => {
                let response = response.map(|_| body);
                let response = Box::new(Box::pin(read_beginning(response)).await);
                return Err(ErrorKind::Parse { error, response });
            }
            Err(kind) => return Err(kind),
        };
        Ok(EventStreamOutput { output, events: EventReceiver::new(body, context.hand_over(), permit) })
    }
}

/// Parses a response. If parsing fails, the error contains the response, because the caller has paid for the
/// response.
fn parse<O: Operation>(response: Response<Bytes>) -> Result<O::Output, ErrorKind<O::Error>> {
    O::parse(&response).map_err(|error| ErrorKind::Parse { error, response: response.into() })
}

/// Parses all members except the payload.
fn parse_head<O: Operation>(head: Parts) -> Result<O::Output, ErrorKind<O::Error>> {
    parse::<O>(Response::from_parts(head, Bytes::new()))
}

/// Records the metrics of the response, and completes the permit with the token counts.
fn complete(permit: Option<QuotaPermit>, context: &CallContext) {
    context.record_metrics(context.usage());
    if let Some(permit) = permit {
        permit.complete(context.usage());
    }
}

/// Returns `true` if the content type is the type of an event stream, or is missing. Without this check,
/// other content, such as an HTML page of a proxy, would fail later with a less helpful error about an
/// invalid frame.
///
/// <https://smithy.io/2.0/spec/streaming.html#event-stream-message-serialization>
fn is_event_stream(headers: &http::HeaderMap) -> bool {
    let Some(value) = headers.get(CONTENT_TYPE) else { return true };
    let media_type = value.as_bytes().split(|byte| *byte == b';').next().unwrap_or_default();
    media_type.trim_ascii().eq_ignore_ascii_case(event_stream::CONTENT_TYPE.as_bytes())
}
