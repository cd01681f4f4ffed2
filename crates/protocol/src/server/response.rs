//! A response, written member by member.

use bytes::Bytes;
use http::StatusCode;
use http::header::{HeaderName, HeaderValue};

use crate::{MessageBuilder, ModeledError, Response, event_stream};

/// Writes a response: fields first, then one of the payloads, which ends it.
pub type ResponseBuilder = MessageBuilder<StatusCode>;

impl ResponseBuilder {
    /// A response without fields. A status that is none becomes 500.
    pub fn new(status: u16) -> Self {
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        Self::with_head(status)
    }

    /// Ends a response that has no payload.
    pub fn empty(self) -> Response {
        self.finish(Bytes::new())
    }

    /// Ends a response whose payload is a blob or text as it is.
    pub fn payload(mut self, value: Option<Bytes>, content_type: &'static str) -> Response {
        let Some(value) = value else { return self.empty() };
        self.default_content_type(content_type);
        self.finish(value)
    }

    /// Ends a response whose payload is JSON.
    pub fn json(mut self, write: impl FnOnce(&mut Vec<u8>)) -> Response {
        self.default_content_type("application/json");
        let mut body = Vec::new();
        write(&mut body);
        self.finish(body.into())
    }

    /// Ends a response whose payload is a stream of events, which follow.
    pub fn events(mut self) -> Response {
        self.default_content_type(event_stream::CONTENT_TYPE);
        self.finish(Bytes::new())
    }

    fn finish(self, body: Bytes) -> Response {
        let mut response = Response::new(body);
        *response.status_mut() = self.head;
        *response.headers_mut() = self.headers;
        response
    }
}

/// A response that carries a modelled error: its status, and its code in `X-Amzn-ErrorType`.
/// <https://smithy.io/2.0/aws/protocols/aws-restjson1-protocol.html#operation-error-serialization>
pub fn modeled_error<E: ModeledError>(_: &E) -> ResponseBuilder {
    let mut response = ResponseBuilder::new(E::STATUS);
    let code = HeaderValue::from_static(E::CODE);
    response.headers.insert(HeaderName::from_static("x-amzn-errortype"), code);
    response
}
