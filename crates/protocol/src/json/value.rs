//! A value in parsed JSON text.

use std::borrow::Cow;
use std::fmt;

use super::scan::Node;
use crate::error::{ParseError, ParseErrorKind};

/// A value in parsed JSON text.
///
/// Responses and events are parsed into one list of nodes. A value borrows its nodes from this list, and its
/// strings from the text. Therefore parsing does not allocate memory for each name and string. `Debug` prints
/// only the type, because the value may be sensitive.
#[derive(Clone, Copy)]
pub struct BorrowedValue<'a>(pub(super) &'a [Node<'a>]);

impl<'a> BorrowedValue<'a> {
    /// Returns the node of the value.
    pub(super) fn node(self) -> Node<'a> {
        self.0.first().copied().unwrap_or(Node::Null)
    }

    /// Returns `true` for `null`.
    pub(crate) fn is_null(self) -> bool {
        matches!(self.node(), Node::Null)
    }

    /// Returns the text of a string.
    ///
    /// # Errors
    /// Returns an error if the value is not a string, or if the string contains half of a surrogate pair.
    pub(super) fn text(self) -> Result<Cow<'a, str>, ParseError> {
        // The body is UTF-8, so only escape sequences can cause an error.
        let text = match self.node() {
            Node::Plain(text) => Some(Cow::Borrowed(text)),
            Node::Escaped(json) => serde_json::from_str(json).ok().map(Cow::Owned),
            _ => return Err(self.unexpected("a string").into()),
        };
        text.ok_or_else(|| ParseErrorKind::Text { expected: "Unicode" }.into())
    }

    /// Returns the values in an array, or the names and values in an object.
    pub(super) fn values(self) -> Values<'a> {
        Values(self.0.get(1..).unwrap_or_default())
    }

    /// Returns the error for a value of the wrong type.
    pub(super) fn unexpected(self, expected: &'static str) -> ParseErrorKind {
        ParseErrorKind::Type { expected, found: self.type_name() }
    }

    /// Returns the JSON type, for error messages.
    fn type_name(self) -> &'static str {
        match self.node() {
            Node::Null => "null",
            Node::Bool(_) => "a boolean",
            Node::Number(_) => "a number",
            Node::Plain(_) | Node::Escaped(_) => "a string",
            Node::Array(_) => "an array",
            Node::Object(_) => "an object",
        }
    }
}

impl fmt::Debug for BorrowedValue<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.type_name())
    }
}

/// An iterator over consecutive values.
pub(crate) struct Values<'a>(&'a [Node<'a>]);

impl<'a> Iterator for Values<'a> {
    type Item = BorrowedValue<'a>;

    fn next(&mut self) -> Option<Self::Item> {
        let (value, rest) = self.0.split_at_checked(self.0.first()?.count())?;
        self.0 = rest;
        Some(BorrowedValue(value))
    }
}
