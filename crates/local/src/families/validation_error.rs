//! Validation errors of a body, in the two wordings of the service.

use std::fmt;

use serde::de::{self, Expected, Unexpected};

use super::response::Rejection;

/// A validation error, and its position in the body.
///
/// `Display` and the conversion into a [`Rejection`] use the wording of the JSON Schema validation of most
/// models. An example is `#/textGenerationConfig/topP: 2 is not less or equal to 1`. Claude models use
/// another wording: see [`ValidationError::in_claude_style`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ValidationError {
    /// The keys and indexes from the root of the body to the invalid value.
    path: Vec<String>,
    problem: Problem,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Problem {
    /// A required key is missing.
    Missing(&'static str),
    /// A key is not part of the schema.
    Extraneous(String),
    /// A value has the wrong JSON type.
    Type { expected: String, found: String },
    /// A string is not one of the allowed values.
    Enum { found: String, allowed: &'static [&'static str] },
    /// Any other problem.
    Other(String),
}

impl ValidationError {
    /// Returns an error with a message. The position of the error is the root of the body.
    pub(super) fn new(message: impl fmt::Display) -> Self {
        Problem::Other(message.to_string()).into()
    }

    /// Returns the error for a missing key.
    pub(super) fn missing(key: &'static str) -> Self {
        Problem::Missing(key).into()
    }

    /// Returns the error for an unknown key.
    pub(super) fn extraneous(key: &str) -> Self {
        Problem::Extraneous(key.to_owned()).into()
    }

    /// Returns the error for a value of the wrong JSON type.
    pub(super) fn wrong_type(expected: impl fmt::Display, found: impl fmt::Display) -> Self {
        Problem::Type { expected: expected.to_string(), found: found.to_string() }.into()
    }

    /// Prepends a key or an index to the path.
    pub(super) fn at(mut self, segment: impl fmt::Display) -> Self {
        self.path.insert(0, segment.to_string());
        self
    }

    /// Converts the error to a rejection with the wording of Claude models, for example
    /// `max_tokens: Field required`.
    pub(super) fn in_claude_style(mut self) -> Rejection {
        let message = match self.problem {
            Problem::Missing(key) => {
                self.path.push(key.to_owned());
                "Field required".to_owned()
            }
            Problem::Extraneous(key) => {
                self.path.push(key);
                "Extra inputs are not permitted".to_owned()
            }
            Problem::Type { expected, .. } => {
                let expected = expected.replace("JSONArray", "list").replace("JSONObject", "dictionary");
                format!("Input should be a valid {}", expected.to_ascii_lowercase())
            }
            Problem::Enum { allowed, .. } => {
                let allowed: Vec<_> = allowed.iter().map(|value| format!("'{value}'")).collect();
                format!("Input should be {}", allowed.join(" or "))
            }
            Problem::Other(message) => message,
        };
        Rejection::Validation(if self.path.is_empty() {
            message
        } else {
            format!("{}: {message}", self.path.join("."))
        })
    }
}

impl From<Problem> for ValidationError {
    fn from(problem: Problem) -> Self {
        Self { path: Vec::new(), problem }
    }
}

impl From<ValidationError> for Rejection {
    fn from(error: ValidationError) -> Self {
        Self::Validation(format!(
            "Malformed input request: {error}, please reformat your input and try again."
        ))
    }
}

impl fmt::Display for ValidationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("#")?;
        for segment in &self.path {
            write!(f, "/{segment}")?;
        }
        match &self.problem {
            Problem::Missing(key) => write!(f, ": required key [{key}] not found"),
            Problem::Extraneous(key) => write!(f, ": extraneous key [{key}] is not permitted"),
            Problem::Type { expected, found } => write!(f, ": expected type: {expected}, found: {found}"),
            Problem::Enum { found, .. } => write!(f, ": {found} is not a valid enum value"),
            Problem::Other(message) => write!(f, ": {message}"),
        }
    }
}

impl std::error::Error for ValidationError {}

impl de::Error for ValidationError {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::new(message)
    }

    fn invalid_type(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        let found = match found {
            Unexpected::Bool(_) => "Boolean",
            Unexpected::Unsigned(_) | Unexpected::Signed(_) => "Integer",
            Unexpected::Float(_) => "Double",
            Unexpected::Str(_) => "String",
            Unexpected::Seq => "JSONArray",
            Unexpected::Map => "JSONObject",
            _ => "Null",
        };
        Self::wrong_type(expected, found)
    }

    fn unknown_variant(found: &str, allowed: &'static [&'static str]) -> Self {
        Problem::Enum { found: found.to_owned(), allowed }.into()
    }

    fn unknown_field(key: &str, _: &'static [&'static str]) -> Self {
        Self::extraneous(key)
    }

    fn missing_field(key: &'static str) -> Self {
        Self::missing(key)
    }
}
