//! The events of a stream of any operation.

use std::iter::Peekable;

use invoke_model_protocol::SerializeError;
use invoke_model_protocol::event_stream::{EventStream, Message};

/// The latencies of a stream, in milliseconds since the request.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Latency {
    /// The time until the first event was sent.
    pub(crate) first_event: u64,
    /// The time until this event is sent.
    pub(crate) this_event: u64,
}

/// An event that becomes a message when it is sent. Some events contain the latency at that time.
type PendingEvent = Box<dyn FnOnce(Latency) -> Result<Message, SerializeError> + Send>;

/// The events of a stream, without the type of the operation. Each event is generated on demand.
pub(crate) struct Events(Peekable<Box<dyn Iterator<Item = PendingEvent> + Send>>);

impl Events {
    /// Returns the events that the functions in `events` return.
    pub(crate) fn new<E, F>(events: impl Iterator<Item = F> + Send + 'static) -> Self
    where
        E: EventStream,
        F: FnOnce(Latency) -> E + Send + 'static,
    {
        let pending =
            events.map(|event| Box::new(move |latency: Latency| event(latency).event()) as PendingEvent);
        let pending: Box<dyn Iterator<Item = PendingEvent> + Send> = Box::new(pending);
        Self(pending.peekable())
    }

    /// Returns `true` if no event follows.
    pub(super) fn is_over(&mut self) -> bool {
        self.0.peek().is_none()
    }

    pub(super) fn next(&mut self) -> Option<PendingEvent> {
        self.0.next()
    }
}
