//! How far a stream has come, for tests to read.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// How far a stream has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct StreamRecord {
    /// How many frames were made, an error's included. Each is made when the connection has taken all before it, so that
    /// at most the last of them has not left.
    pub events: u64,
    /// How the stream ended; none while it is being sent.
    pub end: Option<StreamEnd>,
}

/// How a stream ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum StreamEnd {
    /// All of it was sent.
    Finished,
    /// An error was raised in it, or the connection was cut, because that was asked for.
    Broken,
    /// The client went away before its end, or the endpoint stopped.
    Abandoned,
}

/// What the log and the stream share.
#[derive(Debug, Default)]
pub(crate) struct Progress {
    events: AtomicU64,
    end: OnceLock<StreamEnd>,
    is_cut: AtomicBool,
}

impl Progress {
    pub(crate) fn made(&self) {
        self.events.fetch_add(1, Ordering::Relaxed);
    }

    /// Says how the stream ended. The first word counts.
    pub(crate) fn end(&self, end: StreamEnd) {
        let _ = self.end.set(end);
    }

    /// The connection breaks, as was asked for, before all that was made has left.
    pub(crate) fn cut(&self) {
        self.is_cut.store(true, Ordering::Release);
    }

    pub(crate) fn record(&self) -> StreamRecord {
        let end = match self.end.get() {
            Some(_) if self.is_cut.load(Ordering::Acquire) => Some(StreamEnd::Broken),
            end => end.copied(),
        };
        StreamRecord { events: self.events.load(Ordering::Relaxed), end }
    }
}
