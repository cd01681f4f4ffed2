//! What is known about a call on its way, for its error.

use http::{HeaderMap, StatusCode, Uri};
use invoke_model_protocol::Operation;

use crate::Client;
use crate::error::{Context, Error, ErrorKind};

/// How far a call got. It costs nothing until it becomes the [`Context`] of an error.
pub(super) struct Trail {
    client: Client,
    /// As serialized: path and query, without the endpoint's base path.
    pub(super) target: Option<Uri>,
    /// How often the request was sent.
    pub(super) attempts: u32,
    /// From the head of the answer.
    answer: Option<(StatusCode, Option<String>)>,
}

impl Trail {
    pub(super) fn new(client: Client) -> Self {
        Self { client, target: None, attempts: 0, answer: None }
    }

    /// The head of an answer is there.
    pub(super) fn answered<B>(&mut self, response: &http::Response<B>) {
        let request_id = request_id(response.headers()).map(str::to_owned);
        let span = tracing::Span::current();
        span.record("status", response.status().as_u16());
        span.record("request_id", request_id.as_deref());
        self.answer = Some((response.status(), request_id));
    }

    /// The call ends here.
    pub(super) fn error<O: Operation>(&self, kind: ErrorKind<O::Error>) -> Error<O::Error> {
        let path = self.target.as_ref().map_or("", Uri::path);
        let labels = O::ROUTE.labels(path).unwrap_or_default();
        let config = self.client.config();
        let context = Context {
            operation: O::NAME,
            region: config.region().map(str::to_owned),
            endpoint: config.endpoint_url(),
            labels: labels.into_iter().map(|(name, value)| (name, value.into_owned())).collect(),
            attempts: self.attempts,
            status: self.answer.as_ref().map(|(status, _)| *status),
            request_id: self.answer.as_ref().and_then(|(_, id)| id.clone()),
        };
        Error::new(kind, context)
    }
}

/// The id under which the service knows the request.
fn request_id(headers: &HeaderMap) -> Option<&str> {
    let names = ["x-amzn-requestid", "x-amz-request-id"];
    names.iter().find_map(|name| headers.get(*name)?.to_str().ok())
}
