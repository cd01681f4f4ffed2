//! Why an input cannot be put on the wire.

/// An input member that cannot stand where the model binds it. Never holds the member's value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{member}` {kind}")]
pub struct SerializeError {
    member: &'static str,
    kind: SerializeErrorKind,
}

impl SerializeError {
    /// A fault in the member of that name.
    pub fn new(member: &'static str, kind: SerializeErrorKind) -> Self {
        Self { member, kind }
    }

    /// The member, by its name in the model.
    pub fn member(&self) -> &'static str {
        self.member
    }

    /// What is wrong with it.
    pub fn kind(&self) -> &SerializeErrorKind {
        &self.kind
    }
}

/// What is wrong with an input member. The caller is at fault, and nothing was sent.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SerializeErrorKind {
    /// A required member was not given.
    #[error("is required and was not given: set it before the call")]
    Missing,
    /// A label is empty, which would change the path.
    /// <https://smithy.io/2.0/spec/http-bindings.html#httplabel-trait>
    #[error("is empty: it stands in the path of the request, so give a value")]
    EmptyLabel,
    /// A label is `.` or `..`, which whoever normalises the path takes out of it, and a neighbour with it (RFC 3986
    /// section 5.2.4). No percent-encoding prevents that, as both dots are unreserved.
    #[error("is a dot segment, `.` or `..`, which would change the path of the request: give another value")]
    DotSegment,
    /// A value that stands in the host name is no label of one.
    /// <https://smithy.io/2.0/spec/endpoint-traits.html#hostlabel-trait>
    #[error(
        "stands in the host name of the request, so it takes 1 to 63 letters, digits and hyphens, no hyphen at either \
         end"
    )]
    HostLabel,
    /// A value that no header of an event can carry: names are at most 255 bytes, values 32,767.
    #[error("cannot be a header of an event: {0}")]
    EventHeader(String),
    /// A field value has a character that RFC 9110 section 5.5 forbids.
    #[error(
        "has a character that a `{field}` header field cannot carry (control characters are not allowed): remove it"
    )]
    FieldValue {
        /// The header field.
        field: String,
    },
    /// A key of a map bound to prefixed fields is no field name (RFC 9110 section 5.1).
    #[error("has a key that makes no header field name behind `{prefix}`: use letters, digits and hyphens")]
    FieldName {
        /// The prefix of the fields.
        prefix: String,
    },
    /// The path and query do not make a request target.
    #[error("makes a request target that is not valid: {0}")]
    Target(String),
}
