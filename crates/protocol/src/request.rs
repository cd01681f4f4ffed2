//! A request, written member by member.

use std::borrow::Cow;
use std::collections::BTreeMap;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderValue};
use http::{HeaderMap, Method};

use crate::{Request, SerializeError, SerializeErrorKind, TargetBuilder, fields};

/// Writes a request: fields first, then one of the payloads, which ends it.
#[derive(Debug)]
pub struct RequestBuilder {
    method: Method,
    target: TargetBuilder,
    headers: HeaderMap,
}

impl RequestBuilder {
    /// A request without fields.
    pub fn new(method: Method, target: TargetBuilder) -> Self {
        Self { method, target, headers: HeaderMap::new() }
    }

    /// A member bound to a header field; nothing when it is not set.
    /// <https://smithy.io/2.0/spec/http-bindings.html#httpheader-trait>
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

    /// A list bound to a header field, its elements behind one another with commas between.
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

    /// A map bound to all fields of a prefix. What another member has set stays.
    /// <https://smithy.io/2.0/spec/http-bindings.html#httpprefixheaders-trait>
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

    /// Ends a request that has no payload.
    ///
    /// # Errors
    /// Path and query make no request target.
    pub fn empty(self) -> Result<Request, SerializeError> {
        self.finish(Bytes::new())
    }

    /// Ends a request whose payload is a blob or text as it is. Without a value there is no content type either.
    ///
    /// # Errors
    /// Path and query make no request target.
    pub fn payload(
        mut self,
        value: Option<Bytes>,
        content_type: &'static str,
    ) -> Result<Request, SerializeError> {
        let Some(value) = value else { return self.empty() };
        self.default_content_type(content_type);
        self.finish(value)
    }

    /// Ends a request whose payload is JSON.
    ///
    /// # Errors
    /// Path and query make no request target.
    pub fn json(mut self, write: impl FnOnce(&mut Vec<u8>)) -> Result<Request, SerializeError> {
        self.default_content_type("application/json");
        let mut body = Vec::with_capacity(256);
        write(&mut body);
        self.finish(body.into())
    }

    /// A content type that a member has set stands above that of the protocol.
    /// <https://smithy.io/2.0/aws/protocols/aws-restjson1-protocol.html#content-type>
    fn default_content_type(&mut self, content_type: &'static str) {
        self.headers.entry(CONTENT_TYPE).or_insert(HeaderValue::from_static(content_type));
    }

    fn finish(self, body: Bytes) -> Result<Request, SerializeError> {
        let uri = http::Uri::try_from(self.target.into_string()).map_err(|source| {
            SerializeError::new("the request", SerializeErrorKind::Target(source.to_string()))
        })?;
        let mut request = Request::new(body);
        *request.method_mut() = self.method;
        *request.uri_mut() = uri;
        *request.headers_mut() = self.headers;
        Ok(request)
    }
}
