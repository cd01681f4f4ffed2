//! The source of the responses: the simulated models, another server, or recorded exchanges.

use std::error::Error;
use std::fmt;
use std::future::Future;
use std::pin::Pin;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::combinators::UnsyncBoxBody;

use crate::recording::{Recorder, Recordings};
use crate::upstream::Upstream;

/// An error of any kind.
pub type BoxError = Box<dyn Error + Send + Sync>;

/// The body of a response that another server sends.
pub type ForwardedBody = UnsyncBoxBody<Bytes, BoxError>;

/// The result of a request to another server. A response with any status is a success.
pub type ForwardFuture = Pin<Box<dyn Future<Output = Result<Response<ForwardedBody>, BoxError>> + Send>>;

/// A client that sends requests to another server. This crate does not contain such a client, so that tests do
/// not need TLS and credentials.
///
/// [`LocalEndpointBuilder::record`](crate::LocalEndpointBuilder::record) and
/// [`LocalEndpointBuilder::upstream`](crate::LocalEndpointBuilder::upstream) describe the requests.
pub trait Forward: fmt::Debug + Send + Sync + 'static {
    /// Sends a request. The future resolves when the head of the response has arrived.
    fn forward(&self, request: Request<Bytes>) -> ForwardFuture;
}

/// The source of the responses.
#[derive(Debug, Default)]
pub(crate) enum Backend {
    /// The endpoint simulates the models.
    #[default]
    Simulation,
    /// Another server answers, and the endpoint records the exchanges.
    Record(Recorder),
    /// The endpoint replays recorded exchanges.
    Replay(Recordings),
    /// A server with the API of OpenAI generates the replies of text models.
    Upstream(Upstream),
}
