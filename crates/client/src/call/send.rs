//! Sends a call.

use invoke_model_protocol::{Operation, PayloadOutput};

use super::attempts::Attempts;
use super::output::{CallOutput, Chunks, Delivery, StreamingBodyOutput, parser};
use super::{Call, OperationDescription, Settings, span};
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
        self.deliver::<O::Delivery>().await.map(|(output, _)| output).map_err(Error::of_operation)
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
        let (output, context) = self.deliver::<O::Delivery>().await.map_err(Error::of_operation)?;
        Ok((output, context.into_metadata()))
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
        self.deliver::<Chunks>().await.map(|(output, _)| output).map_err(Error::of_operation)
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
        let (output, context) = self.deliver::<Chunks>().await.map_err(Error::of_operation)?;
        Ok((output, context.into_metadata()))
    }

    /// Sends the call, and returns the error of any operation.
    pub(crate) async fn deliver<D: Delivery<O>>(mut self) -> Result<(D::Output, CallContext), Error> {
        let settings = &mut self.0.settings;
        let (timer, retries) = (settings.timeouts.start(), settings.retries);
        let mut context = settings.start(OperationDescription::of::<O>(), D::BODY_MODE.is_stream());
        let span = context.span.clone();
        let prepared = match span.in_scope(|| self.prepare(&mut context)) {
            Ok(prepared) => prepared,
            Err(kind) => return Err(context.fail(kind)),
        };
        let mut parsed = None;
        let result = {
            let mut parse = parser::<O>(&mut parsed);
            let (body_mode, context, parse) = (D::BODY_MODE, &mut context, &mut parse);
            let mut attempts = Attempts { prepared, timer, retries, body_mode, context, parse };
            attempts.send::<D::Received>().await
        };
        match result {
            Ok(received) => {
                let output = D::output(parsed, received, &mut context);
                context.call_metrics.succeed();
                Ok((output, context))
            }
            Err(kind) => Err(context.fail(kind)),
        }
    }
}

impl Settings {
    /// Starts the span and the metrics of a call, and creates its state.
    fn start(&mut self, operation: &'static OperationDescription, is_stream: bool) -> CallContext {
        let mut context = self.context(operation, span::call(&self.client, operation, is_stream));
        context.call_metrics = CallMetrics::start(self.client.metrics(), operation.gen_ai_name);
        context
    }
}
