//! Sends a call.

use std::pin::pin;

use invoke_model_protocol::{Operation, PayloadOutput};
use tracing::Instrument;

use super::output::{CallOutput, Chunks, Delivery, StreamingBodyOutput};
use super::{Call, span};
use crate::call_context::CallContext;
use crate::error::Error;
use crate::metadata::Metadata;
use crate::metrics::CallMetrics;

impl<O: Operation> Call<O> {
    /// Sends the call and returns its output. If the operation has an event stream, returns
    /// [`EventStreamOutput`](crate::EventStreamOutput) as soon as the head of the response arrives.
    ///
    /// Failed attempts are retried according to the [`RetryConfig`](crate::RetryConfig). Dropping the future
    /// cancels the call. Every operation meets the bound `O::Delivery: Delivery<O>`.
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind). If the response cannot be parsed, the error contains the
    /// response.
    pub async fn send(self) -> Result<CallOutput<O>, Error<O::Error>>
    where
        O::Delivery: Delivery<O>,
    {
        self.deliver::<O::Delivery>().await.map(|(output, _)| output)
    }

    /// Sends the call like [`send`](Self::send), and returns its output and its metadata. The metadata
    /// contains token counts, the latency of the model, and failed attempts.
    ///
    /// # Errors
    /// Returns the same errors as [`send`](Self::send).
    pub async fn send_with_metadata(self) -> Result<(CallOutput<O>, Metadata), Error<O::Error>>
    where
        O::Delivery: Delivery<O>,
    {
        self.deliver::<O::Delivery>().await.map(|(output, context)| (output, context.into_metadata()))
    }

    /// Sends the call like [`send`](Self::send), but returns as soon as the head of the response arrives. The
    /// caller then reads the payload in chunks.
    ///
    /// # Errors
    /// Returns the same errors as [`send`](Self::send), except the error of a truncated payload. Reading the
    /// payload returns that error.
    pub async fn send_streaming(self) -> Result<StreamingBodyOutput<O::Output>, Error<O::Error>>
    where
        O: PayloadOutput,
    {
        self.deliver::<Chunks>().await.map(|(output, _)| output)
    }

    /// Sends the call like [`send_streaming`](Self::send_streaming), and returns its output and its metadata.
    ///
    /// # Errors
    /// Returns the same errors as [`send_streaming`](Self::send_streaming).
    pub async fn send_streaming_with_metadata(
        self,
    ) -> Result<(StreamingBodyOutput<O::Output>, Metadata), Error<O::Error>>
    where
        O: PayloadOutput,
    {
        self.deliver::<Chunks>().await.map(|(output, context)| (output, context.into_metadata()))
    }

    pub(crate) async fn deliver<D: Delivery<O>>(
        mut self,
    ) -> Result<(D::Output, CallContext), Error<O::Error>> {
        let span = span::call::<O, D>(&self.0.client);
        let mut context = self.context(span.clone());
        context.call_metrics = CallMetrics::start(self.0.client.metrics(), span::operation_name::<O>());
        // Pinned here, because this future is large. Without `pin!`, `instrument` would move it.
        let result = pin!(self.attempts::<D>(&mut context)).instrument(span).await;
        match result {
            Ok(output) => {
                context.call_metrics.succeed();
                Ok((output, context))
            }
            Err(kind) => {
                context.record_error(&kind);
                Err(context.into_error::<O>(kind))
            }
        }
    }
}
