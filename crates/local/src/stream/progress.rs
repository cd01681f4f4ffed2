//! The progress of streams, recorded for tests.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use serde::Serialize;

/// The progress of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct StreamRecord {
    /// The number of frames that were generated, including the frame of an error. If the client reads slowly, the
    /// endpoint generates at most about 16 KiB of frames ahead. If the stream has a pace, it generates one frame ahead.
    pub events: u64,
    /// The way in which the stream ended, or `None` while the stream is being sent.
    pub end: Option<StreamEnd>,
}

/// The way in which a stream ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum StreamEnd {
    /// The stream was sent completely.
    Finished,
    /// An injected fault or an error ended the stream or closed the connection.
    Broken,
    /// The client disconnected before the end of the stream, or the endpoint stopped.
    Abandoned,
}

/// The progress of a stream, shared by the call log and the stream.
#[derive(Debug, Default)]
pub(crate) struct StreamProgress {
    events: AtomicU64,
    end: OnceLock<StreamEnd>,
    is_truncated: AtomicBool,
}

impl StreamProgress {
    pub(crate) fn add_event(&self) {
        self.events.fetch_add(1, Ordering::Relaxed);
    }

    /// Records the way in which the stream ended. Only the first call has an effect.
    pub(crate) fn set_end(&self, end: StreamEnd) {
        let _ = self.end.set(end);
    }

    /// Records that an injected fault ended the connection before all generated frames were sent.
    pub(crate) fn set_truncated(&self) {
        self.is_truncated.store(true, Ordering::Release);
    }

    pub(crate) fn record(&self) -> StreamRecord {
        let end = match self.end.get() {
            Some(_) if self.is_truncated.load(Ordering::Acquire) => Some(StreamEnd::Broken),
            end => end.copied(),
        };
        StreamRecord { events: self.events.load(Ordering::Relaxed), end }
    }
}
