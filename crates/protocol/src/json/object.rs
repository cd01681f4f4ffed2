//! Parsing and serialization of JSON objects, one member at a time.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::{BorrowedValue, write};
use crate::error::ParseError;

/// A JSON object that is parsed member by member. Parsing a member sets it to null. Generated code ignores the
/// remaining members, because a newer version of the service may send members that are not in the model.
#[derive(Debug, Default)]
pub struct Object<'a>(Vec<(Cow<'a, str>, BorrowedValue<'a>)>);

impl<'a> Object<'a> {
    /// Parses a body. An empty body is treated as an object without members.
    ///
    /// # Errors
    /// Returns an error if the body is not a JSON object.
    pub fn from_body(body: &'a [u8]) -> Result<Self, ParseError> {
        if body.is_empty() {
            return Ok(Self::default());
        }
        Self::from_value(BorrowedValue::from_body(body)?)
    }

    /// Converts a JSON value.
    ///
    /// # Errors
    /// Returns an error if the value is not an object.
    pub fn from_value(value: BorrowedValue<'a>) -> Result<Self, ParseError> {
        match value {
            BorrowedValue::Object(members) => Ok(Self(members)),
            other => Err(super::read::unexpected("an object", &other).into()),
        }
    }

    /// Takes a member and parses it with `read`. Returns `None` if the member is missing or null.
    ///
    /// # Errors
    /// Returns the errors of `read`, with the name of the member prepended to the path.
    pub fn member<T>(
        &mut self,
        name: &str,
        read: impl FnOnce(BorrowedValue<'a>) -> Result<T, ParseError>,
    ) -> Result<Option<T>, ParseError> {
        let Some(value) = self.take(name) else { return Ok(None) };
        read(value).map(Some).map_err(|error| error.in_member(name))
    }

    /// Takes the value of a member, and leaves null. Returns `None` if the member is missing or null.
    /// `member` is generic, so the compiler would repeat the code of this function for each type if it were
    /// part of `member`.
    fn take(&mut self, name: &str) -> Option<BorrowedValue<'a>> {
        let (_, value) = self.0.iter_mut().rev().find(|(known, _)| known == name)?;
        Some(std::mem::take(value)).filter(|value| !value.is_null())
    }

    /// Takes and returns the message of an error. Most services name this member `message`, but some name
    /// it `Message`.
    ///
    /// # Errors
    /// Returns an error if the message is not a string.
    pub fn message(&mut self) -> Result<Option<String>, ParseError> {
        let lower = self.member("message", super::read::string)?;
        if lower.is_some() { Ok(lower) } else { self.member("Message", super::read::string) }
    }

    /// Returns the only member. Returns the object if it does not have exactly one member.
    pub(super) fn into_only(mut self) -> Result<(Cow<'a, str>, BorrowedValue<'a>), Self> {
        match self.0.pop() {
            Some(only) if self.0.is_empty() => Ok(only),
            Some(last) => {
                self.0.push(last);
                Err(self)
            }
            None => Err(self),
        }
    }

    /// Returns the members. If a name is repeated, the result contains only the last member.
    pub(super) fn into_map(self) -> BTreeMap<Cow<'a, str>, BorrowedValue<'a>> {
        self.0.into_iter().collect()
    }
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
