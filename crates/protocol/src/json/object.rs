//! Parsing and serialization of JSON objects, one member at a time.

use serde_json::{Map, Value};

use super::write;
use crate::error::{ParseError, ParseErrorKind};

/// A JSON object that is parsed member by member. Parsing a member removes it from the object. Generated code
/// ignores the remaining members, because a newer version of the service may send members that are not in the
/// model.
#[derive(Debug, Default)]
pub struct Object(Map<String, Value>);

impl Object {
    /// Parses a body. An empty body is treated as an object without members.
    ///
    /// # Errors
    /// Returns an error if the body is not a JSON object.
    pub fn from_body(body: &[u8]) -> Result<Self, ParseError> {
        if body.is_empty() {
            return Ok(Self::default());
        }
        Self::from_value(value_of(body)?)
    }

    /// Parses a body that must contain required members.
    ///
    /// # Errors
    /// Returns an error if the body is not a JSON object. An empty body is not a JSON object: without this
    /// rule, the response of a broken proxy would look like a success.
    pub fn from_required_body(body: &[u8]) -> Result<Self, ParseError> {
        Self::from_value(value_of(body)?)
    }

    /// Converts a JSON value.
    ///
    /// # Errors
    /// Returns an error if the value is not an object.
    pub fn from_value(value: Value) -> Result<Self, ParseError> {
        match value {
            Value::Object(members) => Ok(Self(members)),
            other => Err(super::read::unexpected("an object", &other).into()),
        }
    }

    /// Removes a member and parses it with `read`. Returns `None` if the member is missing or null.
    ///
    /// # Errors
    /// Returns the errors of `read`, with the name of the member prepended to the path.
    pub fn member<T>(
        &mut self,
        name: &str,
        read: impl FnOnce(Value) -> Result<T, ParseError>,
    ) -> Result<Option<T>, ParseError> {
        let Some(value) = self.take(name) else { return Ok(None) };
        read(value).map(Some).map_err(|error| error.in_member(name))
    }

    /// Removes a member from the map and returns its value. Returns `None` if the member is missing or null.
    /// `member` is generic, so the compiler would repeat the code of this function for each type if it were
    /// part of `member`.
    fn take(&mut self, name: &str) -> Option<Value> {
        self.0.remove(name).filter(|value| !value.is_null())
    }

    /// Removes and returns the message of an error. Most services name this member `message`, but some name
    /// it `Message`.
    ///
    /// # Errors
    /// Returns an error if the message is not a string.
    pub fn message(&mut self) -> Result<Option<String>, ParseError> {
        let lower = self.member("message", super::read::string)?;
        if lower.is_some() { Ok(lower) } else { self.member("Message", super::read::string) }
    }

    pub(crate) fn into_map(self) -> Map<String, Value> {
        self.0
    }
}

/// Parses a body as JSON.
pub(crate) fn value_of(body: &[u8]) -> Result<Value, ParseError> {
    serde_json::from_slice(body).map_err(|error| {
        ParseError::from(ParseErrorKind::NotJson { line: error.line(), column: error.column() })
    })
}

/// Writes an object member by member.
#[derive(Debug)]
pub struct ObjectWriter<'a> {
    out: &'a mut Vec<u8>,
    first: bool,
}

impl<'a> ObjectWriter<'a> {
    /// Starts an object.
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

    /// Writes a member if it is set.
    pub fn optional<T>(&mut self, name: &str, value: Option<&T>, write: impl FnOnce(&T, &mut Vec<u8>)) {
        if let Some(value) = value {
            self.member(name, value, write);
        }
    }

    /// Ends the object.
    pub fn end(self) {
        self.out.push(b'}');
    }
}
