//! Unions: JSON objects with one member.
//!
//! <https://smithy.io/2.0/aws/protocols/aws-restjson1-protocol.html#union-serialization>

use std::borrow::Cow;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value};

use super::object::{ObjectWriter, members_by_name};
use super::scan::Node;
use super::{BorrowedValue, read, write};
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
    /// Name of the newtype with which `Serialize` wraps the member. With this name, a serializer can recognize
    /// members that are not in the model.
    pub const TYPE_NAME: &'static str = "UnknownMember";

    /// Creates a member from its name and its JSON value.
    pub fn new(name: impl Into<String>, value: Value) -> Self {
        Self { name: name.into(), value }
    }

    /// Returns the name of the member.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the value of the member.
    pub fn value(&self) -> &Value {
        &self.value
    }
}

/// The only member of a union in JSON.
#[derive(Debug)]
pub struct UnionMember<'a> {
    name: Cow<'a, str>,
    value: BorrowedValue<'a>,
}

impl<'a> UnionMember<'a> {
    /// Returns the only member of a union. Ignores the member `__type`. If a member is set, also ignores
    /// members with the value `null`.
    ///
    /// If the only member of the object has the value `null`, returns this member, because `null` is a valid
    /// value of a document.
    ///
    /// # Errors
    /// Returns an error if the value is not an object, or if it does not have exactly one member.
    pub fn only(value: BorrowedValue<'a>) -> Result<Self, ParseError> {
        // A shortcut for objects with one member. Almost all unions have this form.
        if let [Node::Object(_), Node::Plain(name), value @ ..] = value.0 {
            let is_only = value.first().is_some_and(|node| node.count() == value.len());
            if is_only && *name != "__type" {
                return Ok(Self { name: Cow::Borrowed(name), value: BorrowedValue(value) });
            }
        }
        let (name, value) = only(members_by_name(value)?, |value| value.is_null())?;
        Ok(Self { name, value })
    }

    /// Returns the name of the member.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Parses the value with `read`.
    ///
    /// # Errors
    /// Returns the errors of `read`, with the name of the member prepended to the path.
    pub fn read<T>(
        self,
        read: impl FnOnce(BorrowedValue<'a>) -> Result<T, ParseError>,
    ) -> Result<T, ParseError> {
        read(self.value).map_err(|error| error.in_member(&self.name))
    }

    /// Converts a member that is not in the model into an [`UnknownMember`].
    ///
    /// # Errors
    /// Returns an error if the value cannot be represented as a [`Value`].
    pub fn into_unknown(self) -> Result<UnknownMember, ParseError> {
        match read::document(self.value) {
            Ok(value) => Ok(UnknownMember::new(self.name, value)),
            Err(error) => Err(error.in_member(&self.name)),
        }
    }
}

/// Returns the only member of a union: see [`UnionMember::only`]. `members` must not contain a name twice.
fn only<N: PartialEq<str>, V>(
    members: impl IntoIterator<Item = (N, V)>,
    is_null: impl Fn(&V) -> bool,
) -> Result<(N, V), ParseError> {
    let (mut set, mut null) = (None, None);
    let (mut found, mut nulls) = (0, 0);
    for (name, value) in members {
        if name == *"__type" {
            continue;
        }
        let (member, count) = if is_null(&value) { (&mut null, &mut nulls) } else { (&mut set, &mut found) };
        *member = Some((name, value));
        *count += 1;
    }
    let only = match (found, nulls) {
        (1, _) => set,
        (0, 1) => null,
        _ => None,
    };
    only.ok_or_else(|| ParseErrorKind::Union { found }.into())
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
        // The name of the type distinguishes the member from a known member. Formats such as JSON ignore it.
        serializer.serialize_newtype_struct(Self::TYPE_NAME, &MemberMap(self))
    }
}

/// Serializes an unknown member as a map with one entry.
struct MemberMap<'a>(&'a UnknownMember);

impl Serialize for MemberMap<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map([(&self.0.name, &self.0.value)])
    }
}

impl<'de> Deserialize<'de> for UnknownMember {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let members = Map::deserialize(deserializer)?;
        let only = only(members, Value::is_null).map_err(serde::de::Error::custom)?;
        Ok(Self { name: only.0, value: only.1 })
    }
}

/// The value of a union member without data: an object without members.
#[doc(hidden)]
#[derive(Debug, Deserialize)]
pub struct UnitMember {}

/// Implements `Deserialize` for a generated union. Each member has the form `("name", Variant, kind)`. The
/// kind is `unit` for a member without data, `blobs` for a type that contains blobs, and `value` otherwise.
///
/// The implementation reads exactly one member. Only a member that is not in the model becomes `Unknown`. An
/// error in the value of a known member is returned. In contrast, the derived implementation of an enum with an
/// untagged variant would hide this error.
#[macro_export]
macro_rules! deserialize_union {
    ($name:ident, [$(($member:literal, $variant:ident, $kind:ident)),* $(,)?]) => {
        $crate::deserialize_only_member!($name, [$(($member, $variant, $kind)),*], |name, value| {
            let value = ::serde::de::VariantAccess::newtype_variant(value)?;
            Ok($name::Unknown($crate::json::UnknownMember::new(name, value)))
        });
    };
}

/// Implements `Deserialize` for a generated union or for the generated events of a stream: an object with one
/// member. The last argument handles a member that is not in the model.
#[doc(hidden)]
#[macro_export]
macro_rules! deserialize_only_member {
    (
        $name:ident,
        [$(($member:literal, $variant:ident, $kind:ident)),*],
        |$member_name:ident, $value:ident| $unknown:expr
    ) => {
        impl<'de> ::serde::Deserialize<'de> for $name {
            fn deserialize<D: ::serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct MemberVisitor;

                impl<'de> ::serde::de::Visitor<'de> for MemberVisitor {
                    type Value = $name;

                    fn expecting(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                        f.write_str("an object with one member")
                    }

                    fn visit_enum<A: ::serde::de::EnumAccess<'de>>(self, member: A) -> Result<$name, A::Error> {
                        let ($member_name, $value) = member.variant::<String>()?;
                        match $member_name.as_str() {
                            $($member => $crate::deserialize_union_member!($name, $variant, $kind, $value),)*
                            _ => $unknown,
                        }
                    }
                }

                deserializer.deserialize_enum(stringify!($name), &[$($member),*], MemberVisitor)
            }
        }
    };
}

/// Reads the value of a known member of a union.
#[doc(hidden)]
#[macro_export]
macro_rules! deserialize_union_member {
    ($name:ident, $variant:ident, value, $value:ident) => {
        ::serde::de::VariantAccess::newtype_variant($value).map($name::$variant)
    };
    ($name:ident, $variant:ident, blobs, $value:ident) => {
        ::serde::de::VariantAccess::newtype_variant($value)
            .map(|$crate::serde_blob::AsDeserialize(value)| $name::$variant(value))
    };
    ($name:ident, $variant:ident, unit, $value:ident) => {
        ::serde::de::VariantAccess::newtype_variant($value)
            .map(|$crate::json::UnitMember {}| $name::$variant {})
    };
}
