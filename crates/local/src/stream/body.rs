//! The body of a streaming response.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use hyper::body::Frame;
use tokio::sync::mpsc;
use tokio::time::{Sleep, sleep};

use super::frames::{BodyError, Frames};
use super::progress::{StreamEnd, StreamProgress};
use crate::clock::Clock;
use crate::gauge::GaugeGuard;

/// The size of the frames that may wait for the socket, in bytes. The last of these frames may exceed the size.
const MAX_UNSENT: usize = 16 * 1024;

/// A body that generates the frames of a stream. Each frame becomes an HTTP chunk or an HTTP/2 data frame.
///
/// Frames without a delay between them form a group. The connection writes a group with few system calls. The body
/// generates the next group only when the connection has taken the previous group, and the delay before the next
/// frame has passed. Therefore the body generates few frames ahead of a slow reader.
pub(crate) struct EventStreamBody {
    clock: Clock,
    frames: Frames,
    progress: Arc<StreamProgress>,
    has_begun: bool,
    /// The group to which the next frame belongs.
    group: Option<Group>,
    /// Closes when the socket has taken all frames of the previous group.
    written: Option<mpsc::Receiver<Infallible>>,
    /// The end of the body, after the last group.
    end: Option<Result<StreamEnd, BodyError>>,
    pace: Duration,
    pause: Option<Pin<Box<Sleep>>>,
    /// A guard that counts the stream as in progress.
    _stream: GaugeGuard,
}

/// Frames that are sent without a delay between them.
struct Group {
    size: usize,
    /// Each frame contains a clone of this sender.
    sender: mpsc::Sender<Infallible>,
    written: mpsc::Receiver<Infallible>,
}

impl EventStreamBody {
    pub(crate) fn new(
        clock: Clock,
        frames: Frames,
        progress: Arc<StreamProgress>,
        pace: Duration,
        stream: GaugeGuard,
    ) -> Self {
        Self {
            clock,
            frames,
            progress,
            has_begun: false,
            group: None,
            written: None,
            end: None,
            pace,
            pause: None,
            _stream: stream,
        }
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
        loop {
            if let Some(written) = &mut self.written {
                // The channel never sends a value. It closes when the connection drops the last frame of the group.
                let _ = ready!(written.poll_recv(cx));
                self.written = None;
            }
            if let Some(end) = self.end.take() {
                self.progress.set_end(*end.as_ref().unwrap_or(&StreamEnd::Broken));
                return Poll::Ready(end.err().map(Err));
            }
            ready!(self.frames.poll_ready(cx));
            if !self.pace.is_zero() && !self.frames.is_over() {
                let pause = self.pause.get_or_insert_with(|| Box::pin(sleep(self.pace)));
                ready!(pause.as_mut().poll(cx));
                self.pause = None;
            }
            let end = match self.frames.next(self.clock.now()) {
                Ok(Some(frame)) => {
                    self.progress.add_event();
                    return Poll::Ready(Some(Ok(Frame::data(self.tracked(frame)))));
                }
                Ok(None) => Ok(self.frames.end()),
                Err(error) => Err(error),
            };
            // After an error, hyper drops the frames that it has not written yet. Therefore the body ends only after
            // they have been written.
            self.end = Some(end);
            self.written = self.group.take().map(|group| group.written);
        }
    }

    /// Adds a frame to the group. Ends the group if it is large enough, or if a delay follows.
    fn tracked(&mut self, frame: Vec<u8>) -> Bytes {
        let mut group = self.group.take().unwrap_or_else(Group::new);
        group.size += frame.len();
        let tracked = TrackedBytes::track(frame, group.sender.clone());
        if self.pace.is_zero() && group.size < MAX_UNSENT {
            self.group = Some(group);
        } else {
            self.written = Some(group.written);
        }
        tracked
    }
}

impl Group {
    fn new() -> Self {
        let (sender, written) = mpsc::channel(1);
        Self { size: 0, sender, written }
    }
}

impl Drop for EventStreamBody {
    /// Records a stream that was dropped before its end.
    fn drop(&mut self) {
        self.progress.set_end(StreamEnd::Abandoned);
    }
}

/// Bytes with a sender of a channel. The channel closes when all its bytes have been written, because hyper drops
/// bytes when the socket has taken all of them.
pub(crate) struct TrackedBytes<T> {
    bytes: T,
    _written: mpsc::Sender<Infallible>,
}

impl<T: AsRef<[u8]> + Send + 'static> TrackedBytes<T> {
    pub(crate) fn track(bytes: T, written: mpsc::Sender<Infallible>) -> Bytes {
        Bytes::from_owner(Self { bytes, _written: written })
    }
}

impl<T: AsRef<[u8]>> AsRef<[u8]> for TrackedBytes<T> {
    fn as_ref(&self) -> &[u8] {
        self.bytes.as_ref()
    }
}
