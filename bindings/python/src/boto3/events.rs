//! Decodes the event streams of botocore.

use std::sync::{Mutex, PoisonError};

use invoke_model_client::Bytes;
use invoke_model_protocol::event_stream::{Decoder, FrameError, FrameErrorKind};
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;
use pyo3::types::PyList;

use crate::decoder::{self, Failure, Stream};

/// A decoder of the event stream of an operation.
#[pyclass(frozen, module = "invoke_model._native")]
pub(crate) struct EventDecoder {
    decoder: Mutex<Decoder>,
    stream: Stream,
}

/// The problem of an invalid frame: a text, and the expected and the computed checksum if they differ.
type Problem = (String, Option<(u32, u32)>);

#[pymethods]
impl EventDecoder {
    #[new]
    fn new(operation: &str) -> PyResult<Self> {
        Ok(Self { decoder: Mutex::new(Decoder::new()), stream: Stream::of_operation(operation)? })
    }

    /// Adds bytes. Returns the events that are complete, and the problem of an invalid frame after them.
    ///
    /// An event is a dictionary. For a message that botocore must parse, the event is a tuple of its headers and its
    /// payload: an exception, an unknown event, or an event that is not valid.
    fn decode<'py>(
        &self,
        py: Python<'py>,
        chunk: PyBackedBytes,
    ) -> PyResult<(Bound<'py, PyList>, Option<Problem>)> {
        let mut frames = self.decoder.lock().unwrap_or_else(PoisonError::into_inner);
        frames.push_bytes(Bytes::from_owner(chunk));
        let events = PyList::empty(py);
        loop {
            let message = match frames.decode() {
                Ok(Some(message)) => message,
                Ok(None) => return Ok((events, None)),
                Err(error) => return Ok((events, Some(problem(&error)))),
            };
            match self.stream.convert(py, &message) {
                Ok(Some(event)) => events.append(event)?,
                Ok(None) | Err(Failure::Exception | Failure::Invalid(_)) => {
                    events.append(decoder::parts(py, &message)?)?;
                }
                Err(Failure::Python(error)) => return Err(error),
            }
        }
    }
}

fn problem(error: &FrameError) -> Problem {
    let checksums = match error.kind() {
        FrameErrorKind::PreludeCrc { stated, computed } | FrameErrorKind::MessageCrc { stated, computed } => {
            Some((*stated, *computed))
        }
        _ => None,
    };
    (error.to_string(), checksums)
}
