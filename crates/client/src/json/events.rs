//! Receives the events of an event stream as JSON.

use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::{FusedStream, Stream};
use invoke_model_protocol::OutputEventStream;
use invoke_model_protocol::json::Value;
use serde::Serialize;

use super::operation::to_value;
use crate::error::{Error, StreamProgress};
use crate::events::EventReceiver;
use crate::metadata::Metadata;

/// The output of a call by name whose operation has an event stream.
/// [`JsonCall::send_stream`](crate::JsonCall::send_stream) returns this type.
#[derive(Debug)]
#[non_exhaustive]
pub struct JsonEventStreamOutput {
    /// All members except the events.
    pub output: Value,
    /// The events. Dropping the receiver closes the connection.
    pub events: JsonEventReceiver,
}

impl JsonEventStreamOutput {
    pub(super) fn new<O: OutputEventStream>(output: Value, events: EventReceiver<O>) -> Self
    where
        O::Events: Serialize,
    {
        Self { output, events: JsonEventReceiver(Box::new(events)) }
    }
}

/// Receives the events of a call by name as JSON, one by one with [`recv`](Self::recv) or as a
/// [`Stream`](futures_core::Stream).
///
/// An event is an object with one member. The name of the member is the name of the event, for example
/// `{"contentBlockDelta": {"delta": {"text": "hi"}, "contentBlockIndex": 0}}`. An event that is not in the
/// model has the same form. The end of the stream and the errors are the same as for [`EventReceiver`].
pub struct JsonEventReceiver(Box<dyn Events>);

impl JsonEventReceiver {
    /// Receives the next event: see [`EventReceiver::recv`].
    ///
    /// # Errors
    /// Returns an error if the stream fails before it is complete.
    pub async fn recv(&mut self) -> Result<Option<Value>, Error> {
        poll_fn(|cx| self.0.poll_event(cx)).await.transpose()
    }

    /// Returns `true` if the stream has ended without an error.
    pub fn is_complete(&self) -> bool {
        self.0.is_complete()
    }

    /// Returns the number of events and bytes that were received.
    pub fn received(&self) -> StreamProgress {
        self.0.received()
    }

    /// Returns the request id that the service assigned, if the response has one.
    pub fn request_id(&self) -> Option<&str> {
        self.0.request_id()
    }

    /// Returns the metadata of the call: see [`EventReceiver::metadata`].
    pub fn metadata(&self) -> Metadata {
        self.0.metadata()
    }
}

impl Stream for JsonEventReceiver {
    type Item = Result<Value, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.poll_event(cx)
    }
}

impl FusedStream for JsonEventReceiver {
    fn is_terminated(&self) -> bool {
        self.0.has_ended()
    }
}

impl fmt::Debug for JsonEventReceiver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// An [`EventReceiver`] of any operation.
trait Events: fmt::Debug + Send {
    fn poll_event(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Value, Error>>>;
    fn has_ended(&self) -> bool;
    fn is_complete(&self) -> bool;
    fn received(&self) -> StreamProgress;
    fn request_id(&self) -> Option<&str>;
    fn metadata(&self) -> Metadata;
}

impl<O: OutputEventStream> Events for EventReceiver<O>
where
    O::Events: Serialize,
{
    fn poll_event(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Value, Error>>> {
        let event = Pin::new(self).poll_next(cx);
        event.map(|event| event.map(|event| event.map(|event| to_value(&event)).map_err(Error::from)))
    }

    fn has_ended(&self) -> bool {
        self.is_terminated()
    }

    fn is_complete(&self) -> bool {
        self.is_complete()
    }

    fn received(&self) -> StreamProgress {
        self.received()
    }

    fn request_id(&self) -> Option<&str> {
        self.request_id()
    }

    fn metadata(&self) -> Metadata {
        self.metadata()
    }
}
