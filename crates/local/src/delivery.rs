//! The progress of a response from the handler to the socket.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::SystemTime;

use crate::client_activity::ActivityGuard;
use crate::connections::ConnectionCounter;
use crate::gauge::GaugeGuard;
use crate::state::EndpointState;
use crate::stream::StreamProgress;

/// The progress of a response, shared by the call log, the body and the connection.
#[derive(Debug, Default)]
pub(crate) struct ResponseProgress {
    /// The [number](crate::CallRecord::number) of the call, or 0 before the call is in the log.
    number: AtomicU64,
    bytes_sent: AtomicU64,
    is_generated: AtomicBool,
    is_complete: AtomicBool,
    first_byte: OnceLock<SystemTime>,
    end: OnceLock<SystemTime>,
    /// The numbers of input and output tokens, if they are known only when the response is generated.
    tokens: OnceLock<(u64, u64)>,
}

impl ResponseProgress {
    pub(crate) fn set_number(&self, number: u64) {
        self.number.store(number, Ordering::Release);
    }

    pub(crate) fn number(&self) -> u64 {
        self.number.load(Ordering::Acquire)
    }

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

    /// Returns the time at which the first byte was written.
    pub(crate) fn first_byte(&self) -> Option<SystemTime> {
        self.first_byte.get().copied()
    }

    /// Records the time at which the response was sent or lost. Only the first call has an effect.
    pub(crate) fn set_end(&self, time: SystemTime) {
        let _ = self.end.set(time);
    }

    /// Records the numbers of input and output tokens. Only the first call with numbers has an effect.
    pub(crate) fn set_tokens(&self, tokens: Option<(u64, u64)>) {
        if let Some(tokens) = tokens {
            let _ = self.tokens.set(tokens);
        }
    }

    /// Returns the numbers of input and output tokens, if they were recorded.
    pub(crate) fn tokens(&self) -> Option<(u64, u64)> {
        self.tokens.get().copied()
    }

    /// Returns the time at which the response was sent or lost.
    pub(crate) fn end(&self) -> Option<SystemTime> {
        self.end.get().copied()
    }
}

/// A response that a connection is sending.
pub(crate) struct ResponseDelivery {
    progress: Arc<ResponseProgress>,
    /// The progress of the stream. It is set only for streaming responses.
    stream: Option<Arc<StreamProgress>>,
    call: Option<CallInProgress>,
    /// Marks the connection as active until the response was sent or lost.
    _activity: ActivityGuard,
}

/// A call whose response has not been sent or lost yet.
struct CallInProgress {
    endpoint: Arc<EndpointState>,
    _calls: GaugeGuard,
}

impl ResponseDelivery {
    /// Creates the delivery of the response to a call. The call ends when the delivery is dropped.
    pub(crate) fn of_call(
        endpoint: Arc<EndpointState>,
        calls: GaugeGuard,
        activity: ActivityGuard,
        progress: Arc<ResponseProgress>,
        stream: Option<Arc<StreamProgress>>,
    ) -> Self {
        let call = Some(CallInProgress { endpoint, _calls: calls });
        Self { progress, stream, call, _activity: activity }
    }

    /// Creates the delivery of a response that is not the response to a call.
    pub(crate) fn unrecorded(progress: Arc<ResponseProgress>, activity: ActivityGuard) -> Self {
        Self { progress, stream: None, call: None, _activity: activity }
    }

    pub(crate) fn add_sent(&self, bytes: usize) {
        if let Some(call) = self.call.as_ref().filter(|_| self.progress.first_byte.get().is_none()) {
            let _ = self.progress.first_byte.set(call.endpoint.clock.now());
        }
        self.progress.bytes_sent.fetch_add(bytes as u64, Ordering::AcqRel);
    }

    pub(crate) fn set_generated(&self) {
        self.progress.set_generated();
    }

    pub(crate) fn is_generated(&self) -> bool {
        self.progress.is_generated.load(Ordering::Acquire)
    }

    /// Records that the complete response was sent, and counts the response to a call.
    pub(crate) fn complete(&self, counter: &ConnectionCounter) {
        self.progress.is_complete.store(true, Ordering::Release);
        if self.call.is_some() {
            counter.add_response();
        }
    }

    /// Records that the connection ends because of an injected fault.
    pub(crate) fn set_broken(&self) {
        if let Some(stream) = self.stream.as_ref().filter(|_| !self.progress.is_complete()) {
            stream.set_truncated();
        }
    }
}

impl Drop for ResponseDelivery {
    /// Ends the call.
    fn drop(&mut self) {
        if let Some(CallInProgress { endpoint, .. }) = &self.call {
            endpoint.log.end(&self.progress, endpoint.clock.now());
        }
    }
}
