//! A request body that contains the frames of an event sender.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame};
use invoke_model_transport::TransportError;
use tokio::sync::{mpsc, oneshot};

use super::link::{Link, input_error};

/// A request body that contains the frames of an event sender.
///
/// The body fails if the call fails, or if the caller drops the sender before the input is closed. In both
/// cases, the transport resets the HTTP/2 stream. Therefore the service never treats an incomplete input as
/// complete.
pub(crate) struct EventBody {
    frames: mpsc::Receiver<Bytes>,
    /// The first poll of the body sends on this channel. At this point, the transport has sent the head of
    /// the request.
    started: Option<oneshot::Sender<()>>,
    cancelled: oneshot::Receiver<TransportError>,
    link: Arc<Link>,
    has_ended: bool,
}

impl EventBody {
    pub(crate) fn new(
        frames: mpsc::Receiver<Bytes>,
        started: oneshot::Sender<()>,
        cancelled: oneshot::Receiver<TransportError>,
        link: Arc<Link>,
    ) -> Self {
        Self { frames, started: Some(started), cancelled, link, has_ended: false }
    }
}

impl Body for EventBody {
    type Data = Bytes;
    type Error = TransportError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, TransportError>>> {
        let this = &mut *self;
        if this.has_ended {
            return Poll::Ready(None);
        }
        if let Some(started) = this.started.take() {
            // `send` fails if the call was dropped. In this case, the body is about to be dropped, too.
            let _ = started.send(());
        }
        if let Poll::Ready(Ok(error)) = Pin::new(&mut this.cancelled).poll(cx) {
            this.has_ended = true;
            return Poll::Ready(Some(Err(error)));
        }
        this.frames.poll_recv(cx).map(|frame| match frame {
            Some(frame) => Some(Ok(Frame::data(frame))),
            None => {
                this.has_ended = true;
                let error = || input_error("the event sender was dropped before `close`");
                (!this.link.is_closed()).then(|| Err(error()))
            }
        })
    }

    fn is_end_stream(&self) -> bool {
        self.has_ended
    }
}
