//! Sends the events of an event stream.

use std::fmt;
use std::future::{Future, poll_fn};
use std::marker::PhantomData;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;

use bytes::Bytes;
use futures_core::Stream;
use invoke_model_protocol::event_stream::EventStream;
use invoke_model_protocol::{InputEventStream, SerializeError};
use invoke_model_transport::Deadline;
use tokio::sync::mpsc;

use super::encoder::EventEncoder;
use super::link::{Link, Stopped};
use crate::call_context::CallContext;
use crate::error::{Error, ErrorKind};

/// The sender of the events of a call of operation `O`.
///
/// Call [`close`](Self::close) after the last event. Dropping the sender without `close` cancels the call:
/// the transport resets the HTTP/2 stream, and the response fails. Therefore the service never treats an
/// incomplete input as complete.
///
/// At most one event waits in memory, in addition to the events in the buffers of HTTP/2. Therefore
/// [`send`](Self::send) waits if the service reads slowly.
pub struct EventSender<O: InputEventStream> {
    frames: mpsc::Sender<Bytes>,
    encoder: EventEncoder,
    link: Arc<Link>,
    deadline: Option<Deadline>,
    context: CallContext,
    operation: PhantomData<fn() -> O>,
}

type Events<O> = <O as InputEventStream>::Events;

impl<O: InputEventStream> EventSender<O> {
    pub(crate) fn new(
        frames: mpsc::Sender<Bytes>,
        encoder: EventEncoder,
        link: Arc<Link>,
        deadline: Option<Deadline>,
        context: CallContext,
    ) -> Self {
        Self { frames, encoder, link, deadline, context, operation: PhantomData }
    }

    pub(crate) fn link(&self) -> &Link {
        &self.link
    }

    /// Sends an event. Waits until the transport has taken the previous event.
    ///
    /// `send` is cancel safe: if its future is dropped before it is ready, the event was not sent.
    ///
    /// # Errors
    /// * If the call has failed, returns a copy of its error.
    /// * If the event cannot be serialized, returns [`ErrorKind::SerializeEvent`]. The caller can continue
    ///   with another event.
    /// * If the service has stopped reading, returns [`ErrorKind::Transport`] with the kind
    ///   [`RequestBodyIncomplete`](crate::TransportErrorKind::RequestBodyIncomplete).
    /// * If the operation timeout expires while `send` waits, returns the error of the timeout.
    pub async fn send(&mut self, event: O::Events) -> Result<(), Error> {
        let message = match event.event() {
            Ok(message) => message,
            Err(error) => return Err(self.invalid_event(error)),
        };
        if let Some(stopped) = self.link.failure() {
            return Err(self.stopped(stopped));
        }
        let permit = match reserve(&self.frames, self.deadline).await {
            Ok(permit) => permit,
            Err(error) => return Err(self.failed(error).await),
        };
        match self.encoder.encode(&message) {
            Ok(frame) => {
                permit.send(frame);
                Ok(())
            }
            Err(kind) => {
                drop(permit);
                Err(self.error(kind))
            }
        }
    }

    /// Sends all events of a stream, and then [closes](Self::close) the input. Returns early if the call
    /// ends.
    ///
    /// # Errors
    /// Returns the errors of [`send`](Self::send) and [`close`](Self::close). An error cancels the call.
    pub async fn send_all(mut self, events: impl Stream<Item = O::Events>) -> Result<(), Error> {
        let mut events = pin!(events);
        while let Some(event) = self.next(events.as_mut()).await? {
            self.send(event).await?;
        }
        self.close().await
    }

    /// Closes the input. The service can continue to respond. A signed input ends with an empty signed frame.
    ///
    /// # Errors
    /// Returns the errors of [`send`](Self::send). If the service has already ended its response without an
    /// error, this function succeeds, because the service no longer needs the end of the input.
    pub async fn close(mut self) -> Result<(), Error> {
        if let Some(stopped) = self.link.failure() {
            return Err(self.stopped(stopped));
        }
        if self.encoder.is_signing() {
            let permit = match reserve(&self.frames, self.deadline).await {
                Ok(permit) => permit,
                Err(_) if self.link.is_complete() => return Ok(()),
                Err(error) => {
                    let error = self.failed(error).await;
                    // The rest of the response contains the reason, so dropping the sender must not cancel it.
                    self.link.close();
                    return Err(error);
                }
            };
            match self.encoder.end() {
                Ok(end) => permit.send(end),
                Err(kind) => {
                    drop(permit);
                    return Err(self.error(kind));
                }
            }
        }
        self.link.close();
        Ok(())
    }

    /// Returns the next event of a stream, or an error if the request body ends before the event is
    /// available.
    async fn next(
        &self,
        mut events: Pin<&mut impl Stream<Item = O::Events>>,
    ) -> Result<Option<Events<O>>, Error> {
        let mut closed = pin!(self.frames.closed());
        let next = poll_fn(|cx| match events.as_mut().poll_next(cx) {
            Poll::Ready(event) => Poll::Ready(Some(event)),
            Poll::Pending => closed.as_mut().poll(cx).map(|()| None),
        });
        match next.await {
            Some(event) => Ok(event),
            None => Err(self.failed(ReserveError::BodyEnded).await),
        }
    }

    async fn failed(&self, error: ReserveError) -> Error {
        match error {
            ReserveError::Timeout(kind) => {
                self.link.cancel("the operation timeout expired");
                self.error(kind)
            }
            ReserveError::BodyEnded => self.stopped(self.link.stopped().await),
        }
    }

    /// Returns the error of an event that cannot be serialized.
    pub(crate) fn invalid_event(&self, error: SerializeError) -> Error {
        self.error(ErrorKind::SerializeEvent(error))
    }

    fn stopped(&self, stopped: Stopped) -> Error {
        stopped.into_error().unwrap_or_else(|kind| self.error(kind))
    }

    fn error(&self, kind: ErrorKind) -> Error {
        self.context.input_error(kind)
    }
}

/// The reason why no further frame can be sent.
enum ReserveError {
    /// The transport has dropped the request body.
    BodyEnded,
    Timeout(ErrorKind),
}

/// Waits until the transport has taken the previous frame.
async fn reserve(
    frames: &mpsc::Sender<Bytes>,
    deadline: Option<Deadline>,
) -> Result<mpsc::Permit<'_, Bytes>, ReserveError> {
    let reserving = frames.reserve();
    let reserved = match deadline {
        None => reserving.await,
        Some(deadline) => deadline
            .bound_after_sending(reserving)
            .await
            .map_err(|error| ReserveError::Timeout(ErrorKind::Transport(error)))?,
    };
    reserved.map_err(|_| ReserveError::BodyEnded)
}

impl<O: InputEventStream> Drop for EventSender<O> {
    fn drop(&mut self) {
        if !self.link.is_closed() {
            self.link.cancel("the call was cancelled, because the event sender was dropped before `close`");
        }
    }
}

impl<O: InputEventStream> fmt::Debug for EventSender<O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EventSender").field("operation", &O::NAME).finish_non_exhaustive()
    }
}
