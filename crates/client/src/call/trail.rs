//! What is known about a call on its way, for its error.

use std::fmt;

use http::{HeaderMap, StatusCode, Uri};
use invoke_model_protocol::Operation;

use crate::Client;
use crate::error::{Context, Error, ErrorKind};
use crate::events::Received;

/// How far a call got. It costs nothing until it becomes the [`Context`] of an error.
#[derive(Clone)]
pub struct Trail {
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

    /// The id under which the service knows the request.
    pub(crate) fn request_id(&self) -> Option<&str> {
        self.answer.as_ref()?.1.as_deref()
    }

    /// The call ends here.
    pub(super) fn error<O: Operation>(&self, kind: ErrorKind<O::Error>) -> Error<O::Error> {
        Error::new(kind, self.context::<O>(None))
    }

    /// The call ends in the midst of its events.
    pub(crate) fn stream_error<O: Operation, E>(&self, kind: ErrorKind<E>, received: Received) -> Error<E> {
        Error::new(kind, self.context::<O>(Some(received)))
    }

    fn context<O: Operation>(&self, received: Option<Received>) -> Context {
        let path = self.target.as_ref().map_or("", Uri::path);
        let labels = O::ROUTE.labels(path).unwrap_or_default();
        let config = self.client.config();
        Context {
            operation: O::NAME,
            region: config.region().map(str::to_owned),
            endpoint: config.endpoint_url(),
            labels: labels.into_iter().map(|(name, value)| (name, value.into_owned())).collect(),
            attempts: self.attempts,
            status: self.answer.as_ref().map(|(status, _)| *status),
            request_id: self.request_id().map(str::to_owned),
            received,
        }
    }
}

impl fmt::Debug for Trail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Trail").field("attempts", &self.attempts).finish_non_exhaustive()
    }
}

/// The id under which the service knows the request.
fn request_id(headers: &HeaderMap) -> Option<&str> {
    let names = ["x-amzn-requestid", "x-amz-request-id"];
    names.iter().find_map(|name| headers.get(*name)?.to_str().ok())
}
