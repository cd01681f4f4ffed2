//! Errors of serialization.

use std::fmt;

/// An error about a message that cannot be serialized. The error text contains the name of the member, but
/// never the value of the member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SerializeError {
    member: &'static str,
    kind: SerializeErrorKind,
}

impl SerializeError {
    /// Creates an error for a member.
    pub fn new(member: &'static str, kind: SerializeErrorKind) -> Self {
        Self { member, kind }
    }

    /// Returns the name of the member in the model. The name is empty if the error does not concern a single
    /// member.
    pub fn member(&self) -> &'static str {
        self.member
    }

    /// Returns the kind of the problem.
    pub fn kind(&self) -> &SerializeErrorKind {
        &self.kind
    }
}

impl fmt::Display for SerializeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.member {
            "" => self.kind.fmt(f),
            member => write!(f, "`{member}` {}", self.kind),
        }
    }
}

impl std::error::Error for SerializeError {}

/// The problem with a member or with the entire request. The caller must change the input.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SerializeErrorKind {
    /// A required member is not set.
    #[error("is required and was not set")]
    Missing,
    /// A label is empty. An empty label would change the path.
    /// <https://smithy.io/2.0/spec/http-bindings.html#httplabel-trait>
    #[error("is empty, but it is part of the request path: set a value")]
    EmptyLabel,
    /// A label is `.` or `..`. Software that normalizes paths removes a `.` segment. It removes a `..`
    /// segment together with the segment before it. Percent-encoding does not prevent this, because dots are
    /// unreserved characters.
    ///
    /// <https://www.rfc-editor.org/rfc/rfc3986#section-5.2.4>
    #[error("is `.` or `..`, which would change the request path: set another value")]
    DotSegment,
    /// The value of a member is used as a label of the host name, but is not a valid label.
    ///
    /// <https://smithy.io/2.0/spec/endpoint-traits.html#hostlabel-trait>
    #[error(
        "is part of the host name of the request: use 1 to 63 letters, digits and hyphens, without a hyphen at \
         either end"
    )]
    HostLabel,
    /// An event header is too long. A name can have at most 255 bytes, and a value can have at most 32,767
    /// bytes.
    #[error("cannot be an event header: {0}")]
    EventHeader(String),
    /// An event is longer than an event stream permits.
    #[error("is too long for an event stream: {0}")]
    EventLength(String),
    /// A header value contains a control character: <https://www.rfc-editor.org/rfc/rfc9110#section-5.5>.
    #[error("contains a control character, which is not allowed in the header `{header}`: remove it")]
    HeaderValue {
        /// Name of the header.
        header: String,
    },
    /// A key of a map is not valid in a header name. The model binds the map to headers with a prefix.
    /// <https://www.rfc-editor.org/rfc/rfc9110#section-5.1>
    #[error("has a key that is not valid in a header name after `{prefix}`: use letters, digits and hyphens")]
    HeaderName {
        /// Prefix of the header names.
        prefix: String,
    },
    /// The value cannot be serialized to JSON, for example because a key of a map is not a string.
    #[error("cannot be serialized to JSON: {0}")]
    Json(String),
    /// A document has more nested arrays and objects than [`MAX_DEPTH`](crate::json::MAX_DEPTH).
    #[error("a document is nested too deeply: use at most 256 levels of arrays and objects")]
    TooDeep,
    /// The caller of this crate rejected the value.
    #[error("{0}")]
    Invalid(String),
    /// The path and query do not form a valid request target. This problem does not concern a single member.
    #[error("the path and query of the request are not a valid request target: {0}")]
    Target(String),
}
