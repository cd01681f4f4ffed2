//! What can go wrong in a stream, on demand.

use invoke_model_protocol::ErrorMetadata;
use invoke_model_protocol::event_stream::{HeaderError, HeaderValue, Message};
use invoke_model_types::ResponseStreamError;

/// What happens in a stream after some of its events.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum StreamFault {
    /// The stream ends with an error: an exception of the model, or an `error` frame for
    /// [`Unmodeled`](ResponseStreamError::Unmodeled).
    Error(ResponseStreamError),
    /// This message comes in between, whatever it is.
    Message(Message),
    /// The CRC at the end of the next frame is wrong. Nothing happens where no frame follows.
    WrongChecksum,
    /// So many more bytes of the body are sent, of whichever frames they are. Then the connection is closed, without the
    /// chunk of length zero that ends a body (RFC 9112 section 7.1).
    Cut {
        /// How many.
        bytes: usize,
    },
}

impl StreamFault {
    /// An error that the model does not have.
    ///
    /// # Errors
    /// The code or the words are longer than a header can be.
    pub fn unmodeled(code: &str, message: &str) -> Result<Self, HeaderError> {
        let mut frame = Message::builder();
        frame.header(":message-type", HeaderValue::String("error"))?;
        frame.header(":error-code", HeaderValue::String(code))?;
        frame.header(":error-message", HeaderValue::String(message))?;
        let frame = frame.payload("");
        Ok(Self::Error(ErrorMetadata::from_message(&frame).into()))
    }

    /// An event of another name than `chunk`, with an empty JSON object.
    ///
    /// # Errors
    /// The name is longer than a header can be.
    pub fn unknown_event(name: &str) -> Result<Self, HeaderError> {
        let mut event = Message::builder();
        event.header(":message-type", HeaderValue::String("event"))?;
        event.header(":event-type", HeaderValue::String(name))?;
        event.header(":content-type", HeaderValue::String("application/json"))?;
        Ok(Self::Message(event.payload("{}")))
    }
}

/// A fault and its place.
#[derive(Debug, Clone)]
pub(crate) struct Planned {
    /// How many events come before it; where a stream has fewer, all of them.
    pub(crate) after_events: u64,
    pub(crate) fault: StreamFault,
}
