//! A response body that depends on the events of the request.

use std::collections::VecDeque;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::body::{Body, Frame};
use invoke_model_protocol::event_stream::EventStream;
use invoke_model_types::{
    BidirectionalOutputPayloadPart, InvokeModelWithBidirectionalStreamOutputEvent as OutputEvent,
};
use serde_json::Value;

use super::input::EventInput;
use crate::clock::Clock;
use crate::gauge::GaugeGuard;
use crate::service_error::ServiceError;
use crate::sonic::Session;
use crate::stream::{BodyError, StreamEnd, StreamProgress, encode, pad};

/// A request body that is read while the response is sent.
pub(crate) struct RequestBody(Pin<Box<dyn Body<Data = Bytes, Error = hyper::Error> + Send>>);

impl RequestBody {
    pub(crate) fn new(body: impl Body<Data = Bytes, Error = hyper::Error> + Send + 'static) -> Self {
        Self(Box::pin(body))
    }

    /// Reads and discards the body. Without this function, hyper resets the stream at the end of the response,
    /// and the client may lose the response.
    pub(crate) fn discard(mut self) {
        tokio::spawn(async move { while let Some(Ok(_)) = self.0.frame().await {} });
    }
}

impl fmt::Debug for RequestBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RequestBody")
    }
}

/// The response body of a conversation with a model.
///
/// The body reads the next event of the request only when the connection has taken all earlier events of the
/// response. Therefore a client that does not read cannot fill the memory of the endpoint.
pub(crate) struct BidirectionalBody {
    clock: Clock,
    input: EventInput,
    request: RequestBody,
    session: Session,
    output: VecDeque<Result<Value, ServiceError>>,
    /// The number of generated frames.
    generated: u64,
    is_over: bool,
    progress: Arc<StreamProgress>,
    /// A guard that counts the stream as in progress.
    _stream: GaugeGuard,
}

impl BidirectionalBody {
    pub(crate) fn new(
        clock: Clock,
        input: EventInput,
        request: RequestBody,
        session: Session,
        progress: Arc<StreamProgress>,
        stream: GaugeGuard,
    ) -> Self {
        Self {
            clock,
            input,
            request,
            session,
            output: VecDeque::new(),
            generated: 0,
            is_over: false,
            progress,
            _stream: stream,
        }
    }

    pub(crate) fn poll_frame(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        loop {
            if let Some(event) = self.output.pop_front() {
                return Poll::Ready(Some(self.frame(event).map(Frame::data)));
            }
            if self.is_over {
                return Poll::Ready(None);
            }
            match self.input.next(self.clock.now()) {
                Ok(Some(event)) => self.receive(&event),
                Ok(None) if self.session.is_ended() => self.end(),
                Ok(None) => match ready!(self.request.0.as_mut().poll_frame(cx)) {
                    Some(Ok(frame)) => {
                        if let Ok(bytes) = frame.into_data() {
                            self.input.push(bytes);
                        }
                    }
                    // The client has reset the stream.
                    Some(Err(_)) => {
                        self.is_over = true;
                        self.progress.set_end(StreamEnd::Abandoned);
                    }
                    None => match self.input.finish() {
                        Ok(()) => self.end(),
                        Err(error) => self.fail(error),
                    },
                },
                Err(error) => self.fail(error),
            }
        }
    }

    fn receive(&mut self, event: &[u8]) {
        match self.session.receive(event) {
            Ok(events) => self.output.extend(events.into_iter().map(Ok)),
            Err(message) => self.fail(ServiceError::validation(message)),
        }
    }

    fn end(&mut self) {
        self.is_over = true;
        self.progress.set_end(StreamEnd::Finished);
    }

    fn fail(&mut self, error: ServiceError) {
        self.is_over = true;
        self.progress.set_end(StreamEnd::Broken);
        self.output.push_back(Err(error));
    }

    fn frame(&mut self, event: Result<Value, ServiceError>) -> Result<Bytes, BodyError> {
        let message = match event {
            Ok(event) => {
                let mut part = BidirectionalOutputPayloadPart::default();
                part.bytes = Some(event.to_string().into());
                pad(&OutputEvent::Chunk(part).event()?, self.generated)?
            }
            Err(error) => error.to_frame()?,
        };
        self.generated += 1;
        self.progress.add_event();
        encode(&message).map(Bytes::from)
    }
}

impl Drop for BidirectionalBody {
    /// Records a stream that was dropped before its end.
    fn drop(&mut self) {
        self.progress.set_end(StreamEnd::Abandoned);
    }
}
