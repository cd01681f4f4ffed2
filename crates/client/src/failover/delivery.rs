//! Waits for the beginning of an output. Until then, a call can move to the next target.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use invoke_model_protocol::{InputEventStream, Operation, OutputEventStream, PayloadOutput, delivery};
use invoke_model_transport::{ResponseBody, TransportError};

use super::report::Report;
use crate::bidirectional::BidirectionalStreamOutput;
use crate::call::{Chunks, Delivery, EventStreamOutput, StreamingBodyOutput};
use crate::error::Error;

/// The output of a call that can move to the next target.
///
/// This trait is not exported. Every [`Operation::Delivery`] type implements it, so every operation meets the
/// bound `O::Delivery: FailoverDelivery<O>`.
pub trait FailoverDelivery<O: Operation>: Delivery<O> {
    /// Waits for the beginning of the output.
    #[doc(hidden)]
    fn begin(output: Self::Output) -> impl Future<Output = Result<Self::Output, BeginError>> + Send;

    /// Reports the result of the call to the circuit breaker.
    #[doc(hidden)]
    fn report(_output: &Self::Output, report: Report) {
        report.result(Ok(()));
    }
}

/// The error of an output that failed before its beginning.
#[derive(Debug)]
pub enum BeginError {
    /// The event stream failed.
    Stream(Error),
    /// The body failed.
    Body(TransportError),
}

impl<O: Operation> FailoverDelivery<O> for delivery::Buffered {
    async fn begin(output: O::Output) -> Result<O::Output, BeginError> {
        Ok(output)
    }
}

impl<O: OutputEventStream> FailoverDelivery<O> for delivery::Streaming
where
    O::Output: Send,
{
    async fn begin(mut output: EventStreamOutput<O>) -> Result<EventStreamOutput<O>, BeginError> {
        output.events.receive_first().await.map_err(|error| BeginError::Stream(error.into()))?;
        Ok(output)
    }
}

impl<O: PayloadOutput> FailoverDelivery<O> for Chunks {
    async fn begin(
        output: StreamingBodyOutput<O::Output>,
    ) -> Result<StreamingBodyOutput<O::Output>, BeginError> {
        let StreamingBodyOutput { output, mut body } = output;
        let first = body.chunk().await.map_err(BeginError::Body)?;
        let body = match first {
            Some(first) => ResponseBody::from_body(BegunBody { first: Some(first), rest: body }),
            None => body,
        };
        Ok(StreamingBodyOutput { output, body })
    }
}

impl<O: InputEventStream + OutputEventStream> FailoverDelivery<O> for delivery::Bidirectional {
    async fn begin(output: BidirectionalStreamOutput<O>) -> Result<BidirectionalStreamOutput<O>, BeginError> {
        Ok(output)
    }

    /// Reports the result when the first event arrives, because this output does not show that the target works. The
    /// first event can depend on events of the caller. Therefore the call does not stay the probe until then.
    fn report(output: &BidirectionalStreamOutput<O>, mut report: Report) {
        report.release_probe();
        output.sender.link().observe(Box::new(|result| report.result(result)));
    }
}

/// A body whose first chunk has arrived.
struct BegunBody {
    first: Option<Bytes>,
    rest: ResponseBody,
}

impl Body for BegunBody {
    type Data = Bytes;
    type Error = TransportError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, TransportError>>> {
        match self.first.take() {
            Some(first) => Poll::Ready(Some(Ok(Frame::data(first)))),
            None => Pin::new(&mut self.rest).poll_frame(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.first.is_none() && self.rest.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let first = self.first.as_ref().map_or(0, Bytes::len) as u64;
        let rest = self.rest.size_hint();
        let mut hint = SizeHint::new();
        hint.set_lower(rest.lower().saturating_add(first));
        if let Some(upper) = rest.upper() {
            hint.set_upper(upper.saturating_add(first));
        }
        hint
    }
}
