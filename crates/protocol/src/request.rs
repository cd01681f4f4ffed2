//! The builder of requests.

use bytes::Bytes;
use http::Method;

use crate::error::{SerializeError, SerializeErrorKind};
use crate::event_stream;
use crate::json;
use crate::message::MessageBuilder;
use crate::operation::Request;
use crate::route::TargetBuilder;

/// Builds a request. Add the headers first. The function that adds the payload completes the request.
pub type RequestBuilder = MessageBuilder<RequestHead>;

/// The method and target of a request.
#[derive(Debug)]
pub struct RequestHead {
    method: Method,
    target: TargetBuilder,
}

impl RequestBuilder {
    /// Creates a request without headers.
    pub fn new(method: Method, target: TargetBuilder) -> Self {
        Self::with_head(RequestHead { method, target })
    }

    /// Completes a request without a payload.
    ///
    /// # Errors
    /// Returns an error if the path and query do not form a valid request target.
    pub fn empty(self) -> Result<Request, SerializeError> {
        self.finish(Bytes::new())
    }

    /// Completes a request whose payload is a blob or text. If `value` is `None`, the request has no payload
    /// and no content type.
    ///
    /// # Errors
    /// Returns an error if the path and query do not form a valid request target.
    pub fn payload(
        mut self,
        value: Option<Bytes>,
        content_type: &'static str,
    ) -> Result<Request, SerializeError> {
        let Some(value) = value else { return self.empty() };
        self.default_content_type(content_type);
        self.finish(value)
    }

    /// Completes a request whose payload is JSON.
    ///
    /// # Errors
    /// Returns an error if the path and query do not form a valid request target, or if a document is nested
    /// too deeply.
    pub fn json(mut self, write: impl FnOnce(&mut Vec<u8>)) -> Result<Request, SerializeError> {
        self.default_content_type("application/json");
        let mut body = Vec::with_capacity(256);
        write(&mut body);
        json::write::check(&body)?;
        self.finish(body.into())
    }

    /// Completes the head of a request whose payload is an event stream. The events follow later.
    ///
    /// # Errors
    /// Returns an error if the path and query do not form a valid request target.
    pub fn events(mut self) -> Result<Request, SerializeError> {
        self.default_content_type(event_stream::CONTENT_TYPE);
        self.finish(Bytes::new())
    }

    fn finish(self, body: Bytes) -> Result<Request, SerializeError> {
        let uri = http::Uri::try_from(self.head.target.into_string())
            .map_err(|source| SerializeError::new("", SerializeErrorKind::Target(source.to_string())))?;
        let mut request = Request::new(body);
        *request.method_mut() = self.head.method;
        *request.uri_mut() = uri;
        *request.headers_mut() = self.headers;
        Ok(request)
    }
}
