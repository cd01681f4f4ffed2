//! The builder of requests and responses. It writes the headers member by member.

use std::borrow::Cow;
use std::collections::BTreeMap;

use http::HeaderMap;
use http::header::{CONTENT_TYPE, HeaderName, HeaderValue};

use crate::error::SerializeError;
use crate::headers;

/// The initial capacity of the header map. Most messages have fewer headers, including the headers that a
/// client adds later. For these messages, the map is allocated only once.
const HEADER_CAPACITY: usize = 12;

/// Builds a request or a response with the head `H`. Add the headers first, then the payload.
#[derive(Debug)]
pub struct MessageBuilder<H> {
    pub(crate) head: H,
    pub(crate) headers: HeaderMap,
}

impl<H> MessageBuilder<H> {
    pub(crate) fn with_head(head: H) -> Self {
        Self { head, headers: HeaderMap::with_capacity(HEADER_CAPACITY) }
    }

    /// Sets a header to the value of a member. Returns `true` if the member is set.
    ///
    /// <https://smithy.io/2.0/spec/http-bindings.html#httpheader-trait>
    ///
    /// # Errors
    /// Returns an error if the value contains a character that is not allowed in header values.
    pub fn header<T>(
        &mut self,
        name: HeaderName,
        member: &'static str,
        value: Option<&T>,
        write: impl Fn(&T) -> Cow<'_, str>,
    ) -> Result<bool, SerializeError> {
        headers::insert(&mut self.headers, name, member, value, write)
    }

    /// Sets a header to the elements of a list, separated by commas. Returns `true` if the member is set.
    ///
    /// # Errors
    /// See [`header`](Self::header).
    pub fn header_list<T>(
        &mut self,
        name: HeaderName,
        member: &'static str,
        values: Option<&Vec<T>>,
        write: impl Fn(&T) -> Cow<'_, str>,
    ) -> Result<bool, SerializeError> {
        headers::insert_list(&mut self.headers, name, member, values, write)
    }

    /// Sets one header for each entry of a map. The header name consists of `prefix` and the key. Does not
    /// change a header that another member has already set.
    ///
    /// <https://smithy.io/2.0/spec/http-bindings.html#httpprefixheaders-trait>
    ///
    /// # Errors
    /// See [`header`](Self::header). Also returns an error if `prefix` and a key do not form a valid header
    /// name.
    pub fn prefixed_headers(
        &mut self,
        prefix: &'static str,
        member: &'static str,
        values: Option<&BTreeMap<String, String>>,
    ) -> Result<(), SerializeError> {
        headers::insert_prefixed(&mut self.headers, prefix, member, values)
    }

    /// Marks a header as sensitive, because its member is sensitive in the model.
    pub fn sensitive(&mut self, name: HeaderName) {
        headers::mark_sensitive(&mut self.headers, name);
    }

    /// Sets a header to a constant. Does not change the header if a member has already set it.
    pub fn default_header(&mut self, name: HeaderName, value: &'static str) {
        self.headers.entry(name).or_insert_with(|| HeaderValue::from_static(value));
    }

    /// Sets the content type of the protocol. Does not change the content type if a member has already set
    /// it.
    ///
    /// <https://smithy.io/2.0/aws/protocols/aws-restjson1-protocol.html#content-type>
    pub(crate) fn default_content_type(&mut self, content_type: &'static str) {
        self.headers.entry(CONTENT_TYPE).or_insert_with(|| HeaderValue::from_static(content_type));
    }
}
