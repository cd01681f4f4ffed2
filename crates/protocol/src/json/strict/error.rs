//! The error of an input in JSON.

use std::fmt::{self, Display};

use serde::de::{Expected, Unexpected};
use serde_json::Value;

use super::MAX_DEPTH;

/// The error of an input in JSON. The caller must correct the input.
///
/// The message contains the path to the member, but never the value of a member. In the path, `[..]` replaces
/// the keys of maps, because keys can be sensitive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InputError {
    path: String,
    kind: InputErrorKind,
}

/// The problem with an input in JSON.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum InputErrorKind {
    /// The text is not JSON. JSON has no `NaN` and no infinities.
    NotJson {
        /// Line of the error, from 1.
        line: usize,
        /// Column of the error, from 1.
        column: usize,
    },
    /// The text contains an integer that has more than 64 bits.
    LargeInteger {
        /// Line of the integer, from 1.
        line: usize,
        /// Column of the integer in bytes, from 1.
        column: usize,
    },
    /// The text contains the key of the member twice in the same object.
    Repeated,
    /// The depth of the value is larger than [`MAX_DEPTH`].
    TooDeep,
    /// The model does not define the member.
    UnknownMember {
        /// Name of the structure or union.
        shape: &'static str,
        /// Names of its members.
        known: &'static [&'static str],
    },
    /// A required member is missing.
    Missing,
    /// The value of an optional member is `null`.
    Null,
    /// A union does not have exactly one member.
    Union {
        /// Name of the union.
        shape: &'static str,
        /// Names of its members.
        known: &'static [&'static str],
        /// Number of members.
        found: usize,
    },
    /// The value has another type.
    Type {
        /// Type in the model.
        expected: String,
        /// Type in the input.
        found: &'static str,
    },
    /// The value has the correct type, but is not valid.
    Value {
        /// The problem.
        problem: String,
    },
}

impl InputError {
    /// Returns the path to the member, for example `messages[0].content[1].text`. The path is empty if the
    /// error does not concern a single member.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Returns the kind of the problem.
    pub fn kind(&self) -> &InputErrorKind {
        &self.kind
    }

    /// Prepends the name of a structure member, or an index in brackets, to the path.
    #[must_use]
    pub(super) fn inside(mut self, name: &str) -> Self {
        let dot = if self.path.is_empty() || self.path.starts_with('[') { "" } else { "." };
        self.path.insert_str(0, dot);
        self.path.insert_str(0, name);
        self
    }

    pub(super) fn mismatch(value: &Value, expected: &str) -> Self {
        InputErrorKind::Type { expected: expected.to_owned(), found: type_name(value) }.into()
    }
}

impl From<InputErrorKind> for InputError {
    fn from(kind: InputErrorKind) -> Self {
        Self { path: String::new(), kind }
    }
}

impl Display for InputError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.path.as_str();
        let subject = if path.is_empty() { "the input".to_owned() } else { format!("`{path}`") };
        match &self.kind {
            InputErrorKind::NotJson { line, column } => {
                write!(f, "the input is not JSON (line {line}, column {column})")
            }
            InputErrorKind::LargeInteger { line, column } => write!(
                f,
                "the integer at line {line}, column {column} has more than 64 bits: write it as a string, or as a \
                 number with an exponent"
            ),
            InputErrorKind::Repeated => {
                write!(f, "{subject} occurs twice in the same object: remove one of the two")
            }
            InputErrorKind::TooDeep => {
                write!(f, "the input has more than {MAX_DEPTH} nested arrays and objects")
            }
            InputErrorKind::UnknownMember { shape, known } => {
                write!(f, "{subject} is not a member of {shape}; {}", Known(known))
            }
            InputErrorKind::Missing => write!(f, "{subject} is required and was not set"),
            InputErrorKind::Null => write!(
                f,
                "{subject} is null: omit the member; a `NaN` or infinite number in Rust also becomes null in JSON"
            ),
            InputErrorKind::Union { shape, known, found } => write!(
                f,
                "{subject} must have exactly one member of {shape}, but it has {found}; {}",
                Known(known)
            ),
            InputErrorKind::Type { expected, found } => {
                write!(f, "{subject}: expected {expected}, found {found}")
            }
            InputErrorKind::Value { problem } => write!(f, "{subject}: {problem}"),
        }
    }
}

/// Writes a list of members.
struct Known(&'static [&'static str]);

impl Display for Known {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            f.write_str("it has no members")
        } else {
            write!(f, "known members: {}", self.0.join(", "))
        }
    }
}

impl std::error::Error for InputError {}

impl serde::de::Error for InputError {
    fn custom<T: Display>(problem: T) -> Self {
        InputErrorKind::Value { problem: problem.to_string() }.into()
    }

    fn invalid_type(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        let found = match found {
            Unexpected::Bool(_) => "a boolean",
            Unexpected::Unsigned(_) | Unexpected::Signed(_) => "an integer",
            Unexpected::Float(_) => "a number with a fraction",
            Unexpected::Str(_) => "a string",
            Unexpected::Unit | Unexpected::Option => "null",
            Unexpected::Seq => "an array",
            _ => "an object",
        };
        // Replace the terms of serde with the terms of JSON.
        let expected = match expected.to_string().as_str() {
            "i8" | "i16" | "i32" | "i64" => "an integer".to_owned(),
            "f32" | "f64" => "a number".to_owned(),
            "a sequence" => "an array".to_owned(),
            "a map" => "an object".to_owned(),
            other => other.to_owned(),
        };
        InputErrorKind::Type { expected, found }.into()
    }

    fn invalid_value(_: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::custom(format_args!("the number does not fit {expected}"))
    }

    fn missing_field(field: &'static str) -> Self {
        Self::from(InputErrorKind::Missing).inside(field)
    }
}

/// Returns the JSON type of a value.
fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}
