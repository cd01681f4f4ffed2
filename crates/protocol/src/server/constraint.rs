//! Constraints of the model on values: length, range, pattern and enum.
//!
//! Only servers check constraints. If a client checked constraints, it would reject values that a newer
//! version of the service accepts.
//!
//! <https://smithy.io/2.0/spec/constraint-traits.html>

use std::fmt;

/// A constraint on a member.
#[derive(Clone, Copy, Debug, PartialEq)]
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
            Self::Pattern(pattern) => write!(f, "Member must satisfy regular expression pattern: {pattern}"),
            Self::Enum(values) => write!(f, "Member must satisfy enum value set: [{}]", values.join(", ")),
        }
    }
}

/// The violation of a constraint by a member. The violation does not contain the value of the member.
#[derive(Clone, Debug, PartialEq)]
pub struct Violation {
    /// Name of the member in the model.
    pub member: &'static str,
    /// Violated constraint.
    pub constraint: Constraint,
}

/// The violations of an input, in the order of its members.
///
/// `Display` writes the message that AWS services send in a `ValidationException`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Violations(Vec<Violation>);

impl Violations {
    /// Creates an empty list.
    pub fn new() -> Self {
        Self::default()
    }

    /// Returns `true` if no constraint is violated.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Iterates over the violations.
    pub fn iter(&self) -> impl Iterator<Item = &Violation> {
        self.0.iter()
    }

    /// Checks a length.
    pub fn length(&mut self, member: &'static str, length: usize, min: Option<u64>, max: Option<u64>) {
        let length = length as u64;
        self.check(member, min.is_none_or(|min| length >= min), Constraint::Length { min, max: None });
        self.check(member, max.is_none_or(|max| length <= max), Constraint::Length { min: None, max });
    }

    /// Checks a range.
    pub fn range(&mut self, member: &'static str, value: f64, min: Option<f64>, max: Option<f64>) {
        self.check(member, min.is_none_or(|min| value >= min), Constraint::Range { min, max: None });
        self.check(member, max.is_none_or(|max| value <= max), Constraint::Range { min: None, max });
    }

    /// Checks a pattern. Accepts all values if `regex-lite` does not support the pattern.
    pub fn pattern(&mut self, member: &'static str, value: &str, pattern: &'static str) {
        let is_valid = regex_lite::Regex::new(pattern).map_or(true, |regex| regex.is_match(value));
        self.check(member, is_valid, Constraint::Pattern(pattern));
    }

    /// Checks that the value of an enum is one of `values`.
    pub fn one_of(&mut self, member: &'static str, value: &str, values: &'static [&'static str]) {
        self.check(member, values.contains(&value), Constraint::Enum(values));
    }

    fn check(&mut self, member: &'static str, is_valid: bool, constraint: Constraint) {
        if !is_valid {
            self.0.push(Violation { member, constraint });
        }
    }
}

impl fmt::Display for Violations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let errors = if self.0.len() == 1 { "error" } else { "errors" };
        write!(f, "{} validation {errors} detected", self.0.len())?;
        for (index, Violation { member, constraint }) in self.0.iter().enumerate() {
            let separator = if index == 0 { ": " } else { "; " };
            write!(f, "{separator}Value at '{member}' failed to satisfy constraint: {constraint}")?;
        }
        Ok(())
    }
}
