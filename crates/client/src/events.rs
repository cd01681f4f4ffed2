//! Receives the events of an event stream.

mod body;

use std::fmt;
use std::future::poll_fn;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use futures_core::{FusedStream, Stream};
use invoke_model_families::Usage;
use invoke_model_protocol::OutputEventStream;
use invoke_model_protocol::event_stream::{Decoder, EventStream, Message};
use invoke_model_transport::{ResponseBody, TransportError, TransportErrorKind};
use tokio::task::coop;

use crate::bidirectional::ReceivingGuard;
use crate::call_context::CallContext;
use crate::error::{Error, ErrorKind, StreamProgress, TruncatedError, TruncationCause};
use crate::metadata::Metadata;
use crate::quota::QuotaPermit;

/// Receives the events of a call of operation `O`, one by one with [`recv`](Self::recv) or as a
/// [`Stream`](futures_core::Stream).
///
/// The stream is complete if `recv` returns `None` and has not returned an error before. Then
/// [`is_complete`](Self::is_complete) returns `true`. In all other cases, the last item of the stream is an
/// [`Error`]. Possible errors are an error that the service sends within the stream, bytes that are not a
/// frame, a timeout, and an early end. The error of an early end is [`ErrorKind::Truncated`], even if the
/// stream ends between two frames.
///
/// If an event is not in the model, the receiver returns its message unchanged, in the variant `Unknown`.
///
/// Several events may arrive at once. The receiver returns them without waiting, but uses the
/// [budget](tokio::task::coop) of its task. Therefore a stream of many events does not delay other tasks and timers.
///
/// The receiver reads from the connection only while the caller waits for an event. Dropping the receiver
/// closes the connection immediately. `recv` is cancel safe: if its future is dropped, the next call of
/// `recv` returns the event.
pub struct EventReceiver<O: OutputEventStream> {
    body: ResponseBody,
    decoder: Decoder,
    bytes: u64,
    end: Option<StreamEnd>,
    context: CallContext,
    /// The quota permit. The receiver keeps the permit until the stream ends, or until an event reports the
    /// token counts.
    permit: Option<QuotaPermit>,
    /// The last message that contains a part of the model's response (see [`EventStream::model_part`]). This
    /// part can contain the token counts. In a bidirectional stream, this is the last message that contains
    /// token counts.
    last_part: Option<Message>,
    /// The first event and its message, if [`receive_first`](Self::receive_first) has received them. They are boxed,
    /// because most receivers do not have them.
    first: Option<Box<(Message, O::Events)>>,
    /// The link to the event sender, if the call also sends events. Dropping the link cancels the call.
    link: Option<ReceivingGuard>,
    operation: PhantomData<fn() -> O>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum StreamEnd {
    Complete,
    Failed,
}

type StreamErrorOf<O> = <<O as OutputEventStream>::Events as EventStream>::Error;

impl<O: OutputEventStream> EventReceiver<O> {
    pub(crate) fn new(body: ResponseBody, context: CallContext, permit: Option<QuotaPermit>) -> Self {
        Self {
            body,
            decoder: Decoder::new(),
            bytes: 0,
            end: None,
            context,
            permit,
            last_part: None,
            first: None,
            link: None,
            operation: PhantomData,
        }
    }

    /// Links the receiver to the sender of the same call.
    pub(crate) fn with_link(mut self, link: ReceivingGuard) -> Self {
        self.link = Some(link);
        self
    }

    /// Receives the next event. Returns `None` after the last event, and after an error.
    ///
    /// # Errors
    /// Returns an error if the stream fails before it is complete: see [`ErrorKind`].
    pub async fn recv(&mut self) -> Result<Option<O::Events>, Error<StreamErrorOf<O>>> {
        poll_fn(|cx| Pin::new(&mut *self).poll_next(cx)).await.transpose()
    }

    /// Waits for the first event, and keeps it for [`recv`](Self::recv).
    pub(crate) async fn receive_first(&mut self) -> Result<(), Error<StreamErrorOf<O>>> {
        let mut message = None;
        let event = poll_fn(|cx| self.poll_event(cx, |received| message = Some(received.clone())));
        let event = event.await.transpose()?;
        self.first = message.zip(event).map(Box::new);
        Ok(())
    }

    /// Returns `true` if the stream has ended without an error.
    pub fn is_complete(&self) -> bool {
        self.end == Some(StreamEnd::Complete)
    }

    /// Returns the number of events and bytes that were received. An error that the service sends within the
    /// stream counts as an event.
    pub fn received(&self) -> StreamProgress {
        StreamProgress { events: self.decoder.messages(), bytes: self.bytes }
    }

    /// Returns the request id that the service assigned, if the response has one.
    pub fn request_id(&self) -> Option<&str> {
        self.context.request_id()
    }

    /// Returns the metadata of the call. The token counts are complete after the last event, because the
    /// service reports them at the end of a stream.
    pub fn metadata(&self) -> Metadata {
        let mut metadata = Metadata { usage: self.usage(), ..self.context.clone().into_metadata() };
        let part = self.last_part.as_ref().and_then(|message| O::Events::parse(message).ok()?.ok());
        let latency = part.as_ref().and_then(EventStream::model_part);
        let latency = latency.and_then(|part| Usage::latency_ms_from_stream_part(part));
        metadata.latency = metadata.latency.or(latency.map(Duration::from_millis));
        metadata
    }

    /// Receives the next event. Passes the message of the event, or of the error that ends the stream, to `inspect`.
    fn poll_event(
        &mut self,
        cx: &mut Context<'_>,
        inspect: impl FnOnce(&Message),
    ) -> Poll<Option<<Self as Stream>::Item>> {
        if let Some(first) = self.first.take() {
            let (message, event) = *first;
            inspect(&message);
            return Poll::Ready(Some(Ok(event)));
        }
        while self.end.is_none() {
            let budget = ready!(coop::poll_proceed(cx));
            match self.decoder.decode() {
                Ok(Some(message)) => {
                    budget.made_progress();
                    inspect(&message);
                    return Poll::Ready(Some(self.event(message)));
                }
                Ok(None) => {}
                Err(error) => return Poll::Ready(Some(Err(self.fail(ErrorKind::Decode(error))))),
            }
            match ready!(Pin::new(&mut self.body).poll_next(cx)) {
                Some(Ok(bytes)) => {
                    budget.made_progress();
                    self.bytes += bytes.len() as u64;
                    self.decoder.push_bytes(bytes);
                }
                Some(Err(error)) => return Poll::Ready(Some(Err(self.transport_failed(error)))),
                None => {
                    if let Err(error) = self.finish() {
                        return Poll::Ready(Some(Err(error)));
                    }
                }
            }
        }
        Poll::Ready(None)
    }

    /// Parses a message into an event or an error.
    fn event(&mut self, message: Message) -> Result<O::Events, Error<StreamErrorOf<O>>> {
        let kind = match O::Events::parse(&message) {
            Ok(Ok(event)) => {
                self.context.call_metrics.event();
                self.read_metrics(&event);
                if let Some(link) = self.link.as_ref().filter(|_| self.decoder.messages() == 1) {
                    link.link().event_received();
                }
                // In a bidirectional stream, keep only parts with token counts, because other parts can
                // follow them.
                let replaces = |part: &Bytes| self.link.is_none() || Usage::from_stream_part(part).is_some();
                if event.model_part().is_some_and(replaces) {
                    self.last_part = Some(message);
                }
                return Ok(event);
            }
            Ok(Err(error)) => ErrorKind::StreamException { error, message: Box::new(message) },
            Err(error) => ErrorKind::ParseEvent { error, message: Box::new(message) },
        };
        Err(self.fail(kind))
    }

    /// Reads the metrics in an event. Completes the quota permit if the event contains token counts. In a
    /// bidirectional stream, the token counts grow from event to event, so the permit is completed at the end
    /// of the stream.
    fn read_metrics(&mut self, event: &O::Events) {
        if let Some(metrics) = self.context.metrics() {
            event.metrics(metrics);
        }
        if self.permit.is_some() && self.link.is_none() {
            let usage = usage_in_part(event).unwrap_or_else(|| self.context.usage());
            if usage != Usage::default() {
                self.permit.take().into_iter().for_each(|permit| permit.complete(usage));
            }
        }
    }

    /// Returns the token counts that were received. If the events contain parts of the model's response, the
    /// service adds the token counts to the last part.
    fn usage(&self) -> Usage {
        let event = self.last_part.as_ref().and_then(|message| O::Events::parse(message).ok()?.ok());
        event.as_ref().and_then(usage_in_part).unwrap_or_else(|| self.context.usage())
    }

    /// Handles the end of the body.
    fn finish(&mut self) -> Result<(), Error<StreamErrorOf<O>>> {
        match self.decoder.finish() {
            Err(rest) => Err(self.truncated(TruncationCause::IncompleteFrame { received: rest.bytes })),
            Ok(()) if self.body.ends_with_connection() => {
                Err(self.truncated(TruncationCause::CloseDelimited))
            }
            Ok(()) => {
                self.end = Some(StreamEnd::Complete);
                self.permit.take().into_iter().for_each(|permit| permit.complete(self.usage()));
                self.link.take().into_iter().for_each(ReceivingGuard::complete);
                self.context.record_metrics(self.usage());
                self.context.call_metrics.succeed();
                Ok(())
            }
        }
    }

    fn transport_failed(&mut self, error: TransportError) -> Error<StreamErrorOf<O>> {
        // If the caller has cancelled the call, the error of the transport only states that the stream was
        // reset. Return the reason for the cancellation instead.
        let reason = self.link.as_ref().and_then(|link| link.link().cancel_reason());
        let error = match reason {
            Some(reason) if error.kind() == TransportErrorKind::BodyIncomplete => {
                TransportError::new(TransportErrorKind::BodyIncomplete, reason)
            }
            _ => error,
        };
        match error.kind() {
            TransportErrorKind::BodyIncomplete => self.truncated(TruncationCause::Connection(error)),
            _ => self.fail(ErrorKind::Transport(error)),
        }
    }

    fn truncated(&mut self, cause: TruncationCause) -> Error<StreamErrorOf<O>> {
        let received = self.received();
        self.fail(ErrorKind::Truncated(TruncatedError::of_stream(received, cause)))
    }

    /// Ends the stream with an error, and closes the connection.
    fn fail(&mut self, kind: ErrorKind<StreamErrorOf<O>>) -> Error<StreamErrorOf<O>> {
        self.end = Some(StreamEnd::Failed);
        self.permit = None;
        self.body = Bytes::new().into();
        let usage = self.usage();
        self.context.record_stream_error(&kind, usage);
        let error = self.context.stream_error(kind, self.received());
        if let Some(link) = self.link.take() {
            link.link().fail(error.copy().map(Error::from));
        }
        error
    }
}

/// Returns the token counts in an event that contains a part of the model's response.
fn usage_in_part<E: EventStream>(event: &E) -> Option<Usage> {
    Usage::from_stream_part(event.model_part()?)
}

impl<O: OutputEventStream> Stream for EventReceiver<O> {
    type Item = Result<O::Events, Error<StreamErrorOf<O>>>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.poll_event(cx, |_| {})
    }
}

impl<O: OutputEventStream> FusedStream for EventReceiver<O> {
    fn is_terminated(&self) -> bool {
        self.end.is_some()
    }
}

impl<O: OutputEventStream> Drop for EventReceiver<O> {
    /// Records the token counts that arrived before the caller dropped the stream.
    fn drop(&mut self) {
        if self.end.is_none() {
            self.context.record_metrics(self.usage());
        }
    }
}

impl<O: OutputEventStream> fmt::Debug for EventReceiver<O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EventReceiver")
            .field("operation", &O::NAME)
            .field("received", &self.received())
            .field("end", &self.end)
            .finish_non_exhaustive()
    }
}
