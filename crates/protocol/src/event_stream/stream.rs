//! What generated code implements for a stream of events, and for the operations that have one.

use super::Message;
use crate::{Operation, OperationError, ParseError, SerializeError};

/// The media type of a stream of events.
pub const CONTENT_TYPE: &str = "application/vnd.amazon.eventstream";

/// The events of a stream. <https://smithy.io/2.0/spec/streaming.html#event-streams>
pub trait EventStream: Sized + Send + 'static {
    /// The errors that end the stream.
    type Error: OperationError;

    /// An event as a message.
    ///
    /// # Errors
    /// A member that no header of an event can carry.
    fn event(&self) -> Result<Message, SerializeError>;

    /// An error as the message that ends the stream.
    ///
    /// # Errors
    /// As for [`event`](Self::event).
    fn exception(error: &Self::Error) -> Result<Message, SerializeError>;

    /// What a message carries: an event, one that the model does not know among them, or the error that ends the
    /// stream.
    ///
    /// # Errors
    /// The message does not say what it is, or a member is not of its shape.
    fn parse(message: &Message) -> Result<Result<Self, Self::Error>, ParseError>;
}

/// An operation whose input has a stream of events, sent behind the request's head.
pub trait InputEventStream: Operation {
    /// The events.
    type Events: EventStream;
}

/// An operation whose output has a stream of events, which come behind the response's head:
/// [`parse`](Operation::parse) of a response with an empty body gives all other members.
pub trait OutputEventStream: Operation {
    /// The events.
    type Events: EventStream;
}
