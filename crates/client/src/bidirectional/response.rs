//! The response of a call whose request is still being sent.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use invoke_model_protocol::{Operation, OutputEventStream};
use invoke_model_transport::{TransportError, TransportErrorKind};
use tokio::sync::oneshot;
use tokio::task::AbortHandle;

use super::link::{Link, RESPONSE_DROPPED};
use crate::call::EventStreamOutput;
use crate::call_context::CallContext;
use crate::error::{Error, ErrorKind};

/// The response of a call of operation `O`. The request of the call is still being sent.
///
/// The future resolves to the output when the head of the response arrives. Some models respond only after
/// the first events. Therefore send the first events before you await the response, or do both at the same
/// time.
///
/// A background task waits for the head. Therefore the timeouts of the call also expire if this future is not
/// polled. The timeout [`first_byte`](crate::TimeoutConfig::first_byte) starts when the input is closed.
///
/// Dropping the future before it is ready cancels the call.
#[must_use = "dropping the response cancels the call"]
pub struct ResponseFuture<O: OutputEventStream> {
    result: oneshot::Receiver<ResponseResult<O>>,
    /// `None` after the response has arrived.
    pending: Option<Pending>,
    context: CallContext,
}

pub(crate) type ResponseResult<O> = Result<EventStreamOutput<O>, Error<<O as Operation>::Error>>;

/// The task that waits for the response.
struct Pending {
    task: AbortHandle,
    link: Arc<Link>,
}

impl<O: OutputEventStream> ResponseFuture<O> {
    /// Creates the future of a response that has arrived.
    pub(crate) fn ready(output: EventStreamOutput<O>, context: CallContext) -> Self {
        let (sender, result) = oneshot::channel();
        // `send` cannot fail, because the receiver exists.
        let _ = sender.send(Ok(output));
        Self { result, pending: None, context }
    }

    /// Waits for the response in a background task.
    pub(crate) fn spawn<F>(waiting: F, link: Arc<Link>, context: CallContext) -> Self
    where
        F: Future<Output = ResponseResult<O>> + Send + 'static,
    {
        let (sender, result) = oneshot::channel();
        let task = tokio::spawn(async move {
            // `send` fails if the caller has dropped the response. Then the output is dropped.
            let _ = sender.send(waiting.await);
        });
        Self { result, pending: Some(Pending { task: task.abort_handle(), link }), context }
    }
}

impl<O: OutputEventStream> Future for ResponseFuture<O> {
    type Output = ResponseResult<O>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<ResponseResult<O>> {
        let result = ready!(Pin::new(&mut self.result).poll(cx));
        // From now on, dropping the receiver in the output cancels the call.
        self.pending = None;
        Poll::Ready(result.unwrap_or_else(|_| {
            let message = "the task of the call panicked, or its runtime was shut down";
            let error = TransportError::new(TransportErrorKind::Send, message);
            Err(self.context.input_error(ErrorKind::Transport(error)))
        }))
    }
}

impl<O: OutputEventStream> Drop for ResponseFuture<O> {
    fn drop(&mut self) {
        if let Some(Pending { task, link }) = self.pending.take() {
            link.cancel(RESPONSE_DROPPED);
            task.abort();
        }
    }
}

impl<O: OutputEventStream> fmt::Debug for ResponseFuture<O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").field("operation", &O::NAME).finish_non_exhaustive()
    }
}
