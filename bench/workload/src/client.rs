//! What a client has to be able to do.

use std::future::Future;
use std::path::Path;

use bytes::Bytes;

/// One of the clients that are compared. What fails panics: nothing is measured of a call that failed.
pub trait Client: Clone + Send + Sync + 'static {
    /// A client as its documentation says to make one, with static credentials.
    fn new(endpoint: &str) -> Self;

    /// `InvokeModel`; gives the length of the answer's body.
    fn call(&self, model_id: &str, body: Bytes) -> impl Future<Output = usize> + Send;

    /// The same with a body that is in a file, in the way that needs the least memory.
    fn call_with_file(&self, model_id: &str, path: &Path) -> impl Future<Output = usize> + Send;

    /// `InvokeModelWithResponseStream`, read to its end.
    fn stream(&self, model_id: &str, body: Bytes) -> impl Future<Output = Streamed> + Send;
}

/// What a stream gave.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Streamed {
    /// Events, as many as the client can tell: one that does not decode tells of pieces.
    pub events: usize,
    /// Bytes in them.
    pub bytes: usize,
}
