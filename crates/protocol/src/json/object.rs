//! Parsing and serialization of JSON objects, one member at a time.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use super::scan::{Node, Nodes};
use super::{BorrowedValue, write};
use crate::error::{CONTAINERS, MESSAGES, ParseError};

/// A JSON object whose members are parsed by name. Generated code ignores all other members, because a newer
/// version of the service may send members that are not in the model.
///
/// `Debug` does not print values, because they may be sensitive.
#[derive(Clone, Copy)]
pub struct Object<'a>(BorrowedValue<'a>);

impl<'a> Object<'a> {
    /// Parses a body. Stores its values in `nodes`. An empty body is treated as an object without members.
    ///
    /// # Errors
    /// Returns an error if the body is not a JSON object.
    pub fn from_body<'b>(body: &'b [u8], nodes: &'a mut Nodes<'b>) -> Result<Self, ParseError> {
        if body.is_empty() {
            return Ok(Self(BorrowedValue(&[Node::Object(0)])));
        }
        Self::from_required_body(body, nodes)
    }

    /// Parses a body that must contain required members. Stores its values in `nodes`.
    ///
    /// # Errors
    /// Returns an error if the body is not a JSON object. An empty body is not a JSON object: without this
    /// rule, the response of a broken proxy would look like a success.
    pub fn from_required_body<'b>(body: &'b [u8], nodes: &'a mut Nodes<'b>) -> Result<Self, ParseError> {
        Self::from_value(nodes.parse(body)?)
    }

    /// Converts a JSON value.
    ///
    /// # Errors
    /// Returns an error if the value is not an object.
    pub fn from_value(value: BorrowedValue<'a>) -> Result<Self, ParseError> {
        match value.node() {
            Node::Object(_) => Ok(Self(value)),
            _ => Err(value.unexpected("an object").into()),
        }
    }

    /// Parses a member with `read`. Returns `None` if the member is missing or null. If the name is repeated,
    /// the last member counts.
    ///
    /// # Errors
    /// Returns the errors of `read`, with the name of the member prepended to the path.
    pub fn member<T>(
        self,
        name: &str,
        read: impl FnOnce(BorrowedValue<'a>) -> Result<T, ParseError>,
    ) -> Result<Option<T>, ParseError> {
        let Some(value) = self.value(name) else { return Ok(None) };
        read(value).map(Some).map_err(|error| error.in_member(name))
    }

    /// Returns the value of a member, or `None` if the member is missing or null. This function is not part
    /// of `member`, because `member` is generic: the compiler would repeat the code for each type.
    fn value(self, name: &str) -> Option<BorrowedValue<'a>> {
        let mut rest = self.0.0.get(1..)?;
        let mut found = None;
        while let [known, values @ ..] = rest {
            let (value, others) = values.split_at_checked(values.first()?.count())?;
            let is_found = match known {
                Node::Plain(known) => *known == name,
                known => BorrowedValue(&[*known]).text().is_ok_and(|known| known == name),
            };
            if is_found {
                found = Some(BorrowedValue(value));
            }
            rest = others;
        }
        found.filter(|value| !value.is_null())
    }

    /// Returns the message of an error. Most services name this member `message`, but some name it `Message`.
    /// If both are missing, a gateway may have sent the error. Then this function finds the message in
    /// another member, such as `error`.
    ///
    /// # Errors
    /// Returns an error if the message is not a string.
    pub fn message(self) -> Result<Option<String>, ParseError> {
        let has_words = |message: &String| !message.is_empty();
        let lower = self.member("message", super::read::string)?;
        if lower.as_ref().is_some_and(has_words) {
            return Ok(lower);
        }
        let upper = self.member("Message", super::read::string)?;
        Ok(upper.filter(has_words).or_else(|| self.other_message()).or(lower))
    }

    /// Returns a message in a nested object, or in a member with another name.
    fn other_message(self) -> Option<String> {
        let words = |value: BorrowedValue<'a>| match value.node() {
            Node::Object(_) => Self(value).message().ok()?,
            Node::Array(_) => {
                let first = value.values().next()?;
                match Self::from_value(first) {
                    Ok(object) => object.message().ok()?,
                    Err(_) => first.text().ok().map(Cow::into_owned),
                }
            }
            _ => value.text().ok().map(Cow::into_owned),
        };
        let value = |name: &&str| self.value(name).and_then(words).filter(|words| !words.is_empty());
        CONTAINERS.iter().find_map(value).or_else(|| MESSAGES[2..].iter().find_map(value))
    }
}

/// Returns the names and values of the members of an object, in the order of the text. Names can be repeated.
///
/// # Errors
/// Returns an error if the value is not an object. The iterator returns an error if a name is not Unicode.
pub(super) fn members(
    value: BorrowedValue<'_>,
) -> Result<impl Iterator<Item = Result<(Cow<'_, str>, BorrowedValue<'_>), ParseError>>, ParseError> {
    if !matches!(value.node(), Node::Object(_)) {
        return Err(value.unexpected("an object").into());
    }
    let mut values = value.values();
    Ok(std::iter::from_fn(move || {
        let (name, value) = (values.next()?, values.next()?);
        Some(name.text().map(|name| (name, value)))
    }))
}

/// Returns the members of an object by name. If a name is repeated, the last member counts.
///
/// # Errors
/// Returns an error if the value is not an object, or if a name is not Unicode.
pub(crate) fn members_by_name(
    value: BorrowedValue<'_>,
) -> Result<BTreeMap<Cow<'_, str>, BorrowedValue<'_>>, ParseError> {
    members(value)?.collect()
}

impl fmt::Debug for Object<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Object").finish_non_exhaustive()
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
