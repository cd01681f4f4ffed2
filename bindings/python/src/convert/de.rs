//! Converts keyword arguments and events into the input of an operation, and reports every problem of the input.

use std::cell::RefCell;

use invoke_model_protocol::json::MAX_DEPTH;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict, PyFloat, PyInt, PyList, PyString, PyTuple};
use serde::de::DeserializeOwned;
use serde::de::{Deserializer, Visitor};

use super::access::{Elements, Entries, Entry, Member, Members};
use super::path::Path;
use super::report::{Failure, Report};
use crate::blob::{self, Blobs, Payload};
use crate::errors;

pub(super) const STRING: &str = "<class 'str'>";
const INTEGER: &str = "<class 'int'>";
const FLOAT: &str = "<class 'float'>, <class 'decimal.Decimal'>, <class 'int'>";
const BOOLEAN: &str = "<class 'bool'>";
const LIST: &str = "<class 'list'>, <class 'tuple'>";
const MAP: &str = "<class 'dict'>";
pub(super) const BLOB: &str = "<class 'bytes'>, <class 'bytearray'>, file-like object";
const TIMESTAMP: &str = "<class 'datetime.datetime'>, timestamp-string";

/// The maximum number of passes over an input. Each missing parameter needs a pass, so without a limit the time grows
/// with the square of their number.
const MAX_PASSES: usize = 64;

/// An input, and its payload.
#[derive(Debug)]
pub(crate) struct Input<T> {
    pub(crate) value: T,
    /// The payload, if the input has one. The member of `value` is empty.
    pub(crate) payload: Option<Payload>,
}

/// Converts keyword arguments or an event into an input. `payload_member` is the name of the member that is the payload.
/// `blobs` are the objects that are blobs in the first pass.
///
/// # Errors
/// Returns a `ParamValidationError` that lists every problem, or the exception that Python code has raised.
pub(crate) fn from_python<T: DeserializeOwned>(
    input: &Bound<'_, PyAny>,
    payload_member: Option<&'static str>,
    blobs: Blobs,
) -> PyResult<Input<T>> {
    let report = Report::new(payload_member, blobs);
    for _ in 0..MAX_PASSES {
        report.restart();
        let value = match T::deserialize(Value::of_input(input, &report)) {
            Ok(value) => value,
            Err(Failure::Restart) => continue,
            Err(Failure::Python(error)) => return Err(error),
            Err(other) => {
                report.add(format!("Invalid value in input: {other}"));
                return Err(errors::param_validation(input.py(), &report.text().unwrap_or_default()));
            }
        };
        return match report.text() {
            None => Ok(Input { value, payload: report.payload.take() }),
            Some(text) => Err(errors::param_validation(input.py(), &text)),
        };
    }
    report.add(format!("At least {MAX_PASSES} required parameters are missing: this report is not complete"));
    Err(errors::param_validation(input.py(), &report.text().unwrap_or_default()))
}

/// Returns the names of the members of an input, and the names of the required members.
pub(crate) fn members<T: DeserializeOwned>(py: Python<'_>) -> (&'static [&'static str], Vec<&'static str>) {
    let report = Report::new(None, Blobs::All);
    let arguments = PyDict::new(py);
    // Each pass finds the next required member that is missing.
    while let Err(Failure::Restart) = T::deserialize(Value::of_input(&arguments, &report)) {}
    (report.members.get(), report.missing_in(&Path::Input))
}

/// A Python object as the source of a value. Without an object, the source of a placeholder, which is a zero value. It
/// replaces a missing value or a value of the wrong type, so that the conversion continues and finds further problems.
///
/// The compiler creates a copy of each generic function for each type of the model. Therefore the functions that do not
/// need the visitor are not generic.
pub(super) struct Value<'a, 'py> {
    pub(super) value: Option<Bound<'py, PyAny>>,
    pub(super) path: &'a Path<'a>,
    pub(super) report: &'a Report,
    depth: usize,
}

/// The name of a member, and its value. The value of a placeholder is `None`.
pub(super) type NamedValue<'py> = (&'static str, Option<Bound<'py, PyAny>>);

impl<'a, 'py> Value<'a, 'py> {
    fn of_input(input: &Bound<'py, PyAny>, report: &'a Report) -> Self {
        Value { value: Some(input.clone()), path: &Path::Input, report, depth: 0 }
    }

    /// Reports that the value has the wrong type, and returns the placeholder that replaces it.
    fn mistyped(&self, expected: &str) -> Self {
        if let Some(value) = &self.value {
            self.report.add_type(self.path, value, expected);
        }
        Value { value: None, ..*self }
    }

    /// Returns a value inside of this value.
    pub(super) fn child<'b>(&self, value: Option<Bound<'py, PyAny>>, path: &'b Path<'b>) -> Value<'b, 'py>
    where
        'a: 'b,
    {
        Value { value, path, report: self.report, depth: self.depth + 1 }
    }

    /// Checks the depth of nested dictionaries and lists, so that recursive functions do not overflow the stack.
    fn check_depth(&self) -> Result<(), Failure> {
        if self.depth < MAX_DEPTH {
            return Ok(());
        }
        Err(Failure::Value(format!("more than {MAX_DEPTH} nested dictionaries and lists")))
    }

    /// Returns the elements of a list, or `None` if the value has the wrong type.
    fn elements(&self) -> Result<Option<Vec<Bound<'py, PyAny>>>, Failure> {
        let Some(value) = &self.value else { return Ok(Some(Vec::new())) };
        self.check_depth()?;
        if let Ok(list) = value.cast::<PyList>() {
            return Ok(Some(list.iter().collect()));
        }
        Ok(value.cast::<PyTuple>().ok().map(|tuple| tuple.iter().collect()))
    }

    /// Returns the entries of a map, or `None` if the value has the wrong type.
    fn entries(&self) -> Result<Option<Vec<Entry<'py>>>, Failure> {
        let Some(value) = &self.value else { return Ok(Some(Vec::new())) };
        self.check_depth()?;
        let Ok(dict) = value.cast::<PyDict>() else { return Ok(None) };
        if dict.is_exact_instance_of::<PyDict>() {
            return Ok(Some(entries(dict)));
        }
        // A subclass, such as `OrderedDict`, can have another order.
        Ok(Some(
            dict.call_method0("items")?.try_iter()?.map(|entry| entry?.extract()).collect::<PyResult<_>>()?,
        ))
    }

    /// Returns the members of a structure, and reports missing and unknown members. Returns `None` if the value has the
    /// wrong type.
    fn members(&self, known: &'static [&'static str]) -> Result<Option<Vec<NamedValue<'py>>>, Failure> {
        let missing = self.report.missing_in(self.path);
        let Some(value) = &self.value else { return Ok(Some(placeholders(missing))) };
        self.check_depth()?;
        let Ok(dict) = value.cast::<PyDict>() else { return Ok(None) };
        let is_input = matches!(self.path, Path::Input);
        if is_input {
            self.report.members.set(known);
        }
        for member in &missing {
            self.report.add_missing(self.path, member);
        }
        let mut members = Vec::with_capacity(dict.len() + missing.len());
        for (name, value) in entries(dict) {
            match find(known, &name)? {
                Some(member) if is_input && self.report.is_left_out(member) => {}
                Some(member) => members.push((member, Some(value))),
                None => self.report.add_unknown(self.path, &name, known),
            }
        }
        if is_input {
            // A document that is `None` starts another pass, in which no file can be read again.
            members.sort_by_key(|(_, value)| value.as_ref().is_some_and(|value| !value.is_none()));
        }
        members.extend(placeholders(missing));
        Ok(Some(members))
    }

    /// Returns the member of a union, and reports missing and unknown members. A placeholder for the first known member
    /// replaces a missing member. Returns `None` if the value has the wrong type.
    fn union_member(&self, known: &'static [&'static str]) -> Result<Option<NamedValue<'py>>, Failure> {
        let placeholder = (known.first().copied().unwrap_or_default(), None);
        let Some(value) = &self.value else { return Ok(Some(placeholder)) };
        self.check_depth()?;
        let Ok(dict) = value.cast::<PyDict>() else { return Ok(None) };
        match dict.len() {
            0 => self.report.add_empty_union(self.path, known),
            1 => {}
            _ => self.report.add_full_union(self.path, known),
        }
        let mut found = None;
        for (name, value) in entries(dict) {
            match find(known, &name)? {
                Some(member) if found.is_none() => found = Some((member, Some(value))),
                Some(_) => {}
                None => self.report.add_unknown(self.path, &name, known),
            }
        }
        Ok(found.or(Some(placeholder)))
    }

    /// Reads the payload of the input if this value is its payload. Otherwise, returns `false`.
    pub(super) fn read_payload(&self) -> PyResult<bool> {
        let (Some(value), Path::Member(Path::Input, name)) = (&self.value, self.path) else {
            return Ok(false);
        };
        if self.report.payload_member != Some(*name) {
            return Ok(false);
        }
        match blob::payload(value, self.report.blobs())? {
            Some(payload) => *self.report.payload.borrow_mut() = Some(payload),
            None => self.report.add_type(self.path, value, BLOB),
        }
        Ok(true)
    }
}

/// Returns the entries of a dictionary. The iterator of PyO3 panics if another thread changes the dictionary.
fn entries<'py>(dict: &Bound<'py, PyDict>) -> Vec<Entry<'py>> {
    let entries = RefCell::new(Vec::with_capacity(dict.len()));
    // The closure does not fail.
    let _ = dict.locked_for_each(|key, value| {
        entries.borrow_mut().push((key, value));
        Ok(())
    });
    entries.into_inner()
}

/// Returns the known member with this name.
fn find(known: &'static [&'static str], name: &Bound<'_, PyAny>) -> PyResult<Option<&'static str>> {
    let Ok(name) = name.cast::<PyString>() else { return Ok(None) };
    let name = name.to_str()?;
    Ok(known.iter().find(|member| **member == name).copied())
}

fn placeholders<'py>(missing: Vec<&'static str>) -> Vec<NamedValue<'py>> {
    missing.into_iter().map(|member| (member, None)).collect()
}

/// Reads an integer. An integer of Python can have more than 64 bits.
fn integer<'de, V: Visitor<'de>>(
    integer: &Bound<'_, PyAny>,
    path: &Path<'_>,
    visitor: V,
) -> Result<V::Value, Failure> {
    if let Ok(value) = integer.extract::<i64>() {
        return visitor.visit_i64(value);
    }
    if let Ok(value) = integer.extract::<u64>() {
        return visitor.visit_u64(value);
    }
    Err(Failure::Value(format!("{path}: the integer has more than 64 bits")))
}

impl<'de> Deserializer<'de> for Value<'_, '_> {
    type Error = Failure;

    fn is_human_readable(&self) -> bool {
        false
    }

    /// Reads a document.
    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        let Some(value) = &self.value else { return visitor.visit_unit() };
        if let (true, Path::Member(Path::Input, argument)) = (value.is_none(), self.path) {
            self.report.leave_out(argument);
            return Err(Failure::Restart);
        }
        if value.is_none() {
            visitor.visit_unit()
        } else if let Ok(text) = value.cast::<PyString>() {
            visitor.visit_str(text.to_str()?)
        } else if let Ok(value) = value.cast::<PyBool>() {
            visitor.visit_bool(value.is_true())
        } else if value.is_instance_of::<PyInt>() {
            integer(value, self.path, visitor)
        } else if let Ok(float) = value.cast::<PyFloat>() {
            match float.extract::<f64>()? {
                value if value.is_finite() => visitor.visit_f64(value),
                value => Err(Failure::Value(format!("{}: JSON has no number {value}", self.path))),
            }
        } else if value.is_instance_of::<PyDict>() {
            self.deserialize_map(visitor)
        } else if value.is_instance_of::<PyList>() || value.is_instance_of::<PyTuple>() {
            self.deserialize_seq(visitor)
        } else {
            self.report.add_document_type(self.path, value);
            visitor.visit_unit()
        }
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        let Some(value) = &self.value else { return visitor.visit_bool(false) };
        match value.cast::<PyBool>() {
            Ok(value) => visitor.visit_bool(value.is_true()),
            Err(_) => self.mistyped(BOOLEAN).deserialize_bool(visitor),
        }
    }

    fn deserialize_i32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        self.deserialize_i64(visitor)
    }

    fn deserialize_i64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        let Some(value) = &self.value else { return visitor.visit_i64(0) };
        // In Python, `bool` is a subclass of `int`. The service rejects `true` as a number.
        match value.is_instance_of::<PyInt>() && !value.is_instance_of::<PyBool>() {
            true => integer(value, self.path, visitor),
            false => self.mistyped(INTEGER).deserialize_i64(visitor),
        }
    }

    fn deserialize_f32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        self.deserialize_f64(visitor)
    }

    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        let Some(value) = &self.value else { return visitor.visit_f64(0.0) };
        let is_number = value.is_instance_of::<PyFloat>()
            || value.is_instance_of::<PyInt>() && !value.is_instance_of::<PyBool>()
            || value.get_type().name()? == "Decimal";
        match is_number {
            true => visitor.visit_f64(value.extract()?),
            false => self.mistyped(FLOAT).deserialize_f64(visitor),
        }
    }

    /// Reads a timestamp: a `datetime`, a number of seconds, or text. Only timestamps request a borrowed text,
    /// because no type of an input borrows from its source.
    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        let Some(value) = &self.value else { return visitor.visit_str("1970-01-01T00:00:00Z") };
        let helpers = value.py().import("invoke_model._time")?;
        let text = helpers.call_method1("to_text", (value,))?;
        match text.cast::<PyString>() {
            Ok(text) => visitor.visit_str(text.to_str()?),
            Err(_) => self.mistyped(TIMESTAMP).deserialize_str(visitor),
        }
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        let Some(value) = &self.value else { return visitor.visit_str("") };
        match value.cast::<PyString>() {
            Ok(text) => visitor.visit_str(text.to_str()?),
            Err(_) => self.mistyped(STRING).deserialize_string(visitor),
        }
    }

    fn deserialize_bytes<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        self.deserialize_byte_buf(visitor)
    }

    fn deserialize_byte_buf<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        let Some(value) = &self.value else { return visitor.visit_bytes(b"") };
        match blob::read(value, self.report.blobs())? {
            Some(bytes) => visitor.visit_bytes(&bytes),
            None => self.mistyped(BLOB).deserialize_byte_buf(visitor),
        }
    }

    /// An optional member must not be `None`, as in botocore.
    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        match self.value {
            Some(_) => visitor.visit_some(self),
            None => visitor.visit_none(),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Failure> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        match self.elements()? {
            Some(elements) => visitor.visit_seq(Elements::new(elements, &self)),
            None => self.mistyped(LIST).deserialize_seq(visitor),
        }
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        match self.entries()? {
            Some(entries) => visitor.visit_map(Entries::new(entries, &self)),
            None => self.mistyped(MAP).deserialize_map(visitor),
        }
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        shape: &'static str,
        known: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Failure> {
        let Some(members) = self.members(known)? else {
            return self.mistyped(MAP).deserialize_struct(shape, known, visitor);
        };
        match visitor.visit_map(Members::new(members, &self)) {
            Err(Failure::Missing(member)) => {
                self.report.remember_missing(self.path, member);
                Err(Failure::Restart)
            }
            result => result,
        }
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        shape: &'static str,
        known: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Failure> {
        match self.union_member(known)? {
            Some(member) => visitor.visit_enum(Member::new(member, &self)),
            None => self.mistyped(MAP).deserialize_enum(shape, known, visitor),
        }
    }

    serde::forward_to_deserialize_any! {
        i8 i16 i128 u8 u16 u32 u64 u128 char unit unit_struct tuple tuple_struct identifier ignored_any
    }
}
