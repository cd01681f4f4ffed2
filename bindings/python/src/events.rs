//! The event stream of a response.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_core::Stream;
use invoke_model_client::{Error, EventReceiver, Metadata};
use invoke_model_protocol::OutputEventStream;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList};
use serde::Serialize;

use crate::convert::to_python;
use crate::operation::ProcessClient;
use crate::queue::Queue;
use crate::runtime::{self, Job, Outcome, outcome};
use crate::slot::Slot;

/// The maximum number of events that one read returns. Several small events often arrive in one packet, and one
/// read of all these events is faster than a read for each event.
const MAX_BATCH: usize = 64;

/// An event stream. The Python classes `EventStream` and `AsyncEventStream` wrap it.
#[pyclass(frozen, module = "invoke_model._native")]
pub(crate) struct Events {
    slot: Slot<Box<dyn Receiver>>,
    process_client: Arc<ProcessClient>,
}

/// Events that have arrived, before their conversion into dictionaries.
pub(crate) type Batch = Box<dyn FnOnce(Python<'_>) -> PyResult<Vec<Py<PyAny>>> + Send>;

/// An [`EventReceiver`] of any operation.
pub(crate) trait Receiver: Send {
    /// Waits for the head of the response. Returns the function that creates its dictionary, or `None` if the call
    /// has already returned it.
    fn poll_head(&mut self, _cx: &mut Context<'_>) -> Poll<Result<Option<Outcome>, Error>> {
        Poll::Ready(Ok(None))
    }
    /// Returns the events that have arrived, or waits for the next event. Returns `None` at the end.
    fn poll_batch(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Batch, Error>>>;
    /// Returns the metadata of the call, or `None` before the head of the response.
    fn metadata(&self) -> Option<Metadata>;
}

/// A receiver, and the error after the events of the last batch.
pub(crate) struct TypedReceiver<O: OutputEventStream> {
    receiver: EventReceiver<O>,
    failed: Option<Error>,
}

impl<O: OutputEventStream> TypedReceiver<O> {
    pub(crate) fn new(receiver: EventReceiver<O>) -> Self {
        Self { receiver, failed: None }
    }
}

impl<O: OutputEventStream> Receiver for TypedReceiver<O>
where
    O::Events: Serialize,
{
    fn poll_batch(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Batch, Error>>> {
        if let Some(error) = self.failed.take() {
            return Poll::Ready(Some(Err(error)));
        }
        let mut events = Vec::new();
        while events.len() < MAX_BATCH {
            match Pin::new(&mut self.receiver).poll_next(cx) {
                Poll::Ready(Some(Ok(event))) => events.push(event),
                Poll::Ready(Some(Err(error))) if events.is_empty() => {
                    return Poll::Ready(Some(Err(error.into())));
                }
                Poll::Ready(Some(Err(error))) => {
                    self.failed = Some(error.into());
                    break;
                }
                Poll::Ready(None) if events.is_empty() => return Poll::Ready(None),
                Poll::Pending if events.is_empty() => return Poll::Pending,
                Poll::Ready(None) | Poll::Pending => break,
            }
        }
        Poll::Ready(Some(Ok(Box::new(move |py| dictionaries(py, &events)))))
    }

    fn metadata(&self) -> Option<Metadata> {
        Some(self.receiver.metadata())
    }
}

/// Converts events into dictionaries. Skips events that are not in the model, as botocore does.
fn dictionaries(py: Python<'_>, events: &[impl Serialize]) -> PyResult<Vec<Py<PyAny>>> {
    let mut dictionaries = Vec::with_capacity(events.len());
    for event in events {
        dictionaries.extend(dictionary(to_python(py, event)?)?);
    }
    Ok(dictionaries)
}

/// Returns the dictionary of an event, or `None` if the event is not in the model.
pub(crate) fn dictionary(event: Bound<'_, PyAny>) -> PyResult<Option<Py<PyAny>>> {
    let unknown = pyo3::intern!(event.py(), "SDK_UNKNOWN_MEMBER");
    let is_known = !event.cast::<PyDict>()?.contains(unknown)?;
    Ok(is_known.then(|| event.unbind()))
}

impl Events {
    pub(crate) fn new(receiver: impl Receiver + 'static, process_client: Arc<ProcessClient>) -> Self {
        Self { slot: Slot::new(Box::new(receiver)), process_client }
    }

    /// Returns a job that waits for the head of the response. Its outcome is the dictionary of the response without
    /// the events, or `None` if the head was returned before.
    fn head_job(&self) -> PyResult<Job> {
        let taken = self.slot.take()?;
        let process_client = self.process_client.clone();
        Ok(Box::pin(async move {
            let Some(mut taken) = taken else { return outcome(|py| Ok(py.None())) };
            let head = poll_fn(|cx| taken.get().poll_head(cx)).await;
            match head {
                Ok(head) => {
                    taken.put_back();
                    head.unwrap_or_else(|| outcome(|py| Ok(py.None())))
                }
                Err(error) => {
                    taken.end();
                    outcome(move |py| Err(process_client.exception(py, &error)))
                }
            }
        }))
    }

    /// Returns a job that reads the events that have arrived, or waits for the next event. Its outcome is that of
    /// `next_batch`.
    fn job(&self) -> PyResult<Job> {
        let taken = self.slot.take()?;
        let process_client = self.process_client.clone();
        Ok(Box::pin(async move {
            let Some(mut taken) = taken else { return outcome(|py| Ok(py.None())) };
            let batch = poll_fn(|cx| taken.get().poll_batch(cx)).await;
            match batch {
                Some(Ok(batch)) => {
                    taken.put_back();
                    outcome(move |py| Ok(PyList::new(py, batch(py)?)?.into_any().unbind()))
                }
                Some(Err(error)) => {
                    taken.end();
                    outcome(move |py| Err(process_client.exception(py, &error)))
                }
                None => {
                    let metadata = taken.get().metadata();
                    taken.end();
                    outcome(move |py| Ok(to_python(py, &metadata)?.unbind()))
                }
            }
        }))
    }
}

impl Drop for Events {
    fn drop(&mut self) {
        self.slot.close().into_iter().for_each(runtime::close_dropped);
    }
}

#[pymethods]
impl Events {
    /// Returns a list of the events that have arrived, and waits for at least one event. At the end of the stream,
    /// returns a dictionary with the metadata of the call, and then `None`.
    fn next_batch(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        runtime::run(py, self.job()?)
    }

    /// Starts `next_batch` for an event loop. Returns the id of the read in the queue.
    fn start_next_batch(&self, queue: &Queue, future: Py<PyAny>) -> PyResult<u64> {
        queue.start(future, self.job()?)
    }

    /// Starts to wait for the head of the response for an event loop. Returns the id of the read in the queue.
    fn start_head(&self, queue: &Queue, future: Py<PyAny>) -> PyResult<u64> {
        queue.start(future, self.head_job()?)
    }

    /// Closes the stream and, if it was not read completely, its connection.
    fn close(&self, py: Python<'_>) -> PyResult<()> {
        match self.slot.close() {
            Some(receiver) => runtime::close(py, receiver),
            None => Ok(()),
        }
    }
}
