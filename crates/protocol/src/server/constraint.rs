//! Constraints of the model on values: length, range, pattern and enum.
//!
//! Only servers check constraints. If a client checked constraints, it would reject values that a newer
//! version of the service accepts.
//!
//! <https://smithy.io/2.0/spec/constraint-traits.html>

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};
use std::mem;

use regex_lite::Regex;

/// A constraint on a member.
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

/// A structure or union whose members have constraints. Generated code implements this trait.
pub trait Constrained {
    /// Adds the violations of the members, at any depth.
    fn check(&self, violations: &mut Violations);
}

/// The violation of a constraint by a member. The violation does not contain the value of the member.
#[derive(Clone, Debug, PartialEq)]
pub struct Violation {
    /// Path to the member, such as `messages.1.member.content`. The first element of a list has the number 1.
    pub member: String,
    /// Violated constraint.
    pub constraint: Constraint,
}

/// The violations of an input, in the order of its members. Further violations are ignored after the first
/// 100, because the size of the error message must not depend on the size of the input.
///
/// `Display` writes the message that AWS services send in a `ValidationException`.
#[derive(Clone, Debug, Default)]
pub struct Violations {
    found: Vec<Violation>,
    /// Path to the value that is being checked.
    path: String,
    /// Constraints on the element of a list, or the key or value of a map, that is being checked. `None` if
    /// the path ends with a member.
    part: Option<Part>,
    /// The compiled patterns. `None` for patterns that `regex-lite` does not support.
    patterns: BTreeMap<&'static str, Option<Regex>>,
}

/// An element of a list, or a key or value of a map.
#[derive(Clone, Debug, Default)]
struct Part {
    constraints: Vec<Constraint>,
    is_invalid: bool,
}

impl Violations {
    const MAX: usize = 100;

    /// Creates an empty list.
    pub fn new() -> Self {
        Self::default()
    }

    /// Returns `true` if no constraint is violated.
    pub fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// Iterates over the violations.
    pub fn iter(&self) -> impl Iterator<Item = &Violation> {
        self.found.iter()
    }

    /// Checks a member with `check`.
    pub fn member<T: ?Sized>(&mut self, name: &str, value: &T, check: impl FnOnce(&mut Self, &T)) {
        self.within(name, None, |violations| check(violations, value));
    }

    /// Checks a member with `check` if it is set.
    pub fn optional<T>(&mut self, name: &str, value: Option<&T>, check: impl FnOnce(&mut Self, &T)) {
        if let Some(value) = value {
            self.member(name, value, check);
        }
    }

    /// Checks the members of a structure or union.
    pub fn nested<T: Constrained>(&mut self, value: &T) {
        value.check(self);
    }

    /// Checks each element of a list with `check`.
    pub fn elements<T>(&mut self, list: &[T], check: impl Fn(&mut Self, &T)) {
        for (index, element) in list.iter().enumerate() {
            let number = index + 1;
            self.part(format_args!("{number}.member"), Constraint::Elements, |violations| {
                check(violations, element);
            });
        }
    }

    /// Checks each key of a map with `check`.
    pub fn keys<K, V>(&mut self, map: &BTreeMap<K, V>, check: impl Fn(&mut Self, &K)) {
        for key in map.keys() {
            self.part("key", Constraint::Keys, |violations| check(violations, key));
        }
    }

    /// Checks each value of a map with `check`.
    pub fn values<K: AsRef<str>, V>(&mut self, map: &BTreeMap<K, V>, check: impl Fn(&mut Self, &V)) {
        for (key, value) in map {
            // The path contains at most 256 characters of a key, because the input determines its length.
            let key = key.as_ref();
            self.part(format_args!("{key:.256}.member"), Constraint::MapValues, |violations| {
                check(violations, value);
            });
        }
    }

    /// Checks a length.
    pub fn length(&mut self, length: usize, min: Option<u64>, max: Option<u64>) {
        let length = length as u64;
        if max.is_some() {
            self.check(max.is_none_or(|max| length <= max), Constraint::Length { min: None, max });
        }
        if min.is_some() {
            self.check(min.is_none_or(|min| length >= min), Constraint::Length { min, max: None });
        }
    }

    /// Checks a range. NaN is in no range.
    pub fn range(&mut self, value: f64, min: Option<f64>, max: Option<f64>) {
        if max.is_some() {
            self.check(max.is_none_or(|max| value <= max), Constraint::Range { min: None, max });
        }
        if min.is_some() {
            self.check(min.is_none_or(|min| value >= min), Constraint::Range { min, max: None });
        }
    }

    /// Checks a pattern. Accepts all values if `regex-lite` does not support the pattern.
    pub fn pattern(&mut self, value: &str, pattern: &'static str) {
        let regex = self.patterns.entry(pattern).or_insert_with(|| Regex::new(pattern).ok());
        let is_valid = regex.as_ref().is_none_or(|regex| regex.is_match(value));
        self.check(is_valid, Constraint::Pattern(pattern));
    }

    /// Checks that the value of an enum is one of `values`.
    pub fn one_of(&mut self, value: &str, values: &'static [&'static str]) {
        self.check(values.contains(&value), Constraint::Enum(values));
    }

    fn check(&mut self, is_valid: bool, constraint: Constraint) {
        match &mut self.part {
            Some(part) => {
                part.constraints.push(constraint);
                part.is_invalid |= !is_valid;
            }
            None if is_valid => {}
            None => self.add(constraint),
        }
    }

    pub(super) fn add(&mut self, constraint: Constraint) {
        if self.found.len() < Self::MAX {
            self.found.push(Violation { member: self.path.clone(), constraint });
        }
    }

    /// Checks an element of a list, or a key or value of a map. The service reports the list or map, with all
    /// constraints on its parts, and reports it once even if several parts are invalid. Only the path to a
    /// member of a part contains the segment of the part.
    fn part(
        &mut self,
        segment: impl fmt::Display,
        constraint: fn(Vec<Constraint>) -> Constraint,
        check: impl FnOnce(&mut Self),
    ) {
        let part = self.within(segment, Some(Part::default()), check);
        if let Some(part) = part.filter(|part| part.is_invalid) {
            let constraint = constraint(part.constraints);
            let is_known = |known: &Violation| known.member == self.path && known.constraint == constraint;
            if !self.found.iter().any(is_known) {
                self.add(constraint);
            }
        }
    }

    /// Calls `check` with a longer path. Returns the part after the check.
    fn within(
        &mut self,
        segment: impl fmt::Display,
        part: Option<Part>,
        check: impl FnOnce(&mut Self),
    ) -> Option<Part> {
        if self.found.len() >= Self::MAX {
            return None;
        }
        let length = self.path.len();
        let separator = if length == 0 { "" } else { "." };
        // Writing to a `String` does not fail.
        let _ = write!(self.path, "{separator}{segment}");
        let outer = mem::replace(&mut self.part, part);
        check(self);
        self.path.truncate(length);
        mem::replace(&mut self.part, outer)
    }
}

impl fmt::Display for Violations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let errors = if self.found.len() == 1 { "error" } else { "errors" };
        write!(f, "{} validation {errors} detected", self.found.len())?;
        for (index, Violation { member, constraint }) in self.found.iter().enumerate() {
            let separator = if index == 0 { ": " } else { "; " };
            write!(f, "{separator}Value at '{member}' failed to satisfy constraint: {constraint}")?;
        }
        Ok(())
    }
}
