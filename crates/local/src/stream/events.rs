//! The events of a stream of any operation.

use std::collections::VecDeque;
use std::task::{Context, Poll, ready};

use invoke_model_protocol::SerializeError;
use invoke_model_protocol::event_stream::{EventStream, Message};

use crate::conversation::{Part, PartReceiver};
use crate::service_error::ServiceError;

/// The latencies of a stream, in milliseconds since the request.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Latency {
    /// The time until the first event was sent.
    pub(crate) first_event: u64,
    /// The time until this event is sent.
    pub(crate) this_event: u64,
}

/// An event that becomes a message when it is sent. Some events contain the latency at that time.
pub(crate) type PendingEvent = Box<dyn FnOnce(Latency) -> Result<Message, SerializeError> + Send>;

/// The events of a stream, as one type for all operations. Each event is generated on demand.
pub(crate) struct Events {
    source: Source,
    /// The events that were generated, but that [`next`](Self::next) has not returned yet.
    ahead: VecDeque<Result<PendingEvent, ServiceError>>,
    has_ended: bool,
}

/// A function that converts a part to events.
type WritePart = Box<dyn FnMut(Part) -> Result<Vec<PendingEvent>, ServiceError> + Send>;

enum Source {
    Generated(Box<dyn Iterator<Item = PendingEvent> + Send>),
    Received(PartReceiver, WritePart),
}

impl Events {
    /// Returns the events that the functions in `events` return.
    pub(crate) fn new<E, F>(events: impl Iterator<Item = F> + Send + 'static) -> Self
    where
        E: EventStream,
        F: FnOnce(Latency) -> E + Send + 'static,
    {
        Self::from_source(Source::Generated(Box::new(events.map(Self::pending))))
    }

    /// Returns the events for parts that are still being generated. An error of a part, or of `write`, ends the
    /// stream.
    pub(crate) fn received(
        parts: PartReceiver,
        write: impl FnMut(Part) -> Result<Vec<PendingEvent>, ServiceError> + Send + 'static,
    ) -> Self {
        Self::from_source(Source::Received(parts, Box::new(write)))
    }

    /// Converts an event of any operation into a [`PendingEvent`].
    pub(crate) fn pending<E, F>(event: F) -> PendingEvent
    where
        E: EventStream,
        F: FnOnce(Latency) -> E + Send + 'static,
    {
        Box::new(move |latency: Latency| event(latency).event())
    }

    fn from_source(source: Source) -> Self {
        Self { source, ahead: VecDeque::new(), has_ended: false }
    }

    /// Waits until the next event or the end of the stream is known. [`is_over`](Self::is_over) and
    /// [`next`](Self::next) do not wait.
    pub(super) fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        while self.ahead.is_empty() && !self.has_ended {
            match &mut self.source {
                Source::Generated(events) => match events.next() {
                    Some(event) => self.ahead.push_back(Ok(event)),
                    None => self.has_ended = true,
                },
                Source::Received(parts, write) => match ready!(parts.poll_recv(cx)) {
                    None => self.has_ended = true,
                    Some(part) => match part.and_then(write) {
                        Ok(events) => self.ahead.extend(events.into_iter().map(Ok)),
                        Err(error) => {
                            self.ahead.push_back(Err(error));
                            self.has_ended = true;
                        }
                    },
                },
            }
        }
        Poll::Ready(())
    }

    /// Returns `true` if no event follows. Call [`poll_ready`](Self::poll_ready) first.
    pub(super) fn is_over(&self) -> bool {
        self.ahead.is_empty() && self.has_ended
    }

    /// Returns the next event, or the error that ends the stream. Call [`poll_ready`](Self::poll_ready) first.
    pub(super) fn next(&mut self) -> Option<Result<PendingEvent, ServiceError>> {
        self.ahead.pop_front()
    }
}
