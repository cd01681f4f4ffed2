//! Sends and receives events as JSON, for operations whose input and output are event streams.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use invoke_model_protocol::json::Value;
use invoke_model_protocol::json::strict::{check_depth, from_value};
use invoke_model_protocol::{InputEventStream, OutputEventStream, SerializeError, SerializeErrorKind};
use invoke_model_transport::BoxFuture;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::events::JsonEventStreamOutput;
use super::operation::to_value;
use crate::bidirectional::{BidirectionalStreamOutput, EventSender};
use crate::error::Error;

/// The output of a call by name that sends and receives events.
/// [`JsonCall::send_bidirectional`](crate::JsonCall::send_bidirectional) returns this type.
///
/// The sender and the response can be used at the same time. [`BidirectionalStreamOutput`] describes both.
#[derive(Debug)]
#[non_exhaustive]
pub struct JsonBidirectionalStreamOutput {
    /// Sends the events of the input.
    pub sender: JsonEventSender,
    /// The response. Await it to receive the head of the response and the events of the output.
    pub response: JsonResponseFuture,
}

impl JsonBidirectionalStreamOutput {
    pub(super) fn new<O>(output: BidirectionalStreamOutput<O>) -> Self
    where
        O: InputEventStream + OutputEventStream,
        O::Output: Serialize + Send,
        <O as InputEventStream>::Events: DeserializeOwned + Send,
        <O as OutputEventStream>::Events: Serialize,
    {
        let BidirectionalStreamOutput { sender, response } = output;
        let response = async move {
            let response = response.await?;
            Ok(JsonEventStreamOutput::new(to_value(&response.output), response.events))
        };
        Self {
            sender: JsonEventSender { operation: O::NAME, sender: Box::new(sender) },
            response: JsonResponseFuture { operation: O::NAME, response: Box::pin(response) },
        }
    }
}

/// The sender of the events of a call by name: see [`EventSender`].
///
/// Call [`close`](Self::close) after the last event. Dropping the sender without `close` cancels the call.
pub struct JsonEventSender {
    operation: &'static str,
    sender: Box<dyn Sender>,
}

impl JsonEventSender {
    /// Sends an event. It is an object with one member, whose name is the name of the event, for example
    /// `{"chunk": {"bytes": "e30="}}`. Blobs are base64 text.
    ///
    /// # Errors
    /// Returns [`ErrorKind::SerializeEvent`](crate::ErrorKind::SerializeEvent) if the event does not match
    /// the model. The caller can continue with another event. Otherwise, returns the errors of
    /// [`EventSender::send`].
    pub async fn send(&mut self, event: Value) -> Result<(), Error> {
        self.sender.send(event).await
    }

    /// Closes the input: see [`EventSender::close`].
    ///
    /// # Errors
    /// Returns the errors of [`EventSender::close`].
    pub async fn close(self) -> Result<(), Error> {
        self.sender.close().await
    }
}

impl fmt::Debug for JsonEventSender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JsonEventSender").field("operation", &self.operation).finish_non_exhaustive()
    }
}

/// The response of a call by name whose request is still being sent: see
/// [`ResponseFuture`](crate::ResponseFuture). Dropping the future before it is ready cancels the call.
#[must_use = "dropping the response cancels the call"]
pub struct JsonResponseFuture {
    operation: &'static str,
    response: BoxFuture<Result<JsonEventStreamOutput, Error>>,
}

impl Future for JsonResponseFuture {
    type Output = Result<JsonEventStreamOutput, Error>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.response.as_mut().poll(cx)
    }
}

impl fmt::Debug for JsonResponseFuture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JsonResponseFuture").field("operation", &self.operation).finish_non_exhaustive()
    }
}

/// An [`EventSender`] of any operation.
trait Sender: Send {
    fn send(&mut self, event: Value) -> Pin<Box<dyn Future<Output = Result<(), Error>> + Send + '_>>;
    fn close(self: Box<Self>) -> BoxFuture<Result<(), Error>>;
}

impl<O: InputEventStream> Sender for EventSender<O>
where
    O::Events: DeserializeOwned + Send,
{
    fn send(&mut self, event: Value) -> Pin<Box<dyn Future<Output = Result<(), Error>> + Send + '_>> {
        Box::pin(async move {
            match check_depth(event).and_then(from_value) {
                Ok(event) => EventSender::send(self, event).await,
                Err(error) => {
                    let kind = SerializeErrorKind::Invalid(error.to_string());
                    Err(self.invalid_event(SerializeError::new("", kind)))
                }
            }
        })
    }

    fn close(self: Box<Self>) -> BoxFuture<Result<(), Error>> {
        Box::pin(EventSender::close(*self))
    }
}
