//! The events of an answer, as they come.

mod truncated;

use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use futures_core::{FusedStream, Stream};
use invoke_model_protocol::OutputEventStream;
use invoke_model_protocol::event_stream::{Decoder, EventStream, Message};
use invoke_model_protocol::json::Members;
use invoke_model_transport::{ResponseBody, TransportError, TransportErrorKind};

pub use truncated::{TruncatedError, TruncationCause};

use crate::call::Trail;
use crate::quota::QuotaPermit;
use crate::{Error, ErrorKind, Metadata, Usage};

/// The events of an answer of operation `O`: [`recv`](Self::recv) one by one, or as a `Stream`.
///
/// An answer is whole when `recv` has given `None` and no error before it; [`is_complete`](Self::is_complete) says so
/// afterwards. Whatever else ends it is an [`Error`], and the last that the stream gives: an error that the service
/// sends in the midst of the stream, bytes that are no frames, a deadline, and an end that comes too early, which is
/// [`ErrorKind::Truncated`] even between two frames. An event that the model does not know is given as it came.
///
/// Bytes are read from the connection only when the reader asks for an event that has not arrived. Dropping the events
/// closes the connection at once. `recv` can be dropped and called again: no event is lost.
pub struct EventReceiver<O: OutputEventStream> {
    body: ResponseBody,
    decoder: Decoder,
    bytes: u64,
    end: Option<End>,
    trail: Trail,
    /// Held as long as events come; ended with what the last of them says was counted.
    permit: Option<QuotaPermit>,
    operation: std::marker::PhantomData<fn() -> O>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Whole,
    Failed,
}

type ErrorOf<O> = <<O as OutputEventStream>::Events as EventStream>::Error;

impl<O: OutputEventStream> EventReceiver<O> {
    pub(crate) fn new(body: ResponseBody, trail: Trail, permit: Option<QuotaPermit>) -> Self {
        let (decoder, operation) = (Decoder::new(), std::marker::PhantomData);
        Self { body, decoder, bytes: 0, end: None, trail, permit, operation }
    }

    /// The next event; `None` when the stream has ended, well or with the error that was given before.
    ///
    /// # Errors
    /// Whatever ends the stream before it is whole: see [`ErrorKind`].
    pub async fn recv(&mut self) -> Result<Option<O::Events>, Error<ErrorOf<O>>> {
        poll_fn(|cx| Pin::new(&mut *self).poll_next(cx)).await.transpose()
    }

    /// Whether the stream has ended, and nothing was missing.
    pub fn is_complete(&self) -> bool {
        self.end == Some(End::Whole)
    }

    /// How many events and bytes have come.
    pub fn received(&self) -> StreamProgress {
        StreamProgress { events: self.decoder.messages(), bytes: self.bytes }
    }

    /// The id under which the service knows the request, if the answer had one.
    pub fn request_id(&self) -> Option<&str> {
        self.trail.request_id()
    }

    /// What is known of the call beside its output.
    pub fn metadata(&self) -> Metadata {
        self.trail.clone().into_metadata()
    }

    /// The event in a message, or the error.
    fn event(&mut self, message: Message) -> Result<O::Events, Error<ErrorOf<O>>> {
        if self.permit.is_some() {
            self.settle(&message);
        }
        let kind = match O::Events::parse(&message) {
            Ok(Ok(event)) => return Ok(event),
            Ok(Err(error)) => ErrorKind::StreamException { error, message: Box::new(message) },
            Err(error) => ErrorKind::ParseEvent { error, message: Box::new(message) },
        };
        Err(self.fail(kind))
    }

    /// Looks for the account of the call, which the service puts into the last part of an answer: what it counts takes
    /// the place of what was reserved.
    fn settle(&mut self, message: &Message) {
        let part = Members::from_body(message.payload(), ["bytes"]).and_then(|mut part| part.blob("bytes"));
        let usage = part.ok().flatten().and_then(|part| Usage::from_stream_part(&part));
        if let Some((usage, permit)) = usage.and_then(|usage| Some((usage, self.permit.take()?))) {
            permit.settle(usage);
        }
    }

    /// The body says that it has ended.
    fn finish(&mut self) -> Result<(), Error<ErrorOf<O>>> {
        match self.decoder.finish() {
            Err(rest) => Err(self.cut(TruncationCause::Frame { left: rest.bytes })),
            Ok(()) if self.body.ends_with_connection() => Err(self.cut(TruncationCause::NoEnd)),
            Ok(()) => {
                self.end = Some(End::Whole);
                self.permit = None;
                Ok(())
            }
        }
    }

    fn lost(&mut self, error: TransportError) -> Error<ErrorOf<O>> {
        match error.kind() {
            TransportErrorKind::BodyIncomplete => self.cut(TruncationCause::Connection(error)),
            _ => self.fail(ErrorKind::Transport(error)),
        }
    }

    fn cut(&mut self, cut: TruncationCause) -> Error<ErrorOf<O>> {
        let received = self.received();
        self.fail(ErrorKind::Truncated(TruncatedError { received, cut }))
    }

    /// The stream ends here, and with it the connection.
    fn fail(&mut self, kind: ErrorKind<ErrorOf<O>>) -> Error<ErrorOf<O>> {
        self.end = Some(End::Failed);
        self.permit = None;
        self.body = Bytes::new().into();
        self.trail.stream_error::<O, _>(kind, self.received())
    }
}

/// How much of a stream has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct StreamProgress {
    /// Whole events, one that carried an error included.
    pub events: u64,
    /// Bytes, those of a frame that is not whole included.
    pub bytes: u64,
}

impl fmt::Display for StreamProgress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plural = |number| if number == 1 { "" } else { "s" };
        let Self { events, bytes } = *self;
        write!(f, "{events} event{} and {bytes} byte{}", plural(events), plural(bytes))
    }
}

impl<O: OutputEventStream> Stream for EventReceiver<O> {
    type Item = Result<O::Events, Error<ErrorOf<O>>>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        while this.end.is_none() {
            match this.decoder.decode() {
                Ok(Some(message)) => return Poll::Ready(Some(this.event(message))),
                Ok(None) => {}
                Err(error) => return Poll::Ready(Some(Err(this.fail(ErrorKind::Decode(error))))),
            }
            match ready!(Pin::new(&mut this.body).poll_next(cx)) {
                Some(Ok(bytes)) => {
                    this.bytes += bytes.len() as u64;
                    this.decoder.push_bytes(bytes);
                }
                Some(Err(error)) => return Poll::Ready(Some(Err(this.lost(error)))),
                None => {
                    if let Err(error) = this.finish() {
                        return Poll::Ready(Some(Err(error)));
                    }
                }
            }
        }
        Poll::Ready(None)
    }
}

impl<O: OutputEventStream> FusedStream for EventReceiver<O> {
    fn is_terminated(&self) -> bool {
        self.end.is_some()
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
