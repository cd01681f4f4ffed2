//! The traits that generated code implements for event streams and for operations with an event stream.

use bytes::Bytes;

use super::message::Message;
use crate::error::{OperationError, ParseError, SerializeError};
use crate::metrics::ResponseMetrics;
use crate::operation::Operation;

/// The media type of event streams.
pub const CONTENT_TYPE: &str = "application/vnd.amazon.eventstream";

/// A union of events. <https://smithy.io/2.0/spec/streaming.html#event-streams>
pub trait EventStream: Sized + Send + 'static {
    /// Errors that end the stream.
    type Error: OperationError;

    /// Converts an event into a message.
    ///
    /// # Errors
    /// Returns an error if a member cannot be encoded as an event header.
    fn event(&self) -> Result<Message, SerializeError>;

    /// Converts an error into the message that ends the stream.
    ///
    /// # Errors
    /// See [`event`](Self::event).
    fn exception(error: &Self::Error) -> Result<Message, SerializeError>;

    /// Parses a message into an event, or into the error that ends the stream. Keeps events that are not in
    /// the model.
    ///
    /// # Errors
    /// Returns an error if the message has no kind or a member does not match the model.
    fn parse(message: &Message) -> Result<Result<Self, Self::Error>, ParseError>;

    /// Reads the metrics in an event. Keeps metrics that the event does not contain.
    fn metrics(&self, _metrics: &mut ResponseMetrics) {}

    /// Returns the part of the AI model's response in this event, or `None` if the event contains no such
    /// part.
    fn model_part(&self) -> Option<&Bytes> {
        None
    }
}

/// An operation whose input contains an event stream. The request body is this stream.
pub trait InputEventStream: Operation {
    /// Name of the event stream member in the model.
    const MEMBER: &'static str;
    /// Union of the events.
    type Events: EventStream;
}

/// An operation whose output contains an event stream. The response body is this stream.
///
/// For a response with an empty body, [`parse`](Operation::parse) returns all members except the events.
pub trait OutputEventStream: Operation {
    /// Name of the event stream member in the model.
    const MEMBER: &'static str;
    /// Union of the events.
    type Events: EventStream;
}
