//! Why a message cannot be taken off the wire.

use std::fmt;

use crate::timestamp::Format;

/// A member that is not of its shape, named by the path of members to it. Never holds a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseError {
    path: String,
    kind: ParseErrorKind,
}

impl ParseError {
    /// A fault in the member of that name.
    pub fn new(member: &str, kind: ParseErrorKind) -> Self {
        Self { path: member.to_owned(), kind }
    }

    /// The members that lead to the fault: `message.content[3].text`; empty for the message as a whole.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// What is wrong there.
    pub fn kind(&self) -> &ParseErrorKind {
        &self.kind
    }

    /// The same fault seen from the structure that has the member.
    #[must_use]
    pub fn in_member(mut self, name: &str) -> Self {
        let dot = if self.path.is_empty() || self.path.starts_with('[') { "" } else { "." };
        self.path.insert_str(0, dot);
        self.path.insert_str(0, name);
        self
    }

    /// The same fault seen from the list that has the element.
    #[must_use]
    pub fn in_element(self, index: usize) -> Self {
        self.in_member(&format!("[{index}]"))
    }

    /// The same fault seen from the map that has the key. Keys can be data, so the path says only that it is a map's.
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

/// What is wrong with a part of a message. The sender is at fault, or this crate's model is older than the sender's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ParseErrorKind {
    /// The body is not JSON.
    #[error("the body is not JSON (line {line}, column {column})")]
    NotJson {
        /// Line of the fault, from 1.
        line: usize,
        /// Column of the fault, from 1.
        column: usize,
    },
    /// A JSON value of another type.
    #[error("expected {expected}, found {found}")]
    Type {
        /// What the model says.
        expected: &'static str,
        /// What stands there.
        found: &'static str,
    },
    /// A number outside the range of its type.
    #[error("the number does not fit {expected}")]
    Range {
        /// The type.
        expected: &'static str,
    },
    /// A text that is not a value of its type.
    #[error("the text is not {expected}")]
    Text {
        /// The type.
        expected: &'static str,
    },
    /// A blob that is not base64.
    #[error("the text is not base64")]
    Base64,
    /// A text or number that is not a timestamp.
    #[error("not a timestamp of format {format:?}")]
    Timestamp {
        /// The format that the model states.
        format: Format,
    },
    /// A union with no member set, or several.
    #[error("a union has one member set, this has {found}")]
    Union {
        /// How many are set.
        found: usize,
    },
    /// A required member that is absent, where no stand-in is right.
    #[error("is required and absent")]
    Missing,
    /// A header field with bytes that are not UTF-8.
    #[error("the header field is not UTF-8")]
    FieldNotText,
    /// A request's target that is not the operation's.
    #[error("the request is not one of this operation: {expected}")]
    Target {
        /// Method and path template.
        expected: String,
    },
}
