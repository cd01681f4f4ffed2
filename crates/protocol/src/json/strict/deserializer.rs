//! A deserializer that checks the names of members.

use serde::de::value::StrDeserializer;
use serde::de::{DeserializeSeed, Deserializer, EnumAccess, MapAccess, SeqAccess, VariantAccess, Visitor};
use serde_json::{Map, Value};

use super::error::{InputError, InputErrorKind};
use super::text::is_repeated;

/// A deserializer that rejects members which the type does not have.
pub(super) struct StrictDeserializer {
    value: Value,
    /// `true` if the value is a member of a structure. An optional member must not be null, because a `NaN`
    /// becomes null in a [`Value`]. If null were accepted, a member with the value `NaN` would silently
    /// become unset. botocore has the same rule.
    is_member: bool,
}

impl StrictDeserializer {
    pub(super) fn new(value: Value) -> Self {
        Self { value, is_member: false }
    }
}

impl<'de> Deserializer<'de> for StrictDeserializer {
    type Error = InputError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, InputError> {
        match self.value {
            Value::Null => visitor.visit_unit(),
            Value::Bool(value) => visitor.visit_bool(value),
            Value::Number(number) => match (number.as_u64(), number.as_i64(), number.as_f64()) {
                (Some(value), _, _) => visitor.visit_u64(value),
                (None, Some(value), _) => visitor.visit_i64(value),
                (None, None, value) => visitor.visit_f64(value.unwrap_or(f64::NAN)),
            },
            Value::String(text) => visitor.visit_string(text),
            Value::Array(elements) => {
                visitor.visit_seq(Elements { elements: elements.into_iter().enumerate() })
            }
            Value::Object(members) => visitor.visit_map(Members::new(members, Keys::OfMap)),
        }
    }

    fn deserialize_f32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, InputError> {
        // Without this check, serde would convert a large number into an infinity.
        if self.value.as_f64().is_some_and(|number| number.abs() > f64::from(f32::MAX)) {
            return Err(serde::de::Error::custom("the number does not fit f32"));
        }
        self.deserialize_any(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, InputError> {
        match self.value {
            Value::Null if self.is_member => Err(InputErrorKind::Null.into()),
            Value::Null => visitor.visit_none(),
            value => visitor.visit_some(Self::new(value)),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, InputError> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        shape: &'static str,
        known: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, InputError> {
        match self.value {
            Value::Object(members) => {
                visitor.visit_map(Members::new(members, Keys::OfStructure { shape, known }))
            }
            other => Err(InputError::mismatch(&other, "an object")),
        }
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        shape: &'static str,
        known: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, InputError> {
        let members = match self.value {
            Value::Object(members) => members,
            other => return Err(InputError::mismatch(&other, "an object with one member")),
        };
        if let Some(name) = members.keys().find(|name| !known.contains(&name.as_str())) {
            return Err(InputError::from(InputErrorKind::UnknownMember { shape, known }).inside(name));
        }
        let found = members.len();
        match members.into_iter().next() {
            Some((name, value)) if is_repeated(&value) => {
                Err(InputError::from(InputErrorKind::Repeated).inside(&name))
            }
            Some((name, value)) if found == 1 => visitor.visit_enum(Member { name, value }),
            _ => Err(InputErrorKind::Union { shape, known, found }.into()),
        }
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, InputError> {
        visitor.visit_unit()
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f64 char str string bytes byte_buf unit unit_struct seq tuple
        tuple_struct map identifier
    }
}

/// The elements of an array.
struct Elements {
    elements: std::iter::Enumerate<std::vec::IntoIter<Value>>,
}

impl<'de> SeqAccess<'de> for Elements {
    type Error = InputError;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, InputError> {
        let Some((index, value)) = self.elements.next() else { return Ok(None) };
        let element = seed.deserialize(StrictDeserializer::new(value));
        element.map(Some).map_err(|error| error.inside(&format!("[{index}]")))
    }
}

/// The meaning of the keys of an object.
#[derive(Clone, Copy)]
enum Keys {
    OfMap,
    OfStructure { shape: &'static str, known: &'static [&'static str] },
}

/// The members of an object.
struct Members {
    members: serde_json::map::IntoIter,
    keys: Keys,
    /// The member whose name has been read, but whose value has not been read yet.
    current: Option<(String, Value)>,
}

impl Members {
    fn new(members: Map<String, Value>, keys: Keys) -> Self {
        Self { members: members.into_iter(), keys, current: None }
    }
}

impl<'de> MapAccess<'de> for Members {
    type Error = InputError;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, InputError> {
        let Some((name, value)) = self.members.next() else { return Ok(None) };
        if let Keys::OfStructure { shape, known } = self.keys {
            if !known.contains(&name.as_str()) {
                return Err(InputError::from(InputErrorKind::UnknownMember { shape, known }).inside(&name));
            }
        }
        let (name, _) = self.current.insert((name, value));
        seed.deserialize(StrDeserializer::new(name)).map(Some)
    }

    fn next_value_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value, InputError> {
        let (name, value) = self.current.take().unwrap_or_default();
        if is_repeated(&value) {
            let name = if matches!(self.keys, Keys::OfMap) { "[..]" } else { &name };
            return Err(InputError::from(InputErrorKind::Repeated).inside(name));
        }
        match self.keys {
            Keys::OfMap => {
                seed.deserialize(StrictDeserializer::new(value)).map_err(|error| error.inside("[..]"))
            }
            Keys::OfStructure { .. } => seed
                .deserialize(StrictDeserializer { value, is_member: true })
                .map_err(|error| error.inside(&name)),
        }
    }
}

/// The member of a union.
struct Member {
    name: String,
    value: Value,
}

impl<'de> EnumAccess<'de> for Member {
    type Error = InputError;
    type Variant = Self;

    fn variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<(T::Value, Self), InputError> {
        let name = seed.deserialize(StrDeserializer::<InputError>::new(&self.name))?;
        Ok((name, self))
    }
}

impl<'de> VariantAccess<'de> for Member {
    type Error = InputError;

    fn unit_variant(self) -> Result<(), InputError> {
        Err(InputError::mismatch(&self.value, "no value").inside(&self.name))
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, InputError> {
        seed.deserialize(StrictDeserializer::new(self.value)).map_err(|error| error.inside(&self.name))
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, InputError> {
        StrictDeserializer::new(self.value).deserialize_seq(visitor).map_err(|error| error.inside(&self.name))
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        known: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, InputError> {
        let members =
            StrictDeserializer::new(self.value).deserialize_struct("the union member", known, visitor);
        members.map_err(|error| error.inside(&self.name))
    }
}
