//! The trait of the compared clients.

use std::future::Future;
use std::path::Path;

use bytes::Bytes;

use crate::monotonic_time;

/// A client in the comparison. Its methods panic on errors, because failed calls are not measured.
pub trait Client: Clone + Send + Sync + 'static {
    /// Creates a client as its documentation describes, with static credentials.
    fn new(endpoint: &str) -> Self;

    /// Calls `InvokeModel`, and returns the length of the response body.
    fn call(&self, model_id: &str, body: Bytes) -> impl Future<Output = usize> + Send;

    /// Calls `InvokeModel` with a body from a file, in the way that needs the least memory.
    fn call_with_file(&self, model_id: &str, path: &Path) -> impl Future<Output = usize> + Send;

    /// Calls `InvokeModelWithResponseStream`, and reads the complete stream.
    fn stream(&self, model_id: &str, body: Bytes) -> impl Future<Output = Streamed> + Send;

    /// Calls `InvokeModelWithResponseStream`, and returns the arrival of each event.
    fn arrivals(&self, model_id: &str, body: Bytes) -> impl Future<Output = Vec<Arrival>> + Send;

    /// Calls `Converse` with [`MESSAGES`](crate::MESSAGES), and returns the length of the text in the response.
    ///
    /// Only `invoke-model-client` implements this method and the methods below.
    fn converse(&self, _model_id: &str) -> impl Future<Output = usize> + Send {
        async { panic!("this client does not implement `Converse`") }
    }

    /// Calls `ConverseStream` with [`MESSAGES`](crate::MESSAGES), and reads the complete stream.
    fn converse_stream(&self, _model_id: &str) -> impl Future<Output = Streamed> + Send {
        async { panic!("this client does not implement `ConverseStream`") }
    }

    /// Calls `Converse` by its name, with the same messages as JSON. Returns the length of the text in the response.
    fn converse_by_name(&self, _model_id: &str) -> impl Future<Output = usize> + Send {
        async { panic!("this client does not implement calls by name") }
    }

    /// Calls `ConverseStream` by its name, with the same messages as JSON, and reads the complete stream.
    fn converse_stream_by_name(&self, _model_id: &str) -> impl Future<Output = Streamed> + Send {
        async { panic!("this client does not implement calls by name") }
    }
}

/// Arrival of an event at the caller.
#[derive(Clone, Debug)]
pub struct Arrival {
    /// Time of the arrival: see [`monotonic_time`](crate::monotonic_time).
    pub time: u64,
    /// The bytes of the event. A client that does not decode events returns the frame.
    pub bytes: Bytes,
}

impl Arrival {
    /// Records the arrival of an event at this time.
    pub fn now(bytes: Bytes) -> Self {
        Self { time: monotonic_time(), bytes }
    }
}

/// Content of a stream.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Streamed {
    /// Number of events. A client that does not decode events counts data frames of the body.
    pub events: usize,
    /// Number of bytes in the events.
    pub bytes: usize,
}
