//! The body of a streaming response.

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

use super::frames::{BodyError, Frames};
use super::progress::{StreamEnd, StreamProgress};
use crate::clock::Clock;
use crate::gauge::GaugeGuard;

/// A body that generates and sends the frames of a stream one after the other.
///
/// The body generates the next frame only when the connection has taken the previous frame and the delay
/// before the next frame has passed. Therefore the body does not generate frames ahead of a slow reader, and it
/// sends each frame separately.
pub(crate) struct EventStreamBody {
    clock: Clock,
    frames: Frames,
    progress: Arc<StreamProgress>,
    has_begun: bool,
    /// Completes when the socket has taken the previous frame.
    written: Option<oneshot::Receiver<Infallible>>,
    pace: Duration,
    pause: Option<Pin<Box<Sleep>>>,
    /// A guard that counts the stream as in progress.
    _stream: GaugeGuard,
}

impl EventStreamBody {
    pub(crate) fn new(
        clock: Clock,
        frames: Frames,
        progress: Arc<StreamProgress>,
        pace: Duration,
        stream: GaugeGuard,
    ) -> Self {
        Self { clock, frames, progress, has_begun: false, written: None, pace, pause: None, _stream: stream }
    }

    pub(crate) fn poll_frame(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        if !std::mem::replace(&mut self.has_begun, true) {
            // Return `Pending` once, so that hyper writes the response head before it polls for a frame. Otherwise,
            // a fault that closes the connection before the first frame would also drop the head.
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        if let Some(written) = &mut self.written {
            // The channel never sends a value. It closes when the connection drops the bytes.
            let _ = ready!(Pin::new(written).poll(cx));
            self.written = None;
        }
        ready!(self.frames.poll_ready(cx));
        if !self.pace.is_zero() && !self.frames.is_over() {
            let pause = self.pause.get_or_insert_with(|| Box::pin(sleep(self.pace)));
            ready!(pause.as_mut().poll(cx));
            self.pause = None;
        }
        Poll::Ready(match self.frames.next(self.clock.now()) {
            Ok(Some(frame)) => {
                self.progress.add_event();
                let (frame, written) = TrackedBytes::track(frame);
                self.written = Some(written);
                Some(Ok(Frame::data(frame)))
            }
            Ok(None) => {
                self.progress.set_end(self.frames.end());
                None
            }
            Err(error) => {
                self.progress.set_end(StreamEnd::Broken);
                Some(Err(error))
            }
        })
    }
}

impl Drop for EventStreamBody {
    /// Records a stream that was dropped before its end.
    fn drop(&mut self) {
        self.progress.set_end(StreamEnd::Abandoned);
    }
}

/// Bytes that close a channel when they have been written. hyper drops the bytes when the socket has taken
/// all of them.
pub(crate) struct TrackedBytes<T> {
    bytes: T,
    _written: oneshot::Sender<Infallible>,
}

impl<T: AsRef<[u8]> + Send + 'static> TrackedBytes<T> {
    /// Returns the bytes and a channel. The channel closes without a value when the bytes have been written.
    pub(crate) fn track(bytes: T) -> (Bytes, oneshot::Receiver<Infallible>) {
        let (sender, written) = oneshot::channel();
        (Bytes::from_owner(Self { bytes, _written: sender }), written)
    }
}

impl<T: AsRef<[u8]>> AsRef<[u8]> for TrackedBytes<T> {
    fn as_ref(&self) -> &[u8] {
        self.bytes.as_ref()
    }
}
