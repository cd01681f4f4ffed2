//! Sending a call.

use std::pin::pin;

use invoke_model_protocol::{Operation, PayloadOutput};
use tracing::Instrument;

use super::output::{CallOutput, Chunks, Delivery, StreamingBodyOutput};
use super::{Call, span};
use crate::call_context::CallContext;
use crate::error::Error;
use crate::metadata::Metadata;

impl<O: Operation> Call<O> {
    /// Sends the call and returns its output; if the operation has an event stream,
    /// [`EventStreamOutput`](crate::EventStreamOutput) as soon as the head of the response arrives.
    ///
    /// Failed attempts are retried as the [`RetryConfig`](crate::RetryConfig) says. Dropping the future
    /// cancels the call. Every operation meets the bound `O::Delivery: Delivery<O>`.
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind). If the response cannot be parsed, the error contains it.
    pub async fn send(self) -> Result<CallOutput<O>, Error<O::Error>>
    where
        O::Delivery: Delivery<O>,
    {
        self.deliver::<O::Delivery>().await.map(|(output, _)| output)
    }

    /// Sends the call like [`send`](Self::send), and returns its metadata, too: token counts, the latency of
    /// the model, and failed attempts.
    ///
    /// # Errors
    /// The same as [`send`](Self::send).
    pub async fn send_with_metadata(self) -> Result<(CallOutput<O>, Metadata), Error<O::Error>>
    where
        O::Delivery: Delivery<O>,
    {
        self.deliver::<O::Delivery>().await.map(|(output, context)| (output, context.into_metadata()))
    }

    /// Sends the call like [`send`](Self::send), and returns as soon as the head of the response arrives. The
    /// payload is then read in chunks.
    ///
    /// # Errors
    /// The same as [`send`](Self::send), except that a truncated response is an error of the last chunk.
    pub async fn send_streaming(self) -> Result<StreamingBodyOutput<O::Output>, Error<O::Error>>
    where
        O: PayloadOutput,
    {
        self.deliver::<Chunks>().await.map(|(output, _)| output)
    }

    async fn deliver<D: Delivery<O>>(self) -> Result<(D::Output, CallContext), Error<O::Error>> {
        let mut context = CallContext::new(self.0.client.clone());
        let span = span::call::<O>(&self.0.client);
        // Pinned here, because this future is large and `instrument` would move it.
        let result = pin!(self.attempts::<D>(&mut context, &span)).instrument(span.clone()).await;
        match result {
            Ok(output) => Ok((output, context)),
            Err(kind) => {
                span::record_error(&span, &kind);
                Err(context.into_error::<O>(kind))
            }
        }
    }
}
