//! What is wrong with a body, where, and the two ways the service words it.

use std::fmt;

use serde::de::{self, Expected, Unexpected};

use super::answer::Refusal;

/// One fault of a body.
///
/// Its `Display`, and the refusal made of it, speak as the JSON Schema check in front of most models does:
/// `#/textGenerationConfig/topP: 2 is not less or equal to 1`. Claude models speak otherwise:
/// [`Fault::by_field`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fault {
    /// The keys and indexes from the body's root to the fault.
    path: Vec<String>,
    what: What,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum What {
    /// A required key is absent.
    Missing(&'static str),
    /// A key that the model does not know.
    Extraneous(String),
    /// A value of the wrong JSON type.
    Type { expected: String, found: String },
    /// A string that is none of the allowed ones.
    Enum { found: String, allowed: &'static [&'static str] },
    /// Anything else, in words.
    Other(String),
}

impl Fault {
    /// A fault at the root, in words.
    pub(super) fn new(words: impl fmt::Display) -> Self {
        What::Other(words.to_string()).into()
    }

    /// A required key is absent.
    pub(super) fn missing(key: &'static str) -> Self {
        What::Missing(key).into()
    }

    /// A key that is not known here.
    pub(super) fn extraneous(key: &str) -> Self {
        What::Extraneous(key.to_owned()).into()
    }

    /// A value of the wrong JSON type.
    pub(super) fn wrong_type(expected: impl fmt::Display, found: impl fmt::Display) -> Self {
        What::Type { expected: expected.to_string(), found: found.to_string() }.into()
    }

    /// The same fault, seen from one level further out: below `segment`, a key or an index.
    pub(super) fn at(mut self, segment: impl fmt::Display) -> Self {
        self.path.insert(0, segment.to_string());
        self
    }

    /// The fault as Claude models word it: `max_tokens: Field required`.
    pub(super) fn by_field(mut self) -> Refusal {
        let words = match self.what {
            What::Missing(key) => {
                self.path.push(key.to_owned());
                "Field required".to_owned()
            }
            What::Extraneous(key) => {
                self.path.push(key);
                "Extra inputs are not permitted".to_owned()
            }
            What::Type { expected, .. } => {
                let expected = expected.replace("JSONArray", "list").replace("JSONObject", "dictionary");
                format!("Input should be a valid {}", expected.to_ascii_lowercase())
            }
            What::Enum { allowed, .. } => {
                let allowed: Vec<_> = allowed.iter().map(|value| format!("'{value}'")).collect();
                format!("Input should be {}", allowed.join(" or "))
            }
            What::Other(words) => words,
        };
        Refusal::Validation(if self.path.is_empty() {
            words
        } else {
            format!("{}: {words}", self.path.join("."))
        })
    }
}

impl From<What> for Fault {
    fn from(what: What) -> Self {
        Self { path: Vec::new(), what }
    }
}

impl From<Fault> for Refusal {
    fn from(fault: Fault) -> Self {
        Self::Validation(format!(
            "Malformed input request: {fault}, please reformat your input and try again."
        ))
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("#")?;
        for segment in &self.path {
            write!(f, "/{segment}")?;
        }
        match &self.what {
            What::Missing(key) => write!(f, ": required key [{key}] not found"),
            What::Extraneous(key) => write!(f, ": extraneous key [{key}] is not permitted"),
            What::Type { expected, found } => write!(f, ": expected type: {expected}, found: {found}"),
            What::Enum { found, .. } => write!(f, ": {found} is not a valid enum value"),
            What::Other(words) => write!(f, ": {words}"),
        }
    }
}

impl std::error::Error for Fault {}

impl de::Error for Fault {
    fn custom<T: fmt::Display>(words: T) -> Self {
        Self::new(words)
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
        What::Enum { found: found.to_owned(), allowed }.into()
    }

    fn unknown_field(key: &str, _: &'static [&'static str]) -> Self {
        Self::extraneous(key)
    }

    fn missing_field(key: &'static str) -> Self {
        Self::missing(key)
    }
}
