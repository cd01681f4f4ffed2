//! Unions: an object with one member.
//! <https://smithy.io/2.0/aws/protocols/aws-restjson1-protocol.html#union-serialization>

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value};

use super::{Object, ObjectWriter, write};
use crate::{ParseError, ParseErrorKind};

/// The one member of a union, by name and as JSON: what is left of one that the model does not know.
/// `Debug` tells the name only, as nobody knows whether the value is sensitive.
#[derive(Clone, Default, PartialEq)]
pub struct UnknownMember {
    name: String,
    value: Value,
}

impl UnknownMember {
    /// The member that is set. Null members are not, and `__type` is no member.
    ///
    /// # Errors
    /// Not an object, or none or several members set.
    pub fn only(value: Value) -> Result<Self, ParseError> {
        let members = Object::from_value(value)?.into_map();
        let mut set = members.into_iter().filter(|(name, value)| name != "__type" && !value.is_null());
        match (set.next(), set.count()) {
            (Some((name, value)), 0) => Ok(Self { name, value }),
            (first, others) => {
                Err(ParseErrorKind::Union { found: others + usize::from(first.is_some()) }.into())
            }
        }
    }

    /// The member's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The member's value.
    pub fn value(&self) -> &Value {
        &self.value
    }

    /// Reads the value.
    ///
    /// # Errors
    /// What `read` says, with the member's name before the path.
    pub fn read<T>(self, read: impl FnOnce(Value) -> Result<T, ParseError>) -> Result<T, ParseError> {
        read(self.value).map_err(|error| error.in_member(&self.name))
    }
}

impl ObjectWriter<'_> {
    /// Writes a member as it was read.
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
