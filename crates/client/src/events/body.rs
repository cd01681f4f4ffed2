//! An event stream as the body of a response, for gateways.

use std::error::Error as StdError;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame};
use invoke_model_protocol::OutputEventStream;
use invoke_model_transport::ResponseBody;

use super::EventReceiver;
use crate::error::ErrorKind;

impl<O: OutputEventStream> EventReceiver<O> {
    /// Converts the receiver into the body of a response with the same events, for a gateway that passes the stream on
    /// to its caller.
    ///
    /// The body has a chunk for each event, with the original headers and payload, as soon as the event arrives. So
    /// it also contains events and members that are not in the model. If the service ends the stream with an error,
    /// the body contains this error, and ends. After every other failure, the last chunk is an error, so a server
    /// closes the connection to its caller. The quota limiter, the metrics and the span of the call work as with
    /// [`recv`](Self::recv). Dropping the body closes the connection to the service.
    #[doc(alias("gateway", "proxy"))]
    pub fn into_body(self) -> ResponseBody {
        ResponseBody::from_body(EventBody(self))
    }
}

struct EventBody<O: OutputEventStream>(EventReceiver<O>);

impl<O: OutputEventStream> Body for EventBody<O> {
    type Data = Bytes;
    type Error = Box<dyn StdError + Send + Sync>;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let mut bytes = Vec::new();
        let mut encoded = Ok(());
        let event = self.0.poll_event(cx, |message| encoded = message.encode(&mut bytes));
        event.map(|event| {
            Some(match event? {
                Err(error) if !matches!(error.kind(), ErrorKind::StreamException { .. }) => Err(error.into()),
                _ => encoded.map(|()| Frame::data(bytes.into())).map_err(Into::into),
            })
        })
    }
}
