//! The streaming body of a response.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::{Buf, Bytes};
use http_body::Body as _;
use invoke_model_client::{ResponseBody, TimeoutKind, TransportError, TransportErrorKind};
use pyo3::exceptions::PyOSError;
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use tokio::sync::Notify;
use tokio::time::timeout;

use crate::errors;
use crate::queue::Queue;
use crate::runtime::{self, Job, Outcome, outcome};
use crate::slot::{self, Slot, TakenStream, lock};

/// A streaming body. The Python classes `StreamingBody` and `AsyncStreamingBody` wrap it.
#[pyclass(frozen, module = "invoke_model._native")]
pub(crate) struct Body {
    slot: Slot<Reader>,
    origin: Origin,
    /// The timeout of the reads, if the program has set one.
    timeout: Mutex<Option<Duration>>,
    /// Ends a read in another thread.
    closed: Notify,
}

/// The facts about a call that the exception of its body contains.
#[derive(Clone, Debug)]
pub(crate) struct Origin {
    pub(crate) endpoint_url: Arc<str>,
    pub(crate) request_id: Option<String>,
    pub(crate) attempts: u32,
}

/// The maximum length of a body that may be read while the caller keeps the global interpreter lock.
const SHORT: usize = 16 * 1024;

/// The kind and the text of a failure. The kind is that of [`errors::transport_kind`].
type Failure = (&'static str, String);

fn failure(error: &TransportError) -> Failure {
    (errors::transport_kind(error), error.to_string())
}

/// The number of bytes that are read at once from a body of unknown length.
const PART: usize = 256 * 1024;

/// A body, and the rest of the last chunk that was read from it.
struct Reader {
    body: ResponseBody,
    rest: Bytes,
    timeout: Option<Duration>,
}

impl Reader {
    /// Returns the next part of the body with at most `limit` bytes. Returns `None` at the end.
    async fn next(&mut self, limit: usize) -> Result<Option<Bytes>, TransportError> {
        while self.rest.is_empty() {
            let chunk = self.body.chunk();
            let chunk = match self.timeout {
                Some(limit) => {
                    timeout(limit, chunk).await.map_err(|_| TransportErrorKind::Timeout(TimeoutKind::Idle))?
                }
                None => chunk.await,
            };
            match chunk? {
                Some(chunk) => self.rest = chunk,
                None => return Ok(None),
            }
        }
        Ok(Some(self.rest.split_to(self.rest.len().min(limit))))
    }

    /// Returns the number of bytes until the end, if the response states it.
    fn remaining(&self) -> Option<usize> {
        let exact = usize::try_from(self.body.size_hint().exact()?).ok()?;
        // An object of Python cannot be larger.
        exact.checked_add(self.rest.remaining()).filter(|length| isize::try_from(*length).is_ok())
    }
}

impl Body {
    pub(crate) fn new(body: ResponseBody, origin: Origin) -> Self {
        let reader = Reader { body, rest: Bytes::new(), timeout: None };
        Self { slot: Slot::new(reader), origin, timeout: Mutex::default(), closed: Notify::new() }
    }

    /// Takes the body. Returns `None` after its end.
    fn take(&self) -> PyResult<Option<TakenStream<Reader>>> {
        let mut taken = self.slot.take()?;
        if let Some(taken) = &mut taken {
            taken.get().timeout = *lock(&self.timeout);
        }
        Ok(taken)
    }

    /// Returns a job that reads up to `limit` bytes, or the complete rest.
    fn job(&self, limit: Option<usize>) -> PyResult<Job> {
        let taken = self.take()?;
        let origin = self.origin.clone();
        Ok(Box::pin(async move {
            let Some(taken) = taken else { return object(Vec::new()) };
            match read(taken, limit.unwrap_or(usize::MAX), false).await {
                (parts, None) => object(parts),
                // Dropping the stream closes it, so a further read fails instead of returning the end.
                (_, Some((_, error))) => outcome(move |py| Err(errors::of_body(py, &error, &origin))),
            }
        }))
    }

    fn exception(&self, py: Python<'_>, error: &TransportError) -> PyErr {
        errors::of_body(py, error, &self.origin)
    }

    /// Reads up to `limit` bytes. `some` and the result are those of `read_before_failure`.
    fn read_part(&self, py: Python<'_>, limit: usize, some: bool) -> PyResult<(Py<PyAny>, Option<Failure>)> {
        // This future also completes if another thread closes the body before the future is polled.
        let closed = self.closed.notified();
        let Some(taken) = self.take()? else { return Ok((object(Vec::new())(py)?, None)) };
        let read = Box::pin(async {
            let read = read(taken, limit, some);
            tokio::select! {
                biased;
                () = closed => (Vec::new(), None),
                read = read => read,
            }
        });
        let (parts, failed) = runtime::wait(py, read)?;
        let failed = failed.map(|(taken, error)| {
            // A further read returns the end, as in urllib3.
            taken.end();
            failure(&error)
        });
        Ok((object(parts)(py)?, failed))
    }

    /// Reads the complete rest. Returns the bytes before a failure, and the failure.
    fn read_rest(&self, py: Python<'_>) -> PyResult<(Py<PyAny>, Option<TransportError>)> {
        let Some(mut taken) = self.take()? else { return Ok((object(Vec::new())(py)?, None)) };
        if let Some(length) = taken.get().remaining().filter(|length| *length > 0) {
            return read_known(py, taken, length);
        }
        let result = self.read_growing(py, &mut taken);
        match result {
            Ok((_, None)) => taken.end(),
            // A further read fails instead of returning the end.
            _ => runtime::close_dropped(taken),
        }
        result
    }

    /// Reads a body of unknown length to its end. Returns the bytes before a failure, and the failure. A `BytesIO` contains
    /// the parts, because its buffer grows, and becomes the `bytes` object without a copy.
    ///
    /// The body stays taken between two parts, so that no other reader can take a part.
    ///
    /// # Errors
    /// Returns an exception if another thread closes the body, because the bytes would be incomplete.
    fn read_growing(
        &self,
        py: Python<'_>,
        taken: &mut TakenStream<Reader>,
    ) -> PyResult<(Py<PyAny>, Option<TransportError>)> {
        let mut buffer = None;
        loop {
            // This future also completes if another thread closes the body before the future is polled.
            let closed = self.closed.notified();
            taken.check_open()?;
            let read = Box::pin(async {
                tokio::select! {
                    biased;
                    () = closed => None,
                    read = read_parts(taken.get(), PART, false) => Some(read),
                }
            });
            let (parts, result) = runtime::wait(py, read)?.ok_or_else(slot::closed)?;
            let part = object(parts)(py)?;
            let failed = match result {
                Ok(false) => None,
                Ok(true) if buffer.is_none() => return Ok((part, None)),
                result => Some(result.err()),
            };
            let buffer = match &buffer {
                Some(buffer) => buffer,
                None => buffer.insert(py.import("io")?.call_method0("BytesIO")?),
            };
            buffer.call_method1("write", (part,))?;
            if let Some(failed) = failed {
                return Ok((buffer.call_method0("getvalue")?.unbind(), failed));
            }
        }
    }
}

/// Reads a body of known length into its `bytes` object, without another copy in memory. Returns the bytes before a
/// failure, and the failure.
fn read_known(
    py: Python<'_>,
    mut taken: TakenStream<Reader>,
    length: usize,
) -> PyResult<(Py<PyAny>, Option<TransportError>)> {
    let mut failed = None;
    let object = PyBytes::new_with(py, length, |buffer| {
        let reader = taken.get();
        let mut filled = 0;
        let mut read = Box::pin(async {
            while let Some(part) = reader.next(buffer.len() - filled).await? {
                if part.is_empty() {
                    break;
                }
                buffer[filled..filled + part.len()].copy_from_slice(&part);
                filled += part.len();
                if filled == buffer.len() {
                    // Reads the end, so that the connection can be used again.
                    reader.next(1).await?;
                    break;
                }
            }
            Ok::<_, TransportError>(())
        });
        // A short body has usually arrived together with the head of the response.
        let arrived = if length <= SHORT { runtime::poll(&mut read)? } else { None };
        arrived.map_or_else(|| runtime::wait(py, read), Ok)?.map_err(|error| {
            failed = Some((PyBytes::new(py, &buffer[..filled]).into_any().unbind(), error));
            PyOSError::new_err("the body is incomplete")
        })
    });
    match (object, failed) {
        (_, Some((read, error))) => Ok((read, Some(error))),
        (object, None) => {
            let object = object?;
            taken.end();
            Ok((object.into_any().unbind(), None))
        }
    }
}

/// Reads up to `left` bytes, or the first part if `some` is set. Returns the parts before a failure, and the failure with
/// the stream.
async fn read(
    mut taken: TakenStream<Reader>,
    left: usize,
    some: bool,
) -> (Vec<Bytes>, Option<(TakenStream<Reader>, TransportError)>) {
    let (parts, result) = read_parts(taken.get(), left, some).await;
    match result {
        Ok(true) => taken.end(),
        Ok(false) => taken.put_back(),
        Err(error) => return (parts, Some((taken, error))),
    }
    (parts, None)
}

/// Reads up to `left` bytes, or the first part if `some` is set. Returns the parts before a failure, and `true` at the end of
/// the body.
async fn read_parts(
    reader: &mut Reader,
    mut left: usize,
    some: bool,
) -> (Vec<Bytes>, Result<bool, TransportError>) {
    let mut parts = Vec::new();
    while left > 0 {
        match reader.next(left).await {
            Ok(Some(part)) => {
                left = if some { 0 } else { left - part.len() };
                parts.push(part);
            }
            Ok(None) => return (parts, Ok(true)),
            Err(error) => return (parts, Err(error)),
        }
    }
    (parts, Ok(false))
}

fn object(parts: Vec<Bytes>) -> Outcome {
    outcome(move |py| {
        let bytes = PyBytes::new_with(py, parts.iter().map(Bytes::len).sum(), |mut buffer| {
            for part in &parts {
                let (front, back) = buffer.split_at_mut(part.len());
                front.copy_from_slice(part);
                buffer = back;
            }
            Ok(())
        })?;
        Ok(bytes.into_any().unbind())
    })
}

impl Drop for Body {
    fn drop(&mut self) {
        self.slot.close().into_iter().for_each(runtime::close_dropped);
    }
}

#[pymethods]
impl Body {
    /// Reads up to `amt` bytes, or the complete rest.
    #[pyo3(signature = (amt=None))]
    fn read(&self, py: Python<'_>, amt: Option<usize>) -> PyResult<Py<PyAny>> {
        let Some(amt) = amt else {
            let (object, failed) = self.read_rest(py)?;
            return failed.map_or(Ok(object), |error| Err(self.exception(py, &error)));
        };
        runtime::run(py, self.job(Some(amt))?)
    }

    /// Reads up to `amt` bytes, or the complete rest. If `some` is set, returns the bytes that have arrived, and waits
    /// for at least one byte.
    ///
    /// Returns the bytes before a failure, and the failure. If another thread closes the body, a read of some bytes ends
    /// without bytes. A read of the complete rest then raises an exception or, if the response states its length, reads
    /// to the end.
    #[pyo3(signature = (amt=None, some=false))]
    fn read_before_failure(
        &self,
        py: Python<'_>,
        amt: Option<usize>,
        some: bool,
    ) -> PyResult<(Py<PyAny>, Option<Failure>)> {
        match amt {
            None if !some => {
                let (object, failed) = self.read_rest(py)?;
                Ok((object, failed.as_ref().map(failure)))
            }
            amt => self.read_part(py, amt.unwrap_or(usize::MAX), some),
        }
    }

    /// Limits the time that a read waits for bytes, in seconds. `None` removes the limit.
    fn set_timeout(&self, seconds: Option<f64>) -> PyResult<()> {
        *lock(&self.timeout) = seconds.map(|value| errors::seconds("timeout", value)).transpose()?;
        Ok(())
    }

    /// Starts a read for an event loop. Returns the id of the read in the queue.
    fn start_read(&self, queue: &Queue, future: Py<PyAny>, amt: Option<usize>) -> PyResult<u64> {
        queue.start(future, self.job(amt)?)
    }

    /// Closes the body and, if it was not read completely, its connection.
    fn close(&self, py: Python<'_>) -> PyResult<()> {
        self.closed.notify_waiters();
        match self.slot.close() {
            Some(reader) => runtime::close(py, reader),
            None => Ok(()),
        }
    }
}
