//! Decodes the event streams of botocore.

use std::sync::{Mutex, PoisonError};

use invoke_model_client::{Bytes, OperationVisitor, visit_operation};
use invoke_model_protocol::event_stream::{
    Decoder, EventStream, FrameError, FrameErrorKind, HeaderValue, Message,
};
use invoke_model_protocol::{InputEventStream, Operation, OutputEventStream, delivery};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;
use pyo3::types::{PyBytes, PyDict, PyList};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::convert::to_python;

/// Converts a message into an event. Returns `None` if botocore must parse the message: an exception, an unknown
/// event, or an event that is not valid.
type Convert = for<'py> fn(Python<'py>, &Message) -> PyResult<Option<Bound<'py, PyAny>>>;

/// A decoder of the event stream of an operation.
#[pyclass(frozen, module = "invoke_model._native")]
pub(crate) struct EventDecoder {
    decoder: Mutex<Decoder>,
    convert: Convert,
}

/// The problem of an invalid frame: a text, and the expected and the computed checksum if they differ.
type Problem = (String, Option<(u32, u32)>);

#[pymethods]
impl EventDecoder {
    #[new]
    fn new(operation: &str) -> PyResult<Self> {
        let none = || PyValueError::new_err(format!("`{operation}` has no event stream"));
        let convert = visit_operation(operation, Converter).flatten().ok_or_else(none)?;
        Ok(Self { decoder: Mutex::new(Decoder::new()), convert })
    }

    /// Adds bytes. Returns the events that are complete, and the problem of an invalid frame after them.
    ///
    /// An event is a dictionary. If botocore must parse a message, the event is a tuple of its headers and its
    /// payload instead.
    fn decode<'py>(
        &self,
        py: Python<'py>,
        chunk: PyBackedBytes,
    ) -> PyResult<(Bound<'py, PyList>, Option<Problem>)> {
        let mut decoder = self.decoder.lock().unwrap_or_else(PoisonError::into_inner);
        decoder.push_bytes(Bytes::from_owner(chunk));
        let events = PyList::empty(py);
        loop {
            let message = match decoder.decode() {
                Ok(Some(message)) => message,
                Ok(None) => return Ok((events, None)),
                Err(error) => return Ok((events, Some(problem(&error)))),
            };
            match (self.convert)(py, &message)? {
                Some(event) => events.append(event)?,
                None => events.append((headers(py, &message)?, PyBytes::new(py, message.payload())))?,
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

fn headers<'py>(py: Python<'py>, message: &Message) -> PyResult<Bound<'py, PyDict>> {
    let dict = PyDict::new(py);
    for (name, value) in message.headers() {
        match value {
            HeaderValue::Boolean(value) => dict.set_item(name, value)?,
            HeaderValue::Byte(value) => dict.set_item(name, value)?,
            HeaderValue::Short(value) => dict.set_item(name, value)?,
            HeaderValue::Integer(value) => dict.set_item(name, value)?,
            HeaderValue::Long(value) | HeaderValue::Timestamp(value) => dict.set_item(name, value)?,
            HeaderValue::ByteArray(value) => dict.set_item(name, PyBytes::new(py, value))?,
            HeaderValue::String(value) => dict.set_item(name, value)?,
            HeaderValue::Uuid(value) => dict.set_item(name, PyBytes::new(py, &value))?,
        }
    }
    Ok(dict)
}

/// The visitor that returns the function that converts the events of an operation.
struct Converter;

fn convert<'py, O: OutputEventStream>(
    py: Python<'py>,
    message: &Message,
) -> PyResult<Option<Bound<'py, PyAny>>>
where
    O::Events: Serialize,
{
    let Ok(Ok(event)) = O::Events::parse(message) else { return Ok(None) };
    let event = to_python(py, &event)?;
    let is_unknown = event.cast::<PyDict>()?.contains(pyo3::intern!(py, "SDK_UNKNOWN_MEMBER"))?;
    Ok((!is_unknown).then_some(event))
}

impl OperationVisitor for Converter {
    type Output = Option<Convert>;

    fn visit_output<O>(self) -> Option<Convert>
    where
        O: Operation<Delivery = delivery::Buffered>,
        O::Input: DeserializeOwned,
        O::Output: Serialize,
    {
        None
    }

    fn visit_event_stream<O>(self) -> Option<Convert>
    where
        O: OutputEventStream<Delivery = delivery::Streaming>,
        O::Input: DeserializeOwned,
        O::Output: Serialize + Send,
        O::Events: Serialize,
    {
        Some(convert::<O>)
    }

    fn visit_bidirectional<O>(self) -> Option<Convert>
    where
        O: InputEventStream + OutputEventStream<Delivery = delivery::Bidirectional>,
        O::Input: DeserializeOwned,
        O::Output: Serialize + Send,
        <O as InputEventStream>::Events: DeserializeOwned + Send,
        <O as OutputEventStream>::Events: Serialize,
    {
        None
    }
}
