//! Unions: JSON objects with one member.
//!
//! <https://smithy.io/2.0/aws/protocols/aws-restjson1-protocol.html#union-serialization>

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value};

use super::object::{Object, ObjectWriter};
use super::write;
use crate::error::{ParseError, ParseErrorKind};

/// The name and the JSON value of a union member that is not in the model.
///
/// `Debug` prints only the name, because the value may be sensitive.
#[derive(Clone, Default, PartialEq)]
pub struct UnknownMember {
    name: String,
    value: Value,
}

impl UnknownMember {
    /// Returns the only member of a union. Ignores the member `__type`, and members with the value `null`
    /// beside the member that is set.
    ///
    /// If the only member of the object has the value `null`, returns this member, because `null` is a valid
    /// value of a document.
    ///
    /// # Errors
    /// Returns an error if the value is not an object, or if it does not have exactly one member.
    pub fn only(value: Value) -> Result<Self, ParseError> {
        let (mut set, mut null) = (None, None);
        let (mut found, mut nulls) = (0, 0);
        for (name, value) in Object::from_value(value)?.into_map() {
            if name == "__type" {
                continue;
            }
            let (member, count) =
                if value.is_null() { (&mut null, &mut nulls) } else { (&mut set, &mut found) };
            *member = Some(Self { name, value });
            *count += 1;
        }
        let only = match (found, nulls) {
            (1, _) => set,
            (0, 1) => null,
            _ => None,
        };
        only.ok_or_else(|| ParseErrorKind::Union { found }.into())
    }

    /// Returns the name of the member.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the value of the member.
    pub fn value(&self) -> &Value {
        &self.value
    }

    /// Parses the value with `read`.
    ///
    /// # Errors
    /// Returns the errors of `read`, with the name of the member prepended to the path.
    pub fn read<T>(self, read: impl FnOnce(Value) -> Result<T, ParseError>) -> Result<T, ParseError> {
        read(self.value).map_err(|error| error.in_member(&self.name))
    }
}

impl ObjectWriter<'_> {
    /// Writes a member that is not in the model.
    pub fn unknown(&mut self, member: &UnknownMember) {
        self.member(&member.name, &member.value, write::document);
    }
}

impl std::fmt::Debug for UnknownMember {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("UnknownMember").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Serialize for UnknownMember {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map([(&self.name, &self.value)])
    }
}

impl<'de> Deserialize<'de> for UnknownMember {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let members = Map::deserialize(deserializer)?;
        Self::only(Value::Object(members)).map_err(serde::de::Error::custom)
    }
}
