//! What a call gives: the output, or the output and a stream of events.

use std::future::Future;

use http::Response;
use http::header::CONTENT_TYPE;
use invoke_model_protocol::event_stream;
use invoke_model_protocol::{
    Operation, OutputEventStream, ParseError, ParseErrorKind, PayloadOutput, delivery,
};
use invoke_model_transport::ResponseBody;

use super::StreamingBodyOutput;
use super::send::{parse, parse_head};
use super::trail::Trail;
use crate::quota::QuotaPermit;
use crate::{ErrorKind, EventReceiver};

/// What [`send`](crate::Call::send) gives: the [`Output`](Operation::Output) of the operation, or [`EventStreamOutput`] for one
/// that answers with events.
pub type CallOutput<O> = <<O as Operation>::Delivery as Deliver<O>>::Output;

/// An output, and the events that follow it.
#[derive(Debug)]
#[non_exhaustive]
pub struct EventStreamOutput<O: OutputEventStream> {
    /// All but the events: what stands in the head of the answer.
    pub output: O::Output,
    /// The events as they come: [`recv`](EventReceiver::recv) one by one, or as a `Stream`. Dropping them closes the
    /// connection.
    pub body: EventReceiver<O>,
}

/// How an output is delivered: implemented for what an [`Operation::Delivery`] can be, and for nothing of others.
pub trait Deliver<O: Operation>: sealed::Sealed {
    /// What a call gives.
    type Output;

    /// Reads a successful response as far as the answer needs.
    #[doc(hidden)]
    fn deliver(
        response: Response<ResponseBody>,
        trail: &Trail,
        permit: Option<QuotaPermit>,
    ) -> impl Future<Output = Result<Self::Output, ErrorKind<O::Error>>> + Send;
}

impl<O: Operation> Deliver<O> for delivery::Whole {
    type Output = O::Output;

    #[expect(
        clippy::manual_async_fn,
        reason = "the future of an `async fn` has room for its arguments twice: rust-lang/rust#62958"
    )]
    fn deliver(
        mut response: Response<ResponseBody>,
        trail: &Trail,
        permit: Option<QuotaPermit>,
    ) -> impl Future<Output = Result<O::Output, ErrorKind<O::Error>>> + Send {
        async move {
            let body = response.body_mut().read_to_end().await?;
            settle(permit, trail);
            parse::<O>(response.map(|_| body))
        }
    }
}

/// The payload chunk by chunk, for who asks for that.
#[derive(Debug)]
pub(super) enum Chunks {}

impl<O: PayloadOutput> Deliver<O> for Chunks {
    type Output = StreamingBodyOutput<O::Output>;

    async fn deliver(
        response: Response<ResponseBody>,
        trail: &Trail,
        permit: Option<QuotaPermit>,
    ) -> Result<StreamingBodyOutput<O::Output>, ErrorKind<O::Error>> {
        let (head, body) = response.into_parts();
        // What was counted stands in the head, so that nothing is waited for.
        settle(permit, trail);
        Ok(StreamingBodyOutput { output: parse_head::<O>(head)?, body })
    }
}

impl<O: OutputEventStream> Deliver<O> for delivery::Streaming {
    type Output = EventStreamOutput<O>;

    async fn deliver(
        response: Response<ResponseBody>,
        trail: &Trail,
        permit: Option<QuotaPermit>,
    ) -> Result<EventStreamOutput<O>, ErrorKind<O::Error>> {
        let (head, body) = response.into_parts();
        if !is_event_stream(&head.headers) {
            let error = ParseErrorKind::Text { expected: event_stream::CONTENT_TYPE };
            let error = ParseError::new("Content-Type", error);
            return Err(ErrorKind::Parse {
                error,
                response: Response::from_parts(head, Default::default()).into(),
            });
        }
        let output = parse_head::<O>(head)?;
        Ok(EventStreamOutput { output, body: EventReceiver::new(body, trail.clone(), permit) })
    }
}

/// What the service counted takes the place of what was reserved.
fn settle(permit: Option<QuotaPermit>, trail: &Trail) {
    if let Some(permit) = permit {
        permit.settle(trail.usage());
    }
}

/// Whether the answer says that it is a stream of events, or says nothing. What says something else, as the page of a
/// proxy does, would only be found to be no frame.
/// <https://smithy.io/2.0/spec/streaming.html#event-stream-message-serialization>
fn is_event_stream(headers: &http::HeaderMap) -> bool {
    let Some(value) = headers.get(CONTENT_TYPE) else { return true };
    let media_type = value.as_bytes().split(|byte| *byte == b';').next().unwrap_or_default();
    media_type.trim_ascii().eq_ignore_ascii_case(event_stream::CONTENT_TYPE.as_bytes())
}

mod sealed {
    use invoke_model_protocol::delivery;

    pub trait Sealed {}
    impl Sealed for delivery::Whole {}
    impl Sealed for delivery::Streaming {}
    impl Sealed for super::Chunks {}
}
