//! Helpers for JSON files. Their errors use the words of JSON, and not the words of Rust.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde::de::{Deserializer, Error as _};
use serde::{Deserialize, Serialize, Serializer};
use serde_json::Value;

/// Bytes that a file contains as base64 text.
#[derive(Clone)]
pub(crate) struct Base64(pub(crate) Bytes);

impl<'de> Deserialize<'de> for Base64 {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let bytes = STANDARD.decode(&text);
        bytes
            .map(|bytes| Self(bytes.into()))
            .map_err(|error| D::Error::custom(format_args!("{text:?} is not base64: {error}")))
    }
}

impl Serialize for Base64 {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&STANDARD.encode(&self.0))
    }
}

/// Deserializes an optional member for which `null` is a value. Without this function, `null` means that the
/// member is missing.
pub(crate) fn present<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

/// Implements `Deserialize` for a structure whose derived implementation is `remote = "Self"`. Derived code also
/// accepts a list with the values of the members. This implementation accepts only an object. The second
/// argument describes the object in errors. If the structure also derives `Serialize`, the third argument is
/// `serialize`.
macro_rules! object_form {
    ($name:ident, $expected:literal, serialize) => {
        object_form!($name, $expected);

        impl ::serde::Serialize for $name {
            fn serialize<S: ::serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                $name::serialize(self, serializer)
            }
        }
    };
    ($name:ident, $expected:literal) => {
        impl<'de> ::serde::Deserialize<'de> for $name {
            fn deserialize<D: ::serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Members;

                impl<'de> ::serde::de::Visitor<'de> for Members {
                    type Value = $name;

                    fn expecting(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                        f.write_str($expected)
                    }

                    fn visit_map<A: ::serde::de::MapAccess<'de>>(
                        self,
                        members: A,
                    ) -> Result<$name, A::Error> {
                        $name::deserialize(::serde::de::value::MapAccessDeserializer::new(members))
                    }
                }

                deserializer.deserialize_map(Members)
            }
        }
    };
}

pub(crate) use object_form;

/// Deserializes one of several alternatives with `parse`. The first argument of `parse` is the name of the
/// alternative, and the second argument is its value. An alternative without a value is a JSON string, and an
/// alternative with a value is an object with one member. If `parse` returns `None`, `expected` describes the
/// alternatives in the error.
pub(crate) fn alternative<'de, D: Deserializer<'de>, T>(
    deserializer: D,
    expected: &str,
    parse: impl FnOnce(&str, Option<&Value>) -> Result<Option<T>, String>,
) -> Result<T, D::Error> {
    let value = Value::deserialize(deserializer)?;
    let parsed = match &value {
        Value::String(name) => parse(name, None),
        Value::Object(members) if members.len() == 1 => {
            members.iter().next().map_or(Ok(None), |(name, value)| parse(name, Some(value)))
        }
        _ => Ok(None),
    };
    match parsed.map_err(D::Error::custom)? {
        Some(parsed) => Ok(parsed),
        None => Err(D::Error::custom(format_args!("{value} is invalid: it must be {expected}"))),
    }
}

/// Replaces the names of Rust types in the message of a deserializer.
pub(crate) fn in_words_of_json(message: &str) -> String {
    const WORDS: [(&str, &str); 9] = [
        ("expected u64", "expected an integer of 0 or more"),
        ("expected usize", "expected an integer of 0 or more"),
        ("expected u16", "expected an integer from 0 to 65535"),
        ("expected i32", "expected an integer"),
        ("expected i64", "expected an integer"),
        ("expected a boolean", "expected true or false"),
        ("expected a map", "expected an object"),
        ("invalid type: map", "invalid type: object"),
        ("invalid type: sequence", "invalid type: list"),
    ];
    WORDS.iter().fold(message.to_owned(), |message, (rust, json)| message.replace(rust, json))
}
