//! Deserializes a body into the request structure of a vendor.
//!
//! The errors of `serde_json` contain no path and use the type names of Rust. The errors of this
//! deserializer have the type [`ValidationError`]. It contains the path to the invalid value and uses the type
//! names of JSON.

use std::slice;

use serde::de::value::{BorrowedStrDeserializer, MapAccessDeserializer};
use serde::de::{Deserialize, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde::forward_to_deserialize_any;
use serde_json::{Value, map};

use super::validation_error::ValidationError;

/// The prefix of keys that Bedrock itself reads, for example `amazon-bedrock-guardrailConfig`. Bedrock does
/// not pass these keys to the model.
/// <https://docs.aws.amazon.com/bedrock/latest/userguide/guardrails-use-inference-api.html>
pub(super) const BEDROCK_KEYS: &str = "amazon-bedrock-";

/// Deserializes a complete body.
pub(super) fn read<'de, T: Deserialize<'de>>(body: &'de Value) -> Result<T, ValidationError> {
    match body {
        Value::Object(members) => T::deserialize(MapAccessDeserializer::new(Members {
            members: members.iter(),
            value: None,
            skipped: Some(BEDROCK_KEYS),
        })),
        other => T::deserialize(Json(other)),
    }
}

#[derive(Clone, Copy)]
struct Json<'de>(&'de Value);

impl Json<'_> {
    fn wrong_type(self, expected: &'static str) -> ValidationError {
        let found = match self.0 {
            Value::Null => "Null",
            Value::Bool(_) => "Boolean",
            Value::Number(number) if number.is_f64() => "Double",
            Value::Number(_) => "Integer",
            Value::String(_) => "String",
            Value::Array(_) => "JSONArray",
            Value::Object(_) => "JSONObject",
        };
        ValidationError::wrong_type(expected, found)
    }
}

impl<'de> Deserializer<'de> for Json<'de> {
    type Error = ValidationError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValidationError> {
        match self.0 {
            Value::Null => visitor.visit_unit(),
            Value::Bool(_) => self.deserialize_bool(visitor),
            Value::Number(number) if number.is_i64() => self.deserialize_i64(visitor),
            Value::Number(_) => self.deserialize_f64(visitor),
            Value::String(_) => self.deserialize_str(visitor),
            Value::Array(_) => self.deserialize_seq(visitor),
            Value::Object(_) => self.deserialize_map(visitor),
        }
    }

    /// Treats `null` as a value, not as a missing key. The type of the member then rejects the value. Only
    /// members whose value is ignored accept `null`.
    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValidationError> {
        visitor.visit_some(self)
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValidationError> {
        visitor.visit_bool(self.0.as_bool().ok_or_else(|| self.wrong_type("Boolean"))?)
    }

    fn deserialize_i64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValidationError> {
        visitor.visit_i64(self.0.as_i64().ok_or_else(|| self.wrong_type("Integer"))?)
    }

    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValidationError> {
        visitor.visit_f64(self.0.as_f64().ok_or_else(|| self.wrong_type("Number"))?)
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValidationError> {
        visitor.visit_borrowed_str(self.0.as_str().ok_or_else(|| self.wrong_type("String"))?)
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValidationError> {
        self.deserialize_str(visitor)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValidationError> {
        let items = self.0.as_array().ok_or_else(|| self.wrong_type("JSONArray"))?;
        visitor.visit_seq(Items { next: 0, items: items.iter() })
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValidationError> {
        let members = self.0.as_object().ok_or_else(|| self.wrong_type("JSONObject"))?;
        visitor.visit_map(Members { members: members.iter(), value: None, skipped: None })
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ValidationError> {
        self.deserialize_map(visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ValidationError> {
        let variant = self.0.as_str().ok_or_else(|| self.wrong_type("String"))?;
        visitor.visit_enum(BorrowedStrDeserializer::new(variant))
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, ValidationError> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValidationError> {
        visitor.visit_unit()
    }

    forward_to_deserialize_any! {
        i8 i16 i32 i128 u8 u16 u32 u64 u128 f32 char bytes byte_buf unit unit_struct tuple tuple_struct
        identifier
    }
}

struct Items<'de> {
    next: usize,
    items: slice::Iter<'de, Value>,
}

impl<'de> SeqAccess<'de> for Items<'de> {
    type Error = ValidationError;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, ValidationError> {
        let Some(item) = self.items.next() else { return Ok(None) };
        let index = self.next;
        self.next += 1;
        seed.deserialize(Json(item)).map(Some).map_err(|error| error.at(index))
    }
}

struct Members<'de> {
    members: map::Iter<'de>,
    value: Option<(&'de str, &'de Value)>,
    /// The prefix of keys to ignore.
    skipped: Option<&'static str>,
}

impl<'de> MapAccess<'de> for Members<'de> {
    type Error = ValidationError;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, ValidationError> {
        let skipped = self.skipped;
        let is_read = |key: &str| skipped.is_none_or(|prefix| !key.starts_with(prefix));
        let Some((key, value)) = self.members.find(|(key, _)| is_read(key)) else { return Ok(None) };
        self.value = Some((key, value));
        seed.deserialize(BorrowedStrDeserializer::new(key)).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, ValidationError> {
        let (key, value) = self
            .value
            .take()
            .ok_or_else(|| ValidationError::new("internal error: a value was read before its key"))?;
        seed.deserialize(Json(value)).map_err(|error| error.at(key))
    }
}
