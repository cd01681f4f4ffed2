//! The values of an input that violate the constraints of the model.

use std::collections::{BTreeMap, HashSet};
use std::fmt::{self, Write as _};
use std::mem;

use super::constraint::{Constraint, Pattern};
use super::violation::{Violation, ViolationStyle};
use crate::error::{ParseError, ParseErrorKind};

/// A structure or union whose members have constraints. Generated code implements this trait.
pub trait Constrained {
    /// Adds the violations of the members, at any depth.
    fn check(&self, violations: &mut Violations);
}

/// The violations of an input, in the order of its members. Further violations are ignored after the first
/// 100, because the size of the error message must not depend on the size of the input.
///
/// `Display` writes the message of a `ValidationException`.
#[derive(Clone, Debug, Default)]
pub struct Violations {
    style: ViolationStyle,
    found: Vec<Violation>,
    malformed: Option<ParseError>,
    /// Path to the value that is being checked.
    path: String,
    /// Constraints on the element of a list, or the key or value of a map, that is being checked. `None` if
    /// the path ends with a member.
    part: Option<Part>,
}

/// An element of a list, or a key or value of a map.
#[derive(Clone, Debug, Default)]
struct Part {
    constraints: Vec<Constraint>,
    is_invalid: bool,
}

impl Violations {
    const MAX: usize = 100;

    /// Creates an empty list in the format of AWS services.
    pub fn new() -> Self {
        Self::default()
    }

    /// Creates an empty list.
    pub fn with_style(style: ViolationStyle) -> Self {
        Self { style, ..Self::default() }
    }

    /// Returns `true` if no constraint is violated.
    pub fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// Iterates over the violations.
    pub fn iter(&self) -> impl Iterator<Item = &Violation> {
        self.found.iter()
    }

    /// Returns the first value that does not match the model, although the parser of requests accepts the value.
    /// Examples are a null in a list that is not sparse, and an unknown member of a union. Clients have the same
    /// parser, and must accept such values from a newer version of the service.
    pub fn malformed(&self) -> Option<&ParseError> {
        self.malformed.as_ref()
    }

    /// Checks a member with `check`.
    pub fn member<T: ?Sized>(&mut self, name: &str, value: &T, check: impl FnOnce(&mut Self, &T)) {
        self.within(format_args!("{name}"), None, |violations| check(violations, value));
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
            let check = |violations: &mut Self| check(violations, element);
            match self.style {
                ViolationStyle::Aws => {
                    self.part(format_args!("{}.member", index + 1), Constraint::Elements, check);
                }
                ViolationStyle::Smithy => drop(self.within(format_args!("{index}"), None, check)),
            }
        }
    }

    /// Checks each key of a map with `check`.
    pub fn keys<K, V>(&mut self, map: &BTreeMap<K, V>, check: impl Fn(&mut Self, &K)) {
        for key in map.keys() {
            match self.style {
                ViolationStyle::Aws => {
                    self.part(format_args!("key"), Constraint::Keys, |violations| check(violations, key));
                }
                // The framework reports an invalid key at the path of the map.
                ViolationStyle::Smithy => check(self, key),
            }
        }
    }

    /// Checks each value of a map with `check`.
    pub fn values<K: AsRef<str>, V>(&mut self, map: &BTreeMap<K, V>, check: impl Fn(&mut Self, &V)) {
        for (key, value) in map {
            // The path contains at most 256 characters of a key, because the input determines its length.
            let key = key.as_ref();
            let check = |violations: &mut Self| check(violations, value);
            match self.style {
                ViolationStyle::Aws => {
                    self.part(format_args!("{key:.256}.member"), Constraint::MapValues, check);
                }
                ViolationStyle::Smithy => {
                    // <https://www.rfc-editor.org/rfc/rfc6901#section-3>
                    let key = key.replace('~', "~0").replace('/', "~1");
                    self.within(format_args!("{key:.256}"), None, check);
                }
            }
        }
    }

    /// Checks a length.
    pub fn length(&mut self, length: usize, min: Option<u64>, max: Option<u64>) {
        let wide = length as u64;
        let fits_max = max.is_none_or(|max| wide <= max);
        let fits_min = min.is_none_or(|min| wide >= min);
        if self.style == ViolationStyle::Smithy {
            if !(fits_max && fits_min) {
                self.add_with_length(Constraint::Length { min, max }, Some(length));
            }
            return;
        }
        if max.is_some() {
            self.check(fits_max, Constraint::Length { min: None, max });
        }
        if min.is_some() {
            self.check(fits_min, Constraint::Length { min, max: None });
        }
    }

    /// Checks a range. NaN is in no range.
    pub fn range(&mut self, value: f64, min: Option<f64>, max: Option<f64>) {
        let fits_max = max.is_none_or(|max| value <= max);
        let fits_min = min.is_none_or(|min| value >= min);
        if self.style == ViolationStyle::Smithy {
            return self.check(fits_max && fits_min, Constraint::Range { min, max });
        }
        if max.is_some() {
            self.check(fits_max, Constraint::Range { min: None, max });
        }
        if min.is_some() {
            self.check(fits_min, Constraint::Range { min, max: None });
        }
    }

    /// Checks a pattern.
    pub fn pattern(&mut self, value: &str, pattern: &Pattern) {
        self.check(pattern.matches(value), Constraint::Pattern(pattern.as_str()));
    }

    /// Checks that the elements of a list differ. Compares their JSON texts, which `write` writes.
    pub fn unique<T>(&mut self, list: &[T], write: impl Fn(&T, &mut Vec<u8>)) {
        let mut texts = HashSet::with_capacity(list.len());
        let is_unique = list.iter().all(|element| {
            let mut text = Vec::new();
            write(element, &mut text);
            texts.insert(text)
        });
        self.check(is_unique, Constraint::UniqueItems);
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
        self.add_with_length(constraint, None);
    }

    fn add_with_length(&mut self, constraint: Constraint, length: Option<usize>) {
        if self.found.len() < Self::MAX {
            let (member, style) = (self.path.clone(), self.style);
            self.found.push(Violation { member, constraint, length, style });
        }
    }

    /// Records that the current value does not match the model. Keeps only the first error.
    pub(super) fn add_malformed(&mut self, kind: ParseErrorKind) {
        if self.malformed.is_none() {
            self.malformed = Some(ParseError::new(&self.path, kind));
        }
    }

    /// Checks an element of a list, or a key or value of a map. The service reports the list or map, with all
    /// constraints on its parts, and reports it once even if several parts are invalid. Only the path to a
    /// member of a part contains the segment of the part.
    fn part(
        &mut self,
        segment: fmt::Arguments<'_>,
        constraint: fn(Vec<Constraint>) -> Constraint,
        check: impl FnOnce(&mut Self),
    ) {
        if let Some(part) = self.within(segment, Some(Part::default()), check) {
            self.add_part(part, constraint);
        }
    }

    fn add_part(&mut self, part: Part, constraint: fn(Vec<Constraint>) -> Constraint) {
        if !part.is_invalid {
            return;
        }
        let constraint = constraint(part.constraints);
        let is_known = |known: &Violation| known.member == self.path && known.constraint == constraint;
        if !self.found.iter().any(is_known) {
            self.add(constraint);
        }
    }

    /// Calls `check` with a longer path. Returns the part after the check.
    ///
    /// The compiler creates a copy of this function for each member with constraints, so the other functions do
    /// everything that does not depend on `check`.
    fn within(
        &mut self,
        segment: fmt::Arguments<'_>,
        part: Option<Part>,
        check: impl FnOnce(&mut Self),
    ) -> Option<Part> {
        let outer = self.enter(segment, part)?;
        check(self);
        self.leave(outer)
    }

    /// Appends a segment to the path. Returns the outer state, or `None` if there are too many violations.
    fn enter(&mut self, segment: fmt::Arguments<'_>, part: Option<Part>) -> Option<Outer> {
        if self.found.len() >= Self::MAX {
            return None;
        }
        let length = self.path.len();
        let separator = match self.style {
            ViolationStyle::Aws if length == 0 => "",
            ViolationStyle::Aws => ".",
            ViolationStyle::Smithy => "/",
        };
        // Writing to a `String` does not fail.
        let _ = write!(self.path, "{separator}{segment}");
        Some(Outer { length, part: mem::replace(&mut self.part, part) })
    }

    /// Restores the outer state. Returns the part.
    fn leave(&mut self, outer: Outer) -> Option<Part> {
        self.path.truncate(outer.length);
        mem::replace(&mut self.part, outer.part)
    }
}

/// The state outside of a segment of the path.
struct Outer {
    /// The length of the path.
    length: usize,
    part: Option<Part>,
}

impl fmt::Display for Violations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let errors = if self.found.len() == 1 { "error" } else { "errors" };
        write!(f, "{} validation {errors} detected", self.found.len())?;
        let first = match self.style {
            ViolationStyle::Aws => ": ",
            ViolationStyle::Smithy => ". ",
        };
        for (index, violation) in self.found.iter().enumerate() {
            let separator = if index == 0 { first } else { "; " };
            write!(f, "{separator}{violation}")?;
        }
        Ok(())
    }
}
