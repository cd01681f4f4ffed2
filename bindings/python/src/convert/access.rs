//! Access to the parts of a Python object: elements, entries and members.

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString};
use serde::de::value::StrDeserializer;
use serde::de::{DeserializeSeed, Deserializer, EnumAccess, MapAccess, SeqAccess, VariantAccess, Visitor};

use super::de::{BLOB, STRING, Value};
use super::path::Path;
use super::placeholder::Placeholder;
use super::report::Failure;
use crate::blob;

/// The elements of a list.
pub(super) struct Elements<'a, 'py> {
    elements: std::iter::Enumerate<std::vec::IntoIter<Bound<'py, PyAny>>>,
    of: &'a Value<'a, 'py>,
}

impl<'a, 'py> Elements<'a, 'py> {
    pub(super) fn new(elements: Vec<Bound<'py, PyAny>>, of: &'a Value<'a, 'py>) -> Self {
        Self { elements: elements.into_iter().enumerate(), of }
    }
}

impl<'de> SeqAccess<'de> for Elements<'_, '_> {
    type Error = Failure;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Failure> {
        let Some((index, value)) = self.elements.next() else { return Ok(None) };
        let path = Path::Index(self.of.path, index);
        seed.deserialize(self.of.child(value, &path)).map(Some)
    }
}

/// The entries of a map.
pub(super) struct Entries<'a, 'py> {
    entries: std::vec::IntoIter<(Bound<'py, PyAny>, Bound<'py, PyAny>)>,
    current: Option<(Bound<'py, PyAny>, Bound<'py, PyAny>)>,
    of: &'a Value<'a, 'py>,
}

impl<'a, 'py> Entries<'a, 'py> {
    pub(super) fn new(dict: &Bound<'py, PyDict>, of: &'a Value<'a, 'py>) -> Self {
        Self { entries: dict.iter().collect::<Vec<_>>().into_iter(), current: None, of }
    }
}

impl<'de> MapAccess<'de> for Entries<'_, '_> {
    type Error = Failure;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Failure> {
        let Some((key, value)) = self.entries.next() else { return Ok(None) };
        let text = key.str()?;
        let text = text.to_str()?;
        if !key.is_instance_of::<PyString>() {
            self.of.report.add_type(&Path::Key(self.of.path, text), &key, STRING);
        }
        let name = seed.deserialize(StrDeserializer::new(text)).map(Some);
        self.current = Some((key, value));
        name
    }

    fn next_value_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value, Failure> {
        let Some((key, value)) = self.current.take() else {
            return Err(Failure::Value("a map was read in the wrong order".to_owned()));
        };
        let key = key.to_string();
        let path = Path::Member(self.of.path, &key);
        seed.deserialize(self.of.child(value, &path))
    }
}

/// The members of a structure.
pub(super) struct Members<'a, 'py> {
    members: std::vec::IntoIter<(&'static str, Bound<'py, PyAny>)>,
    /// Required members that are missing.
    missing: std::vec::IntoIter<&'static str>,
    current: Option<(&'static str, Option<Bound<'py, PyAny>>)>,
    of: &'a Value<'a, 'py>,
}

impl<'a, 'py> Members<'a, 'py> {
    pub(super) fn new(
        members: Vec<(&'static str, Bound<'py, PyAny>)>,
        missing: Vec<&'static str>,
        of: &'a Value<'a, 'py>,
    ) -> Self {
        Self { members: members.into_iter(), missing: missing.into_iter(), current: None, of }
    }
}

impl<'de> MapAccess<'de> for Members<'_, '_> {
    type Error = Failure;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Failure> {
        let next = self.members.next().map(|(name, value)| (name, Some(value)));
        let Some((name, value)) = next.or_else(|| Some((self.missing.next()?, None))) else {
            return Ok(None);
        };
        self.current = Some((name, value));
        seed.deserialize(StrDeserializer::new(name)).map(Some)
    }

    fn next_value_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value, Failure> {
        let (name, value) = self.current.take().unwrap_or_default();
        let path = Path::Member(self.of.path, name);
        let Some(value) = value else {
            return seed.deserialize(Placeholder::new(&path, self.of.report));
        };
        let value = self.of.child(value, &path);
        if matches!(self.of.path, Path::Input) && self.of.report.payload_member == Some(name) {
            match blob::read(&value.value, self.of.report.blobs())? {
                Some(bytes) => *self.of.report.payload.borrow_mut() = Some(bytes),
                None => self.of.report.add_type(&path, &value.value, BLOB),
            }
            return seed.deserialize(EmptyBlob);
        }
        seed.deserialize(value)
    }
}

/// The value of the payload, which is set later.
struct EmptyBlob;

impl<'de> Deserializer<'de> for EmptyBlob {
    type Error = Failure;

    fn is_human_readable(&self) -> bool {
        false
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        visitor.visit_bytes(b"")
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        visitor.visit_some(self)
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct
        newtype_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

/// The member of a union.
pub(super) struct Member<'a, 'py> {
    name: &'static str,
    value: Bound<'py, PyAny>,
    of: &'a Value<'a, 'py>,
}

impl<'a, 'py> Member<'a, 'py> {
    pub(super) fn new(name: &'static str, value: Bound<'py, PyAny>, of: &'a Value<'a, 'py>) -> Self {
        Self { name, value, of }
    }
}

impl<'de> EnumAccess<'de> for Member<'_, '_> {
    type Error = Failure;
    type Variant = Self;

    fn variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<(T::Value, Self), Failure> {
        let name = seed.deserialize(StrDeserializer::<Failure>::new(self.name))?;
        Ok((name, self))
    }
}

impl<'de> VariantAccess<'de> for Member<'_, '_> {
    type Error = Failure;

    fn unit_variant(self) -> Result<(), Failure> {
        Ok(())
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Failure> {
        let path = Path::Member(self.of.path, self.name);
        seed.deserialize(self.of.child(self.value, &path))
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Failure> {
        let path = Path::Member(self.of.path, self.name);
        self.of.child(self.value, &path).deserialize_seq(visitor)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        known: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Failure> {
        let path = Path::Member(self.of.path, self.name);
        self.of.child(self.value, &path).deserialize_struct(self.name, known, visitor)
    }
}
