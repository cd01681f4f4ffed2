//! The report of the problems of an input, in the words of botocore.

use std::cell::{Cell, RefCell};
use std::fmt;

use pyo3::prelude::*;
use serde::de;

use super::path::Path;
use crate::blob::{Blobs, Payload};

/// The state of a conversion: the problems that were found, and the payload.
#[derive(Debug)]
pub(super) struct Report {
    problems: RefCell<Vec<String>>,
    /// Required members that are missing, each with the path to its structure. The next pass of the conversion
    /// reports them, and replaces them with placeholders to find further problems.
    missing: RefCell<Vec<(String, &'static str)>>,
    /// Arguments that are documents and `None`. The next pass leaves them out, as botocore does.
    left_out: RefCell<Vec<String>>,
    blobs: Blobs,
    /// The name of the payload of the input.
    pub(super) payload_member: Option<&'static str>,
    /// The payload of the input. It does not pass through `serde`, which would copy it.
    pub(super) payload: RefCell<Option<Payload>>,
    /// The names of the members of the input.
    pub(super) members: Cell<&'static [&'static str]>,
}

impl Report {
    pub(super) fn new(payload_member: Option<&'static str>, blobs: Blobs) -> Self {
        Self {
            problems: RefCell::default(),
            missing: RefCell::default(),
            left_out: RefCell::default(),
            blobs,
            payload_member,
            payload: RefCell::default(),
            members: Cell::default(),
        }
    }

    /// Starts the next pass.
    pub(super) fn restart(&self) {
        self.problems.borrow_mut().clear();
    }

    /// Returns the report, or `None` if there are no problems.
    pub(super) fn text(&self) -> Option<String> {
        let problems = self.problems.borrow();
        (!problems.is_empty()).then(|| problems.join("\n"))
    }

    pub(super) fn add(&self, problem: String) {
        self.problems.borrow_mut().push(problem);
    }

    /// Remembers a missing member for the next pass.
    pub(super) fn remember_missing(&self, path: &Path<'_>, member: &'static str) {
        self.missing.borrow_mut().push((path.to_string(), member));
    }

    /// Leaves out an argument in the next pass.
    pub(super) fn leave_out(&self, argument: &str) {
        self.left_out.borrow_mut().push(argument.to_owned());
    }

    pub(super) fn is_left_out(&self, argument: &str) -> bool {
        self.left_out.borrow().iter().any(|name| name == argument)
    }

    /// Returns the objects that are blobs in this pass. A previous pass may have read a file.
    pub(super) fn blobs(&self) -> Blobs {
        match self.blobs {
            Blobs::All if !self.missing.borrow().is_empty() => Blobs::WithoutReading,
            blobs => blobs,
        }
    }

    /// Returns the members of a structure that the previous passes missed.
    pub(super) fn missing_in(&self, path: &Path<'_>) -> Vec<&'static str> {
        let missing = self.missing.borrow();
        if missing.is_empty() {
            return Vec::new();
        }
        let path = path.to_string();
        missing.iter().filter(|(of, _)| *of == path).map(|(_, member)| *member).collect()
    }

    pub(super) fn add_missing(&self, path: &Path<'_>, member: &str) {
        self.add(format!("Missing required parameter in {path}: \"{member}\""));
    }

    pub(super) fn add_unknown(&self, path: &Path<'_>, name: &Bound<'_, PyAny>, known: &[&str]) {
        let known = known.join(", ");
        self.add(format!("Unknown parameter in {path}: \"{name}\", must be one of: {known}"));
    }

    /// Adds a value of the wrong type. `expected` are the texts of the valid types.
    pub(super) fn add_type(&self, path: &Path<'_>, value: &Bound<'_, PyAny>, expected: &str) {
        let ty = value.get_type();
        self.add(format!(
            "Invalid type for parameter {path}, value: {value}, type: {ty}, valid types: {expected}"
        ));
    }

    /// Adds a value of the wrong type in a document.
    pub(super) fn add_document_type(&self, path: &Path<'_>, value: &Bound<'_, PyAny>) {
        let ty = value.get_type();
        self.add(format!(
            "Invalid type for document parameter {path}, value: {value}, type: {ty}, valid types: <class 'str'>, \
             <class 'int'>, <class 'bool'>, <class 'float'>, <class 'list'>, <class 'dict'>"
        ));
    }

    /// Adds a union without a member.
    pub(super) fn add_empty_union(&self, path: &Path<'_>, known: &[&str]) {
        let known = known.join(", ");
        // The missing space is part of the words of botocore.
        self.add(format!("Must set one of the following keys for tagged unionstructure {path}: {known}."));
    }

    /// Adds a union with several members.
    pub(super) fn add_full_union(&self, path: &Path<'_>, known: &[&str]) {
        let known = known.join(", ");
        self.add(format!(
            "Invalid number of parameters set for tagged union structure {path}. Can only set one of the following \
             keys: {known}."
        ));
    }
}

/// The reason why a pass of the conversion has ended.
#[derive(Debug)]
pub(super) enum Failure {
    /// A required member is missing.
    Missing(&'static str),
    /// The report has a new missing member. The conversion needs another pass.
    Restart,
    /// Python code raised an exception.
    Python(PyErr),
    /// A value has the correct type, but is not valid.
    Value(String),
}

impl From<PyErr> for Failure {
    fn from(error: PyErr) -> Self {
        Self::Python(error)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing(member) => write!(f, "`{member}` is missing"),
            Self::Restart => f.write_str("the conversion needs another pass"),
            Self::Python(error) => error.fmt(f),
            Self::Value(problem) => f.write_str(problem),
        }
    }
}

impl std::error::Error for Failure {}

impl de::Error for Failure {
    fn custom<T: fmt::Display>(problem: T) -> Self {
        Self::Value(problem.to_string())
    }

    fn missing_field(member: &'static str) -> Self {
        Self::Missing(member)
    }
}
