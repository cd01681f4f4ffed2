//! The events of a stream as the body of an answer.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use hyper::body::Frame;
use tokio::sync::oneshot;
use tokio::time::{Sleep, sleep};

use super::frames::{Broken, Frames};
use super::progress::{Progress, StreamEnd};
use crate::body::Outgoing;
use crate::endpoint::Endpoint;

/// Makes a frame when the connection has taken the one before it, and the pace allows. So nothing is made ahead of a slow
/// reader, and no two frames leave together.
pub(crate) struct Events {
    endpoint: Arc<Endpoint>,
    frames: Frames,
    progress: Arc<Progress>,
    has_begun: bool,
    /// The frame that is on its way.
    leaving: Option<oneshot::Receiver<Infallible>>,
    pace: Duration,
    pause: Option<Pin<Box<Sleep>>>,
}

impl Events {
    pub(crate) fn new(
        endpoint: Arc<Endpoint>,
        frames: Frames,
        progress: Arc<Progress>,
        pace: Duration,
    ) -> Self {
        endpoint.streams.send_modify(|open| *open += 1);
        Self { endpoint, frames, progress, has_begun: false, leaving: None, pace, pause: None }
    }

    pub(crate) fn poll_frame(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Broken>>> {
        if !std::mem::replace(&mut self.has_begun, true) {
            // The head leaves first, also before a connection that is cut at once.
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        if let Some(leaving) = &mut self.leaving {
            // It never says anything: it ends when the connection lets go of the bytes.
            let _ = ready!(Pin::new(leaving).poll(cx));
            self.leaving = None;
        }
        if !self.pace.is_zero() && !self.frames.is_over() {
            let pause = self.pause.get_or_insert_with(|| Box::pin(sleep(self.pace)));
            ready!(pause.as_mut().poll(cx));
            self.pause = None;
        }
        Poll::Ready(match self.frames.next(self.endpoint.clock.now()) {
            Ok(Some(frame)) => {
                self.progress.made();
                let (frame, leaving) = Outgoing::watch(frame);
                self.leaving = Some(leaving);
                Some(Ok(Frame::data(frame)))
            }
            Ok(None) => {
                self.progress.end(self.frames.end());
                None
            }
            Err(broken) => {
                self.progress.end(StreamEnd::Broken);
                Some(Err(broken))
            }
        })
    }
}

impl Drop for Events {
    fn drop(&mut self) {
        self.progress.end(StreamEnd::Abandoned);
        self.endpoint.streams.send_modify(|open| *open -= 1);
    }
}
