//! Errors of parsing.

use std::fmt;

use crate::timestamp::Format;

/// An error about a message that does not match the model. The error text contains the path to the member,
/// but never the value of the member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseError {
    path: String,
    kind: ParseErrorKind,
}

impl ParseError {
    /// Creates an error for a member.
    pub fn new(member: &str, kind: ParseErrorKind) -> Self {
        Self { path: member.to_owned(), kind }
    }

    /// Returns the path to the member, for example `message.content[3].text`. The path is empty if the error
    /// does not concern a single member.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Returns the kind of the problem.
    pub fn kind(&self) -> &ParseErrorKind {
        &self.kind
    }

    /// Prepends the name of a structure member to the path.
    #[must_use]
    pub fn in_member(mut self, name: &str) -> Self {
        let dot = if self.path.is_empty() || self.path.starts_with('[') { "" } else { "." };
        self.path.insert_str(0, dot);
        self.path.insert_str(0, name);
        self
    }

    /// Prepends the index of a list element to the path.
    #[must_use]
    pub fn in_element(self, index: usize) -> Self {
        self.in_member(&format!("[{index}]"))
    }

    /// Prepends `[..]` to the path for a value in a map. The path omits the key, because keys can be
    /// sensitive.
    #[must_use]
    pub fn in_value(self) -> Self {
        self.in_member("[..]")
    }
}

impl From<ParseErrorKind> for ParseError {
    fn from(kind: ParseErrorKind) -> Self {
        Self { path: String::new(), kind }
    }
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.path.as_str() {
            "" => self.kind.fmt(f),
            path => write!(f, "`{path}`: {}", self.kind),
        }
    }
}

impl std::error::Error for ParseError {}

/// An error response of the service, or an error about a response that does not match the model.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ResponseError<E> {
    /// The service returned an error.
    #[error(transparent)]
    Service(E),
    /// The service returned a success status, but the response does not match the model.
    #[error("cannot parse the response: {0}")]
    Parse(ParseError),
}

/// The problem with a message or with one of its members. The problem occurs if the sender violates the
/// model, or uses a newer version of the model.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ParseErrorKind {
    /// The body is not JSON.
    #[error("the body is not JSON (line {line}, column {column})")]
    NotJson {
        /// Line of the error, from 1.
        line: usize,
        /// Column of the error, from 1.
        column: usize,
    },
    /// The body has more nested arrays and objects than [`MAX_DEPTH`](crate::json::MAX_DEPTH).
    #[error("the body is nested too deeply: at most 256 levels of arrays and objects are supported")]
    TooDeep,
    /// A value does not have the type that the model defines.
    #[error("expected {expected}, found {found}")]
    Type {
        /// Type in the model.
        expected: &'static str,
        /// Type in the message.
        found: &'static str,
    },
    /// A number is outside the range of its type, or has a fraction although the type is an integer.
    #[error("the number does not fit {expected}")]
    Range {
        /// Type in the model.
        expected: &'static str,
    },
    /// A text cannot be parsed as the type in the model.
    #[error("the text is not {expected}")]
    Text {
        /// Type in the model.
        expected: &'static str,
    },
    /// A blob is not base64.
    #[error("the text is not base64")]
    Base64,
    /// A text or number is not a timestamp.
    #[error("the value is not a timestamp in the format {format:?}")]
    Timestamp {
        /// Format in the model.
        format: Format,
    },
    /// A union has no members, or has more than one member.
    #[error("a union must have one member, but this union has {found}")]
    Union {
        /// Number of members.
        found: usize,
    },
    /// A union in a request has a member that is not in the model.
    #[error("the union has a member that is not in the model")]
    UnknownUnionMember,
    /// A list or map in a request contains a null, although it is not sparse.
    #[error("the list or map contains a null: remove it")]
    Null,
    /// A timestamp in a request is not in UTC, or has another form than `1985-04-12T23:20:50.52Z`.
    #[error("the timestamp must have the form 1985-04-12T23:20:50.52Z, with `Z` and without an offset")]
    NotUtc,
    /// A required member is missing and has no default value.
    #[error("the required value is missing")]
    Missing,
    /// A header value is not UTF-8.
    #[error("the header is not UTF-8")]
    HeaderNotUtf8,
    /// The caller of this crate rejected the value.
    #[error("{0}")]
    Invalid(String),
    /// The method or path of a request does not match the operation.
    #[error("the method or path does not match the operation `{expected}`")]
    Target {
        /// Method and path template of the operation.
        expected: String,
    },
}
