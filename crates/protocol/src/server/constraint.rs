//! The model's constraints on values: length, range, pattern, enum.
//! <https://smithy.io/2.0/spec/constraint-traits.html>
//!
//! Only servers check them: a client that refused what its model does not know yet would keep its users from what the
//! service already takes.

use std::fmt;

/// One constraint of a model.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Constraint {
    /// Characters of a string, bytes of a blob, elements of a list or map.
    Length {
        /// At least this many.
        min: Option<u64>,
        /// At most this many.
        max: Option<u64>,
    },
    /// A number's range.
    Range {
        /// At least.
        min: Option<f64>,
        /// At most.
        max: Option<f64>,
    },
    /// A regular expression that must match somewhere in the string.
    Pattern(&'static str),
    /// The values that the model lists.
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

/// A member that does not keep a constraint. Never holds the value.
#[derive(Clone, Debug, PartialEq)]
pub struct Violation {
    /// The member's name in the model.
    pub member: &'static str,
    /// What it does not keep.
    pub constraint: Constraint,
}

/// Every violation of an input, in the order of its members.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Violations(Vec<Violation>);

impl Violations {
    /// None yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether every constraint is kept.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Every violation.
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

    /// Checks a pattern. One that this crate's regular expressions cannot read is taken as kept.
    pub fn pattern(&mut self, member: &'static str, value: &str, pattern: &'static str) {
        let kept = regex_lite::Regex::new(pattern).map_or(true, |regex| regex.is_match(value));
        self.check(member, kept, Constraint::Pattern(pattern));
    }

    /// Checks that a value is one that the model lists.
    pub fn one_of(&mut self, member: &'static str, value: &str, values: &'static [&'static str]) {
        self.check(member, values.contains(&value), Constraint::Enum(values));
    }

    fn check(&mut self, member: &'static str, kept: bool, constraint: Constraint) {
        if !kept {
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
