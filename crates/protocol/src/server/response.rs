//! The builder of responses.

use bytes::Bytes;
use http::StatusCode;
use http::header::{HeaderName, HeaderValue};

use crate::error::ModeledError;
use crate::event_stream;
use crate::json;
use crate::message::MessageBuilder;
use crate::operation::Response;

/// Builds a response. Add the headers first. The function that adds the payload completes the response.
pub type ResponseBuilder = MessageBuilder<StatusCode>;

impl ResponseBuilder {
    /// Creates a response without headers. An invalid status becomes 500.
    pub fn new(status: u16) -> Self {
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        Self::with_head(status)
    }

    /// Completes a response without a payload.
    pub fn empty(self) -> Response {
        self.finish(Bytes::new())
    }

    /// Completes a response whose payload is a blob or text. If `value` is `None`, the response has no
    /// payload and no content type.
    pub fn payload(mut self, value: Option<Bytes>, content_type: &'static str) -> Response {
        let Some(value) = value else { return self.empty() };
        self.default_content_type(content_type);
        self.finish(value)
    }

    /// Completes a response whose payload is JSON. If a document is nested too deeply, the response has the
    /// status 500 and no payload, because the client could not parse the document.
    pub fn json(mut self, write: impl FnOnce(&mut Vec<u8>)) -> Response {
        self.default_content_type("application/json");
        let mut body = Vec::new();
        write(&mut body);
        if json::write::check(&body).is_err() {
            return Self::new(500).empty();
        }
        self.finish(body.into())
    }

    /// Completes the head of a response whose payload is an event stream. The events follow later.
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

/// Creates a response with the status of a modeled error. Sets the header `X-Amzn-ErrorType` to the code of
/// the error.
///
/// <https://smithy.io/2.0/aws/protocols/aws-restjson1-protocol.html#operation-error-serialization>
pub fn modeled_error<E: ModeledError>(_: &E) -> ResponseBuilder {
    let mut response = ResponseBuilder::new(E::STATUS);
    let code = HeaderValue::from_static(E::CODE);
    response.headers.insert(HeaderName::from_static("x-amzn-errortype"), code);
    response
}
