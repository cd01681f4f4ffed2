//! The violation of a constraint, and the formats of its message.

use std::fmt;

use super::constraint::{Constraint, SmithyWords};

/// Format of the paths and messages of violations.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum ViolationStyle {
    /// The format of AWS services. A path is `messages.1.member.content`, and the first element of a list has
    /// the number 1. A violation in an element, key or value names the list or map, and lists all constraints
    /// of its parts.
    #[default]
    Aws,
    /// The format of the server frameworks of Smithy. A path is a JSON pointer such as `/messages/0/content`.
    /// A violation in an element or value names this element or value.
    ///
    /// <https://www.rfc-editor.org/rfc/rfc6901>
    Smithy,
}

/// The violation of a constraint by a member. The violation does not contain the value of the member.
#[derive(Clone, Debug, PartialEq)]
pub struct Violation {
    /// Path to the member in the format of the [`ViolationStyle`].
    pub member: String,
    /// Violated constraint.
    pub constraint: Constraint,
    /// Length of the value, if the constraint limits the length. Only [`ViolationStyle::Smithy`] has this length.
    pub length: Option<usize>,
    pub(super) style: ViolationStyle,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { member, constraint, length, style } = self;
        match (style, length) {
            (ViolationStyle::Aws, _) => {
                write!(f, "Value at '{member}' failed to satisfy constraint: {constraint}")
            }
            (ViolationStyle::Smithy, None) => {
                let words = SmithyWords(constraint);
                write!(f, "Value at '{member}' failed to satisfy constraint: {words}")
            }
            (ViolationStyle::Smithy, Some(length)) => {
                let words = SmithyWords(constraint);
                write!(f, "Value with length {length} at '{member}' failed to satisfy constraint: {words}")
            }
        }
    }
}
