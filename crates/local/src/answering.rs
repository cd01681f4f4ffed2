//! An answer on its way: how much of it has left, for the log, and that it is on its way at all, for who waits.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use crate::endpoint::Endpoint;
use crate::stream::Progress;

/// What the log, the body and the connection of an answer share.
#[derive(Debug, Default)]
pub(crate) struct Sent {
    bytes: AtomicU64,
    is_made: AtomicBool,
    is_complete: AtomicBool,
}

impl Sent {
    /// There is no more of the answer than was made.
    pub(crate) fn made(&self) {
        self.is_made.store(true, Ordering::Release);
    }

    /// How many bytes have left, of the head as well.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Acquire)
    }

    /// Whether all of it has left.
    pub(crate) fn is_complete(&self) -> bool {
        self.is_complete.load(Ordering::Acquire)
    }
}

/// The answer that a connection sends.
pub(crate) struct Answering {
    pub(crate) sent: Arc<Sent>,
    /// Of a stream.
    pub(crate) progress: Option<Arc<Progress>>,
    pub(crate) _call: InProgress,
}

impl Answering {
    pub(super) fn wrote(&self, bytes: usize) {
        self.sent.bytes.fetch_add(bytes as u64, Ordering::AcqRel);
    }

    pub(super) fn made(&self) {
        self.sent.made();
    }

    pub(super) fn is_made(&self) -> bool {
        self.sent.is_made.load(Ordering::Acquire)
    }

    /// All of it has left.
    pub(super) fn whole(&self) {
        self.sent.is_complete.store(true, Ordering::Release);
    }

    /// The connection ends, as was asked for.
    pub(super) fn broken(&self) {
        if let Some(progress) = self.progress.as_ref().filter(|_| !self.sent.is_complete()) {
            progress.cut();
        }
    }
}

/// A call from the arrival of its head until its answer has left, or is lost.
pub(crate) struct InProgress(Arc<Endpoint>);

impl InProgress {
    pub(crate) fn new(endpoint: &Arc<Endpoint>) -> Self {
        endpoint.calls.send_modify(|calls| *calls += 1);
        Self(Arc::clone(endpoint))
    }
}

impl Drop for InProgress {
    fn drop(&mut self) {
        self.0.calls.send_modify(|calls| *calls -= 1);
    }
}
