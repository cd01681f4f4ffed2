//! A decoder of event streams for other HTTP clients.

use bytes::Bytes;
use invoke_model_client::{Client, OperationVisitor, visit_operation};
use invoke_model_protocol::event_stream::{Decoder, EventStream, HeaderValue, Kind, Message};
use invoke_model_protocol::{ErrorMetadata, InputEventStream, Operation, OutputEventStream, delivery};
use pyo3::buffer::PyBuffer;
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;
use pyo3::types::{PyBytes, PyDict};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::convert::to_python;
use crate::errors;

/// Decodes the body of a response into events.
///
/// `feed` takes the next bytes, in chunks of any size, and returns the events that are complete. Call `finish` at the
/// end of the body. With the name of an operation, an event is a dictionary, as in the streams of a client. Without
/// it, an event is a tuple of the headers and the payload of a message.
///
/// An exception that the service sends in the stream raises an `EventStreamError`. An invalid or incomplete message
/// raises a `ParserError`. Events before them are returned first.
#[pyclass(module = "invoke_model")]
pub(crate) struct EventStreamDecoder {
    decoder: Decoder,
    /// The number of bytes of the stream that have arrived.
    received: u64,
    stream: Stream,
    /// The exception that ended the stream. All later calls raise it.
    failed: Option<PyErr>,
    is_finished: bool,
}

/// Converts the messages of a stream.
#[derive(Clone, Copy)]
pub(crate) struct Stream {
    operation: &'static str,
    convert: fn(Python<'_>, &Message) -> Converted,
}

/// An event, or `None` if the message is not an event of the model.
pub(crate) type Converted = Result<Option<Py<PyAny>>, Failure>;

/// The reason why a message has no event.
pub(crate) enum Failure {
    /// The service sent an exception.
    Exception,
    /// The message does not match the model.
    Invalid(String),
    Python(PyErr),
}

impl From<PyErr> for Failure {
    fn from(error: PyErr) -> Self {
        Self::Python(error)
    }
}

impl Stream {
    /// Returns the stream of an operation. Accepts the name in the model, and the name of the method.
    pub(crate) fn of_operation(name: &str) -> PyResult<Self> {
        let plain = |name: &str| name.replace('_', "").to_ascii_lowercase();
        let names = Client::operation_names();
        let found = names.iter().find(|known| plain(known) == plain(name));
        if let Some(stream) = found.and_then(|name| visit_operation(name, FindStream)).flatten() {
            return Ok(stream);
        }
        let has_stream = |name: &&&str| visit_operation(name, FindStream).flatten().is_some();
        let known: Vec<_> = names.iter().filter(has_stream).copied().collect();
        let text = format!("operation: `{name}` has no event stream; known operations: {}", known.join(", "));
        Err(PyValueError::new_err(text))
    }

    /// Returns the event of a message.
    pub(crate) fn convert(&self, py: Python<'_>, message: &Message) -> Converted {
        (self.convert)(py, message)
    }
}

impl EventStreamDecoder {
    /// Decodes the next message, and adds its event to `events`. Returns `false` if the message is incomplete.
    fn next(&mut self, py: Python<'_>, events: &mut Vec<Py<PyAny>>) -> PyResult<bool> {
        let start = self.decoder.offset();
        let at = |problem: &dyn std::fmt::Display| format!("byte {start} of the stream: {problem}");
        let decoded = self.decoder.decode().map_err(|error| errors::invalid_frame(py, &at(&error)))?;
        let Some(message) = decoded else { return Ok(false) };
        match self.stream.convert(py, &message) {
            Ok(event) => events.extend(event),
            Err(Failure::Exception) => {
                let operation = self.stream.operation;
                let metadata = ErrorMetadata::from_message(&message);
                return Err(errors::of_stream(py, operation, &message, &metadata, &at(&metadata)));
            }
            Err(Failure::Invalid(problem)) => return Err(errors::invalid_frame(py, &at(&problem))),
            Err(Failure::Python(error)) => return Err(error),
        }
        Ok(true)
    }

    fn check(&self, py: Python<'_>) -> PyResult<()> {
        match &self.failed {
            Some(error) => Err(error.clone_ref(py)),
            None if self.is_finished => {
                Err(PyValueError::new_err("the decoder has finished: create a decoder for each response"))
            }
            None => Ok(()),
        }
    }
}

#[pymethods]
impl EventStreamDecoder {
    #[new]
    #[pyo3(signature = (operation=None))]
    fn new(operation: Option<&str>) -> PyResult<Self> {
        let stream = match operation {
            Some(name) => Stream::of_operation(name)?,
            None => Stream { operation: "unknown", convert: raw },
        };
        Ok(Self { decoder: Decoder::new(), received: 0, stream, failed: None, is_finished: false })
    }

    /// Adds the next bytes, and returns the events that are complete.
    fn feed(&mut self, py: Python<'_>, data: &Bound<'_, PyAny>) -> PyResult<Vec<Py<PyAny>>> {
        self.check(py)?;
        let data = bytes(data)?;
        self.received += data.len() as u64;
        self.decoder.push_bytes(data);
        let mut events = Vec::new();
        loop {
            match self.next(py, &mut events) {
                Ok(true) => {}
                Ok(false) => return Ok(events),
                Err(error) => {
                    self.failed = Some(error.clone_ref(py));
                    return if events.is_empty() { Err(error) } else { Ok(events) };
                }
            }
        }
    }

    /// Checks that the stream did not end inside of a message.
    fn finish(&mut self, py: Python<'_>) -> PyResult<()> {
        self.check(py)?;
        self.is_finished = true;
        self.decoder.finish().map_err(|error| {
            let error = errors::invalid_frame(py, &format!("byte {} of the stream: {error}", self.received));
            self.failed = Some(error.clone_ref(py));
            error
        })
    }

    /// The number of bytes of the messages that were decoded.
    #[getter]
    fn offset(&self) -> u64 {
        self.decoder.offset()
    }
}

/// Returns the bytes of a chunk. Does not copy `bytes`, because they never change.
fn bytes(data: &Bound<'_, PyAny>) -> PyResult<Bytes> {
    if let Ok(bytes) = data.cast::<PyBytes>() {
        return Ok(Bytes::from_owner(PyBackedBytes::from(bytes.clone())));
    }
    match PyBuffer::<u8>::get(data) {
        Ok(buffer) => Ok(buffer.to_vec(data.py())?.into()),
        Err(_) => {
            let text = format!("data: expected bytes, not {}", data.get_type().name()?);
            Err(PyTypeError::new_err(text))
        }
    }
}

/// Returns a message as a tuple of its headers and its payload.
fn raw(py: Python<'_>, message: &Message) -> Converted {
    if let Ok(Kind::Exception(_) | Kind::Error) = Kind::of(message) {
        return Err(Failure::Exception);
    }
    Ok(Some(parts(py, message)?.into_pyobject(py)?.into_any().unbind()))
}

/// Returns the headers and the payload of a message.
pub(crate) fn parts<'py>(
    py: Python<'py>,
    message: &Message,
) -> PyResult<(Bound<'py, PyDict>, Bound<'py, PyBytes>)> {
    Ok((headers(py, message)?, PyBytes::new(py, message.payload())))
}

/// Returns the headers of a message. Keeps the first value of a repeated header.
fn headers<'py>(py: Python<'py>, message: &Message) -> PyResult<Bound<'py, PyDict>> {
    let headers = PyDict::new(py);
    for (name, value) in message.headers() {
        if headers.contains(name)? {
            continue;
        }
        match value {
            HeaderValue::Boolean(value) => headers.set_item(name, value)?,
            HeaderValue::Byte(value) => headers.set_item(name, value)?,
            HeaderValue::Short(value) => headers.set_item(name, value)?,
            HeaderValue::Integer(value) => headers.set_item(name, value)?,
            HeaderValue::Long(value) | HeaderValue::Timestamp(value) => headers.set_item(name, value)?,
            HeaderValue::ByteArray(value) => headers.set_item(name, PyBytes::new(py, value))?,
            HeaderValue::Uuid(value) => headers.set_item(name, PyBytes::new(py, &value))?,
            HeaderValue::String(value) => headers.set_item(name, value)?,
        }
    }
    Ok(headers)
}

/// Returns an event of an operation as a dictionary.
fn event<E: EventStream + Serialize>(py: Python<'_>, message: &Message) -> Converted {
    match E::parse(message) {
        Ok(Ok(event)) => Ok(crate::events::dictionary(to_python(py, &event)?)?),
        Ok(Err(_)) => Err(Failure::Exception),
        Err(error) => Err(Failure::Invalid(error.to_string())),
    }
}

/// Finds the events of an operation.
struct FindStream;

fn stream<O: OutputEventStream>() -> Option<Stream>
where
    O::Events: Serialize,
{
    Some(Stream { operation: O::NAME, convert: event::<O::Events> })
}

impl OperationVisitor for FindStream {
    type Output = Option<Stream>;

    fn visit_output<O>(self) -> Option<Stream>
    where
        O: Operation<Delivery = delivery::Buffered>,
        O::Input: DeserializeOwned,
        O::Output: Serialize,
    {
        None
    }

    fn visit_event_stream<O>(self) -> Option<Stream>
    where
        O: OutputEventStream<Delivery = delivery::Streaming>,
        O::Input: DeserializeOwned,
        O::Output: Serialize + Send,
        O::Events: Serialize,
    {
        stream::<O>()
    }

    fn visit_bidirectional<O>(self) -> Option<Stream>
    where
        O: InputEventStream + OutputEventStream<Delivery = delivery::Bidirectional>,
        O::Input: DeserializeOwned,
        O::Output: Serialize + Send,
        <O as InputEventStream>::Events: DeserializeOwned + Send,
        <O as OutputEventStream>::Events: Serialize,
    {
        stream::<O>()
    }
}
