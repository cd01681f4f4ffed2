//! A response, written member by member.

use std::borrow::Cow;
use std::collections::BTreeMap;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use http::{HeaderMap, StatusCode};

use crate::{ModeledError, Response, SerializeError, fields};

/// Writes a response: fields first, then one of the payloads, which ends it.
#[derive(Debug)]
pub struct ResponseBuilder {
    status: StatusCode,
    headers: HeaderMap,
}

impl ResponseBuilder {
    /// A response without fields. A status that is none becomes 500.
    pub fn new(status: u16) -> Self {
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        Self { status, headers: HeaderMap::new() }
    }

    /// A member bound to a header field; nothing when it is not set.
    ///
    /// # Errors
    /// The value has a character that no field value can have.
    pub fn field<T>(
        &mut self,
        name: &'static str,
        member: &'static str,
        value: Option<&T>,
        write: impl Fn(&T) -> Cow<'_, str>,
    ) -> Result<(), SerializeError> {
        fields::insert(&mut self.headers, name, member, value, write)
    }

    /// Says that the member bound to a field is sensitive.
    pub fn sensitive(&mut self, name: &'static str) {
        fields::mark_sensitive(&mut self.headers, name);
    }

    /// A list bound to a header field.
    ///
    /// # Errors
    /// As for [`field`](Self::field).
    pub fn list_field<T>(
        &mut self,
        name: &'static str,
        member: &'static str,
        values: Option<&Vec<T>>,
        write: impl Fn(&T) -> Cow<'_, str>,
    ) -> Result<(), SerializeError> {
        fields::insert_list(&mut self.headers, name, member, values, write)
    }

    /// A map bound to all fields of a prefix.
    ///
    /// # Errors
    /// As for [`field`](Self::field), or a key that makes no field name.
    pub fn prefixed_fields(
        &mut self,
        prefix: &'static str,
        member: &'static str,
        values: Option<&BTreeMap<String, String>>,
    ) -> Result<(), SerializeError> {
        fields::insert_prefixed(&mut self.headers, prefix, member, values)
    }

    /// Ends a response that has no payload.
    pub fn empty(self) -> Response {
        self.finish(Bytes::new())
    }

    /// Ends a response whose payload is a blob or text as it is.
    pub fn payload(mut self, value: Option<Bytes>, content_type: &'static str) -> Response {
        let Some(value) = value else { return self.empty() };
        self.headers.entry(CONTENT_TYPE).or_insert(HeaderValue::from_static(content_type));
        self.finish(value)
    }

    /// Ends a response whose payload is JSON.
    pub fn json(mut self, write: impl FnOnce(&mut Vec<u8>)) -> Response {
        self.headers.entry(CONTENT_TYPE).or_insert(HeaderValue::from_static("application/json"));
        let mut body = Vec::new();
        write(&mut body);
        self.finish(body.into())
    }

    fn finish(self, body: Bytes) -> Response {
        let mut response = Response::new(body);
        *response.status_mut() = self.status;
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
