//! Calls that send and receive events at the same time.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use invoke_model_client::{Error, ErrorKind, EventSender, Metadata, ResponseFuture, TransportErrorKind};
use invoke_model_protocol::{InputEventStream, OutputEventStream};
use pyo3::exceptions::{PyRuntimeError, PyValueError};
use pyo3::prelude::*;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::Mutex;

use crate::blob::Blobs;
use crate::convert::from_python;
use crate::events::{Batch, Receiver, TypedReceiver};
use crate::failover::RespondingTarget;
use crate::operation::ProcessClient;
use crate::queue::Queue;
use crate::reply;
use crate::runtime::{Job, Outcome, outcome};

/// The input of a call. The Python class `AsyncBidirectionalStream` wraps it.
#[pyclass(frozen, module = "invoke_model._native")]
pub(crate) struct InputEvents {
    /// Always set, except during the drop in a forked process.
    input: Option<Box<dyn Input>>,
    /// The process in which the call was made.
    pid: u32,
}

/// An [`EventSender`] of any operation.
trait Input: Send + Sync {
    /// Converts an event, and returns the job that sends it.
    fn send(&self, event: &Bound<'_, PyAny>) -> PyResult<Job>;
    /// Returns the job that closes the input.
    fn close(&self) -> Job;
    /// Cancels the call, if no job is sending an event and the input is open.
    fn cancel(&self);
}

/// The sender of a call, which is `None` after the input was closed. Jobs lock it in the order in which they start,
/// so several tasks can send events.
struct TypedInput<O: InputEventStream> {
    sender: Arc<Mutex<Option<EventSender<O>>>>,
    process_client: Arc<ProcessClient>,
}

impl<O: InputEventStream> TypedInput<O> {
    fn finished(process_client: &Arc<ProcessClient>, result: Result<(), Error>) -> Outcome {
        match result {
            Ok(()) => outcome(|py| Ok(py.None())),
            Err(error) => {
                let process_client = process_client.clone();
                outcome(move |py| Err(process_client.exception(py, &error)))
            }
        }
    }
}

impl<O: InputEventStream> Input for TypedInput<O>
where
    O::Events: DeserializeOwned + Send,
{
    fn send(&self, event: &Bound<'_, PyAny>) -> PyResult<Job> {
        let event = from_python::<O::Events>(event, None, Blobs::All)?.value;
        let (sender, process_client) = (self.sender.clone(), self.process_client.clone());
        Ok(Box::pin(async move {
            match &mut *sender.lock().await {
                Some(sender) => Self::finished(&process_client, sender.send(event).await),
                None => outcome(|_| Err(PyValueError::new_err("the input of the stream is closed"))),
            }
        }))
    }

    fn close(&self) -> Job {
        let (sender, process_client) = (self.sender.clone(), self.process_client.clone());
        Box::pin(async move {
            let sender = sender.lock().await.take();
            match sender {
                Some(sender) => Self::finished(&process_client, closed(sender.close().await)),
                None => outcome(|py| Ok(py.None())),
            }
        })
    }

    fn cancel(&self) {
        if let Ok(mut sender) = self.sender.try_lock() {
            *sender = None;
        }
    }
}

/// Returns the result of closing an input. A service that has stopped reading does not need the end of the input, for
/// example after the last event of a session. If the service has failed, the response contains the reason.
fn closed(result: Result<(), Error>) -> Result<(), Error> {
    match result {
        Err(error) => match error.kind() {
            ErrorKind::Transport(cause) if cause.kind() == TransportErrorKind::RequestBodyIncomplete => {
                Ok(())
            }
            _ => Err(error),
        },
        Ok(()) => Ok(()),
    }
}

impl InputEvents {
    pub(crate) fn new<O: InputEventStream>(sender: EventSender<O>, process_client: Arc<ProcessClient>) -> Self
    where
        O::Events: DeserializeOwned + Send,
    {
        let input = TypedInput { sender: Arc::new(Mutex::new(Some(sender))), process_client };
        Self { input: Some(Box::new(input)), pid: std::process::id() }
    }

    fn input(&self) -> PyResult<&dyn Input> {
        let input = self.input.as_deref().filter(|_| self.pid == std::process::id());
        input.ok_or_else(|| {
            PyRuntimeError::new_err(
                "the stream belongs to the parent process: make a new call in the child process",
            )
        })
    }
}

impl Drop for InputEvents {
    fn drop(&mut self) {
        // The runtime of the call exists only in the parent process.
        if self.pid != std::process::id() {
            std::mem::forget(self.input.take());
        }
    }
}

#[pymethods]
impl InputEvents {
    /// Starts to send an event. Returns the id of the job in the queue.
    fn start_send(&self, event: &Bound<'_, PyAny>, queue: &Queue, future: Py<PyAny>) -> PyResult<u64> {
        queue.start(future, self.input()?.send(event)?)
    }

    /// Starts to close the input. Returns the id of the job in the queue.
    fn start_close(&self, queue: &Queue, future: Py<PyAny>) -> PyResult<u64> {
        queue.start(future, self.input()?.close())
    }

    /// Cancels the call, unless the input was closed. A job that is sending an event ends when the response is closed.
    fn cancel(&self) -> PyResult<()> {
        self.input().map(Input::cancel)
    }
}

/// The response of a call whose head may not have arrived yet.
pub(crate) struct BidirectionalReceiver<O: OutputEventStream> {
    state: State<O>,
    /// The target that responded. Part of the head.
    target: Option<RespondingTarget>,
    /// Creates the dictionary of the response without its events.
    head: Option<Outcome>,
}

enum State<O: OutputEventStream> {
    Waiting(Box<ResponseFuture<O>>),
    Receiving(Box<TypedReceiver<O>>),
}

impl<O: OutputEventStream> BidirectionalReceiver<O>
where
    O::Output: Serialize + Send,
{
    pub(crate) fn new(response: ResponseFuture<O>, target: Option<RespondingTarget>) -> Self {
        Self { state: State::Waiting(Box::new(response)), target, head: None }
    }

    /// Waits for the head of the response, and returns the receiver of its events.
    fn poll_receiver(&mut self, cx: &mut Context<'_>) -> Poll<Result<&mut TypedReceiver<O>, Error>> {
        if let State::Waiting(response) = &mut self.state {
            let response = ready!(Pin::new(response).poll(cx))?;
            let (output, metadata) = (response.output, response.events.metadata());
            let target = self.target.take();
            self.head = Some(outcome(move |py| {
                Ok(reply::dict(py, &output, &metadata, target.as_ref())?.into_any().unbind())
            }));
            self.state = State::Receiving(Box::new(TypedReceiver::new(response.events)));
        }
        match &mut self.state {
            State::Receiving(receiver) => Poll::Ready(Ok(receiver)),
            State::Waiting(_) => Poll::Pending,
        }
    }
}

impl<O: OutputEventStream> Receiver for BidirectionalReceiver<O>
where
    O::Events: Serialize,
    O::Output: Serialize + Send,
{
    fn poll_head(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Outcome>, Error>> {
        ready!(self.poll_receiver(cx))?;
        Poll::Ready(Ok(self.head.take()))
    }

    fn poll_batch(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Batch, Error>>> {
        match ready!(self.poll_receiver(cx)) {
            Ok(receiver) => receiver.poll_batch(cx),
            Err(error) => Poll::Ready(Some(Err(error))),
        }
    }

    fn metadata(&self) -> Option<Metadata> {
        match &self.state {
            State::Waiting(_) => None,
            State::Receiving(receiver) => receiver.metadata(),
        }
    }
}
