//! The progress of a response from the handler to the socket.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use crate::gauge::GaugeGuard;
use crate::stream::StreamProgress;

/// The progress of a response, shared by the call log, the body and the connection.
#[derive(Debug, Default)]
pub(crate) struct ResponseProgress {
    bytes_sent: AtomicU64,
    is_generated: AtomicBool,
    is_complete: AtomicBool,
}

impl ResponseProgress {
    /// Records that the last byte of the response was generated.
    pub(crate) fn set_generated(&self) {
        self.is_generated.store(true, Ordering::Release);
    }

    /// Returns the number of bytes that were written to the socket, including the head.
    pub(crate) fn bytes_sent(&self) -> u64 {
        self.bytes_sent.load(Ordering::Acquire)
    }

    /// Returns `true` if the complete response was written to the socket.
    pub(crate) fn is_complete(&self) -> bool {
        self.is_complete.load(Ordering::Acquire)
    }
}

/// A response that a connection is sending.
pub(crate) struct ResponseDelivery {
    pub(crate) progress: Arc<ResponseProgress>,
    /// The progress of the stream. It is set only for streaming responses.
    pub(crate) stream: Option<Arc<StreamProgress>>,
    /// A guard that counts the call as in progress until the response has been sent or lost.
    pub(crate) _call: GaugeGuard,
}

impl ResponseDelivery {
    pub(crate) fn add_sent(&self, bytes: usize) {
        self.progress.bytes_sent.fetch_add(bytes as u64, Ordering::AcqRel);
    }

    pub(crate) fn set_generated(&self) {
        self.progress.set_generated();
    }

    pub(crate) fn is_generated(&self) -> bool {
        self.progress.is_generated.load(Ordering::Acquire)
    }

    pub(crate) fn set_complete(&self) {
        self.progress.is_complete.store(true, Ordering::Release);
    }

    /// Records that the connection ends because of an injected fault.
    pub(crate) fn set_broken(&self) {
        if let Some(stream) = self.stream.as_ref().filter(|_| !self.progress.is_complete()) {
            stream.set_truncated();
        }
    }
}
