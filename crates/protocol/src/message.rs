//! The header fields of a request or response, written member by member.

use std::borrow::Cow;
use std::collections::BTreeMap;

use http::HeaderMap;
use http::header::{CONTENT_TYPE, HeaderName, HeaderValue};

use crate::{SerializeError, fields};

/// The fields of most messages, with those that whoever sends them adds: they are allocated once.
const ROOM: usize = 12;

/// A message without its payload: what a request or a response begins with, and its fields.
#[derive(Debug)]
pub struct MessageBuilder<H> {
    pub(crate) head: H,
    pub(crate) headers: HeaderMap,
}

impl<H> MessageBuilder<H> {
    pub(crate) fn with_head(head: H) -> Self {
        Self { head, headers: HeaderMap::with_capacity(ROOM) }
    }

    /// A member bound to a header field, and whether it is there; nothing when it is not set.
    /// <https://smithy.io/2.0/spec/http-bindings.html#httpheader-trait>
    ///
    /// # Errors
    /// The value has a character that no field value can have.
    pub fn field<T>(
        &mut self,
        name: HeaderName,
        member: &'static str,
        value: Option<&T>,
        write: impl Fn(&T) -> Cow<'_, str>,
    ) -> Result<bool, SerializeError> {
        fields::insert(&mut self.headers, name, member, value, write)
    }

    /// A list bound to a header field, its elements behind one another with commas between.
    ///
    /// # Errors
    /// As for [`field`](Self::field).
    pub fn list_field<T>(
        &mut self,
        name: HeaderName,
        member: &'static str,
        values: Option<&Vec<T>>,
        write: impl Fn(&T) -> Cow<'_, str>,
    ) -> Result<bool, SerializeError> {
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

    /// Says that the member bound to a field is sensitive.
    pub fn sensitive(&mut self, name: HeaderName) {
        fields::mark_sensitive(&mut self.headers, name);
    }

    /// A field that has a value of its own where no member says another.
    pub fn default_field(&mut self, name: HeaderName, value: &'static str) {
        self.headers.entry(name).or_insert_with(|| HeaderValue::from_static(value));
    }

    /// A content type that a member has set stands above that of the protocol.
    /// <https://smithy.io/2.0/aws/protocols/aws-restjson1-protocol.html#content-type>
    pub(crate) fn default_content_type(&mut self, content_type: &'static str) {
        self.headers.entry(CONTENT_TYPE).or_insert_with(|| HeaderValue::from_static(content_type));
    }
}
