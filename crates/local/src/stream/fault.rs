//! Faults that can be injected into a stream.

use invoke_model_protocol::ErrorMetadata;
use invoke_model_protocol::event_stream::{HeaderError, HeaderValue, Message};

use crate::service_error::ServiceError;

/// A fault that is injected into a stream after a number of events.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum StreamFault {
    /// Ends the stream with an error. A modeled error is sent as an `exception` frame. Any other error is sent
    /// as an `error` frame.
    Error(ServiceError),
    /// Inserts a message of any kind.
    Message(Message),
    /// Corrupts the CRC at the end of the next frame. If no frame follows, this fault has no effect.
    WrongChecksum,
    /// Sends only a given number of bytes of the following frames, and then closes the connection. The
    /// endpoint does not send the last chunk that would terminate the body (RFC 9112 section 7.1).
    Truncate {
        /// The number of bytes that are sent before the connection is closed.
        bytes: usize,
    },
}

impl StreamFault {
    /// Returns a fault that ends the stream with an error that the Smithy model does not define.
    ///
    /// # Errors
    /// Returns an error if the code or the message is too long for a header of a frame.
    pub fn unmodeled(code: &str, message: &str) -> Result<Self, HeaderError> {
        let mut frame = Message::builder();
        frame.header(":message-type", HeaderValue::String("error"))?;
        frame.header(":error-code", HeaderValue::String(code))?;
        frame.header(":error-message", HeaderValue::String(message))?;
        let frame = frame.payload("");
        Ok(Self::Error(ErrorMetadata::from_message(&frame).into()))
    }

    /// Returns a fault that inserts an event. The name of the event is not in the model, and its payload is
    /// an empty JSON object.
    ///
    /// # Errors
    /// Returns an error if the name is too long for a header of a frame.
    pub fn unknown_event(name: &str) -> Result<Self, HeaderError> {
        let mut event = Message::builder();
        event.header(":message-type", HeaderValue::String("event"))?;
        event.header(":event-type", HeaderValue::String(name))?;
        event.header(":content-type", HeaderValue::String("application/json"))?;
        Ok(Self::Message(event.payload("{}")))
    }
}

/// A stream fault and its position.
#[derive(Clone, Debug)]
pub(crate) struct PlannedStreamFault {
    /// The number of events that are sent before the fault. If the stream has fewer events, the fault
    /// follows the last event.
    pub(crate) after_events: u64,
    pub(crate) fault: StreamFault,
}
