//! Constraints of the model on values: length, range, pattern, enum and unique elements.
//!
//! Only servers check constraints. If a client checked constraints, it would reject values that a newer
//! version of the service accepts.
//!
//! <https://smithy.io/2.0/spec/constraint-traits.html>

use std::fmt;
use std::sync::OnceLock;

use fancy_regex::Regex;

/// A constraint on a member.
///
/// `Display` writes the words of AWS services.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Constraint {
    /// Limits of a length. The length is the number of characters of a string, bytes of a blob, or elements
    /// of a list or map.
    Length {
        /// Minimum, inclusive.
        min: Option<u64>,
        /// Maximum, inclusive.
        max: Option<u64>,
    },
    /// The range of a number.
    Range {
        /// Minimum, inclusive.
        min: Option<f64>,
        /// Maximum, inclusive.
        max: Option<f64>,
    },
    /// A regular expression that must match a part of the string.
    Pattern(&'static str),
    /// The values of an enum.
    Enum(&'static [&'static str]),
    /// The member must be set.
    Required,
    /// The elements of a list must differ from each other.
    UniqueItems,
    /// Constraints on each element of a list.
    Elements(Vec<Constraint>),
    /// Constraints on each key of a map.
    Keys(Vec<Constraint>),
    /// Constraints on each value of a map.
    MapValues(Vec<Constraint>),
}

impl fmt::Display for Constraint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Length { min: Some(min), .. } => {
                write!(f, "Member must have length greater than or equal to {min}")
            }
            Self::Length { max: Some(max), .. } => {
                write!(f, "Member must have length less than or equal to {max}")
            }
            Self::Range { min: Some(min), .. } => {
                write!(f, "Member must have value greater than or equal to {min}")
            }
            Self::Range { max: Some(max), .. } => {
                write!(f, "Member must have value less than or equal to {max}")
            }
            Self::Length { .. } | Self::Range { .. } => f.write_str("Member is out of bounds"),
            // The service shows patterns without anchors.
            Self::Pattern(pattern) => {
                let inner = pattern.strip_prefix('^').and_then(|pattern| pattern.strip_suffix('$'));
                let pattern = inner.unwrap_or(pattern);
                write!(f, "Member must satisfy regular expression pattern: {pattern}")
            }
            Self::Enum(values) => write!(f, "Member must satisfy enum value set: [{}]", values.join(", ")),
            Self::Required => f.write_str("Member must not be null"),
            Self::UniqueItems => f.write_str("Member must have unique values"),
            Self::Elements(inner) => write!(f, "Member must satisfy constraint: [{}]", List(inner)),
            Self::Keys(inner) => write!(f, "Map keys must satisfy constraint: [{}]", List(inner)),
            Self::MapValues(inner) => write!(f, "Map value must satisfy constraint: [{}]", List(inner)),
        }
    }
}

/// Constraints, separated by commas.
struct List<'a>(&'a [Constraint]);

impl fmt::Display for List<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, constraint) in self.0.iter().enumerate() {
            let separator = if index == 0 { "" } else { ", " };
            write!(f, "{separator}{constraint}")?;
        }
        Ok(())
    }
}

/// A constraint in the words of the server frameworks of Smithy.
pub(super) struct SmithyWords<'a>(pub(super) &'a Constraint);

impl fmt::Display for SmithyWords<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Constraint::Length { min: Some(min), max: Some(max) } => {
                write!(f, "Member must have length between {min} and {max}, inclusive")
            }
            Constraint::Range { min: Some(min), max: Some(max) } => {
                write!(f, "Member must be between {min} and {max}, inclusive")
            }
            Constraint::Range { min: Some(min), max: None } => {
                write!(f, "Member must be greater than or equal to {min}")
            }
            Constraint::Range { min: None, max: Some(max) } => {
                write!(f, "Member must be less than or equal to {max}")
            }
            Constraint::Pattern(pattern) => {
                write!(f, "Member must satisfy regular expression pattern: {pattern}")
            }
            other => other.fmt(f),
        }
    }
}

/// A regular expression of the model. It is compiled when it is used for the first time.
#[derive(Debug)]
pub struct Pattern {
    text: &'static str,
    /// `None` if the text is not a regular expression. The generator rejects such a pattern.
    regex: OnceLock<Option<Regex>>,
}

impl Pattern {
    /// Creates a pattern. Generated code stores each pattern in a `static`.
    pub const fn new(text: &'static str) -> Self {
        Self { text, regex: OnceLock::new() }
    }

    /// Returns the regular expression.
    pub fn as_str(&self) -> &'static str {
        self.text
    }

    /// Returns `true` if a part of the value matches. Returns `false` if the regular expression backtracks too
    /// often, because the value of a client must not occupy the server.
    pub fn matches(&self, value: &str) -> bool {
        let regex = self.regex.get_or_init(|| Regex::new(self.text).ok());
        regex.as_ref().is_none_or(|regex| regex.is_match(value).unwrap_or(false))
    }
}
