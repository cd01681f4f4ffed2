//! Access to the parts of a Python object: elements, entries and members.

use pyo3::prelude::*;
use pyo3::types::PyString;
use serde::de::value::StrDeserializer;
use serde::de::{DeserializeSeed, Deserializer, EnumAccess, MapAccess, SeqAccess, VariantAccess, Visitor};

use super::de::{NamedValue, STRING, Value};
use super::path::Path;
use super::report::Failure;

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
        seed.deserialize(self.of.child(Some(value), &path)).map(Some)
    }
}

/// A key of a map, and its value.
pub(super) type Entry<'py> = (Bound<'py, PyAny>, Bound<'py, PyAny>);

/// The entries of a map.
pub(super) struct Entries<'a, 'py> {
    entries: std::vec::IntoIter<Entry<'py>>,
    current: Option<Entry<'py>>,
    of: &'a Value<'a, 'py>,
}

impl<'a, 'py> Entries<'a, 'py> {
    pub(super) fn new(entries: Vec<Entry<'py>>, of: &'a Value<'a, 'py>) -> Self {
        Self { entries: entries.into_iter(), current: None, of }
    }
}

impl<'de> MapAccess<'de> for Entries<'_, '_> {
    type Error = Failure;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Failure> {
        let Some((key, value)) = self.entries.next() else { return Ok(None) };
        let text = match key.cast::<PyString>() {
            // `str()` of a member of an enumeration does not return its text.
            Ok(text) => text.clone(),
            Err(_) => key.str()?,
        };
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
        let key = key.extract().unwrap_or_else(|_| key.to_string());
        let path = Path::Member(self.of.path, &key);
        seed.deserialize(self.of.child(Some(value), &path))
    }
}

/// The members of a structure.
pub(super) struct Members<'a, 'py> {
    members: std::vec::IntoIter<NamedValue<'py>>,
    current: NamedValue<'py>,
    of: &'a Value<'a, 'py>,
}

impl<'a, 'py> Members<'a, 'py> {
    pub(super) fn new(members: Vec<NamedValue<'py>>, of: &'a Value<'a, 'py>) -> Self {
        Self { members: members.into_iter(), current: ("", None), of }
    }
}

impl<'de> MapAccess<'de> for Members<'_, '_> {
    type Error = Failure;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Failure> {
        let Some(member) = self.members.next() else { return Ok(None) };
        let name = member.0;
        self.current = member;
        seed.deserialize(StrDeserializer::new(name)).map(Some)
    }

    fn next_value_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value, Failure> {
        let (name, value) = std::mem::take(&mut self.current);
        let path = Path::Member(self.of.path, name);
        let mut value = self.of.child(value, &path);
        if value.read_payload()? {
            // The payload is set after the conversion.
            value.value = None;
        }
        seed.deserialize(value)
    }
}

/// The member of a union.
pub(super) struct Member<'a, 'py> {
    member: NamedValue<'py>,
    of: &'a Value<'a, 'py>,
}

impl<'a, 'py> Member<'a, 'py> {
    pub(super) fn new(member: NamedValue<'py>, of: &'a Value<'a, 'py>) -> Self {
        Self { member, of }
    }
}

impl<'de> EnumAccess<'de> for Member<'_, '_> {
    type Error = Failure;
    type Variant = Self;

    fn variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<(T::Value, Self), Failure> {
        let name = seed.deserialize(StrDeserializer::<Failure>::new(self.member.0))?;
        Ok((name, self))
    }
}

impl<'de> VariantAccess<'de> for Member<'_, '_> {
    type Error = Failure;

    fn unit_variant(self) -> Result<(), Failure> {
        Ok(())
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Failure> {
        let (name, value) = self.member;
        let path = Path::Member(self.of.path, name);
        seed.deserialize(self.of.child(value, &path))
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Failure> {
        let (name, value) = self.member;
        let path = Path::Member(self.of.path, name);
        self.of.child(value, &path).deserialize_seq(visitor)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        known: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Failure> {
        let (name, value) = self.member;
        let path = Path::Member(self.of.path, name);
        self.of.child(value, &path).deserialize_struct(name, known, visitor)
    }
}
