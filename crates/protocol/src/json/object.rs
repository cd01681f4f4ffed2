//! A JSON object, read and written member by member.

use serde_json::{Map, Value};

use super::write;
use crate::{ParseError, ParseErrorKind};

/// The members of a structure that are still to be read. What nobody asks for is ignored, as a newer service may say
/// more than the model knows.
#[derive(Debug, Default)]
pub struct Object(Map<String, Value>);

impl Object {
    /// Reads a body. An empty one stands for an object without members.
    ///
    /// # Errors
    /// Not JSON, or not an object.
    pub fn from_body(body: &[u8]) -> Result<Self, ParseError> {
        if body.is_empty() {
            return Ok(Self::default());
        }
        Self::from_value(value_of(body)?)
    }

    /// The members of a value.
    ///
    /// # Errors
    /// Not an object.
    pub fn from_value(value: Value) -> Result<Self, ParseError> {
        match value {
            Value::Object(members) => Ok(Self(members)),
            other => Err(super::read::unexpected("an object", &other).into()),
        }
    }

    /// Reads a member; absent and null are the same.
    ///
    /// # Errors
    /// What `read` says, with the member's name before the path.
    pub fn member<T>(
        &mut self,
        name: &str,
        read: impl FnOnce(Value) -> Result<T, ParseError>,
    ) -> Result<Option<T>, ParseError> {
        let Some(value) = self.take(name) else { return Ok(None) };
        read(value).map(Some).map_err(|error| error.in_member(name))
    }

    /// Apart from what reads it, so that the crates of generated code do not hold the map's code, too.
    fn take(&mut self, name: &str) -> Option<Value> {
        self.0.remove(name).filter(|value| !value.is_null())
    }

    /// Reads the words of an error, which most services call `message` and some `Message`.
    ///
    /// # Errors
    /// Not a string.
    pub fn message(&mut self) -> Result<Option<String>, ParseError> {
        let lower = self.member("message", super::read::string)?;
        if lower.is_some() { Ok(lower) } else { self.member("Message", super::read::string) }
    }

    pub(crate) fn into_map(self) -> Map<String, Value> {
        self.0
    }
}

/// A body as JSON.
pub(crate) fn value_of(body: &[u8]) -> Result<Value, ParseError> {
    serde_json::from_slice(body).map_err(|error| {
        ParseError::from(ParseErrorKind::NotJson { line: error.line(), column: error.column() })
    })
}

/// Writes an object.
#[derive(Debug)]
pub struct ObjectWriter<'a> {
    out: &'a mut Vec<u8>,
    first: bool,
}

impl<'a> ObjectWriter<'a> {
    /// Opens an object.
    pub fn new(out: &'a mut Vec<u8>) -> Self {
        out.push(b'{');
        Self { out, first: true }
    }

    /// Writes a member.
    pub fn member<T: ?Sized>(&mut self, name: &str, value: &T, write: impl FnOnce(&T, &mut Vec<u8>)) {
        if !std::mem::take(&mut self.first) {
            self.out.push(b',');
        }
        write::string(name, self.out);
        self.out.push(b':');
        write(value, self.out);
    }

    /// Writes a member that is set, and nothing for one that is not.
    pub fn optional<T>(&mut self, name: &str, value: Option<&T>, write: impl FnOnce(&T, &mut Vec<u8>)) {
        if let Some(value) = value {
            self.member(name, value, write);
        }
    }

    /// Closes the object.
    pub fn end(self) {
        self.out.push(b'}');
    }
}
