//! Converts keyword arguments and events into the input of an operation, and reports every problem of the input.

use bytes::Bytes;
use invoke_model_protocol::json::MAX_DEPTH;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict, PyFloat, PyInt, PyList, PyString, PyTuple};
use serde::de::DeserializeOwned;
use serde::de::{Deserializer, Visitor};

use super::access::{Elements, Entries, Member, Members};
use super::path::Path;
use super::placeholder::Placeholder;
use super::report::{Failure, Report};
use crate::blob::{self, Blobs};
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
    pub(crate) payload: Option<Bytes>,
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
        let value = Value { value: input.clone(), path: &Path::Input, report: &report, depth: 0 };
        let value = match T::deserialize(value) {
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
    while let Err(Failure::Restart) = T::deserialize(Value {
        value: arguments.as_any().clone(),
        path: &Path::Input,
        report: &report,
        depth: 0,
    }) {}
    (report.members.get(), report.missing_in(&Path::Input))
}

/// A Python object as the source of a value.
pub(super) struct Value<'a, 'py> {
    pub(super) value: Bound<'py, PyAny>,
    pub(super) path: &'a Path<'a>,
    pub(super) report: &'a Report,
    depth: usize,
}

impl<'a, 'py> Value<'a, 'py> {
    /// Reports that the value has the wrong type, and returns the deserializer that replaces it.
    fn mistyped(&self, expected: &str) -> Placeholder<'a> {
        self.report.add_type(self.path, &self.value, expected);
        Placeholder::new(self.path, self.report)
    }

    /// Returns a value inside of this value.
    pub(super) fn child<'b>(&self, value: Bound<'py, PyAny>, path: &'b Path<'b>) -> Value<'b, 'py>
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

    fn elements(&self) -> Result<Option<Vec<Bound<'py, PyAny>>>, Failure> {
        self.check_depth()?;
        if let Ok(list) = self.value.cast::<PyList>() {
            return Ok(Some(list.iter().collect()));
        }
        Ok(self.value.cast::<PyTuple>().ok().map(|tuple| tuple.iter().collect()))
    }

    /// Reads an integer. An integer of Python can have more than 64 bits.
    fn integer<'de, V: Visitor<'de>>(
        &self,
        integer: &Bound<'py, PyAny>,
        visitor: V,
    ) -> Result<V::Value, Failure> {
        if let Ok(value) = integer.extract::<i64>() {
            return visitor.visit_i64(value);
        }
        if let Ok(value) = integer.extract::<u64>() {
            return visitor.visit_u64(value);
        }
        let path = self.path;
        Err(Failure::Value(format!("{path}: the integer has more than 64 bits")))
    }
}

impl<'de> Deserializer<'de> for Value<'_, '_> {
    type Error = Failure;

    fn is_human_readable(&self) -> bool {
        false
    }

    /// Reads a document.
    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        if let (true, Path::Member(Path::Input, argument)) = (self.value.is_none(), self.path) {
            self.report.leave_out(argument);
            return Err(Failure::Restart);
        }
        if self.value.is_none() {
            visitor.visit_unit()
        } else if let Ok(text) = self.value.cast::<PyString>() {
            visitor.visit_str(text.to_str()?)
        } else if let Ok(value) = self.value.cast::<PyBool>() {
            visitor.visit_bool(value.is_true())
        } else if self.value.is_instance_of::<PyInt>() {
            self.integer(&self.value, visitor)
        } else if let Ok(float) = self.value.cast::<PyFloat>() {
            match float.extract::<f64>()? {
                value if value.is_finite() => visitor.visit_f64(value),
                value => Err(Failure::Value(format!("{}: JSON has no number {value}", self.path))),
            }
        } else if self.value.is_instance_of::<PyDict>() {
            self.deserialize_map(visitor)
        } else if self.elements()?.is_some() {
            self.deserialize_seq(visitor)
        } else {
            self.report.add_document_type(self.path, &self.value);
            Placeholder::new(self.path, self.report).deserialize_any(visitor)
        }
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        match self.value.cast::<PyBool>() {
            Ok(value) => visitor.visit_bool(value.is_true()),
            Err(_) => self.mistyped(BOOLEAN).deserialize_bool(visitor),
        }
    }

    fn deserialize_i32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        self.deserialize_i64(visitor)
    }

    fn deserialize_i64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        // In Python, `bool` is a subclass of `int`. The service rejects `true` as a number.
        match self.value.is_instance_of::<PyInt>() && !self.value.is_instance_of::<PyBool>() {
            true => self.integer(&self.value, visitor),
            false => self.mistyped(INTEGER).deserialize_i64(visitor),
        }
    }

    fn deserialize_f32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        self.deserialize_f64(visitor)
    }

    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        let is_number = self.value.is_instance_of::<PyFloat>()
            || self.value.is_instance_of::<PyInt>() && !self.value.is_instance_of::<PyBool>()
            || self.value.get_type().name()? == "Decimal";
        match is_number {
            true => visitor.visit_f64(self.value.extract()?),
            false => self.mistyped(FLOAT).deserialize_f64(visitor),
        }
    }

    /// Reads a timestamp: a `datetime`, a number of seconds, or text. Only timestamps request a borrowed text,
    /// because no type of an input borrows from its source.
    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        let helpers = self.value.py().import("invoke_model._time")?;
        let text = helpers.call_method1("to_text", (&self.value,))?;
        match text.cast::<PyString>() {
            Ok(text) => visitor.visit_str(text.to_str()?),
            Err(_) => self.mistyped(TIMESTAMP).deserialize_str(visitor),
        }
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        match self.value.cast::<PyString>() {
            Ok(text) => visitor.visit_str(text.to_str()?),
            Err(_) => self.mistyped(STRING).deserialize_string(visitor),
        }
    }

    fn deserialize_bytes<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        self.deserialize_byte_buf(visitor)
    }

    fn deserialize_byte_buf<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        match blob::read(&self.value, self.report.blobs())? {
            Some(bytes) => visitor.visit_bytes(&bytes),
            None => self.mistyped(BLOB).deserialize_byte_buf(visitor),
        }
    }

    /// An optional member must not be `None`, as in botocore.
    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        visitor.visit_some(self)
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
        self.check_depth()?;
        match self.value.cast::<PyDict>() {
            Ok(dict) => visitor.visit_map(Entries::new(dict, &self)),
            Err(_) => self.mistyped(MAP).deserialize_map(visitor),
        }
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        shape: &'static str,
        known: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Failure> {
        self.check_depth()?;
        let Ok(dict) = self.value.cast::<PyDict>() else {
            return self.mistyped(MAP).deserialize_struct(shape, known, visitor);
        };
        let is_input = matches!(self.path, Path::Input);
        if is_input {
            self.report.members.set(known);
        }
        let missing = self.report.missing_in(self.path);
        for member in &missing {
            self.report.add_missing(self.path, member);
        }
        let mut members = Vec::with_capacity(dict.len());
        for (name, value) in dict.iter() {
            let text = name.cast::<PyString>().ok();
            let text = text.as_ref().map(|text| text.to_str()).transpose()?;
            match known.iter().find(|member| Some(**member) == text) {
                Some(member) if is_input && self.report.is_left_out(member) => {}
                Some(member) => members.push((*member, value)),
                None => self.report.add_unknown(self.path, &name, known),
            }
        }
        if is_input {
            // A document that is `None` starts another pass, in which no file can be read again.
            members.sort_by_key(|(_, value)| !value.is_none());
        }
        let members = Members::new(members, missing, &self);
        match visitor.visit_map(members) {
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
        self.check_depth()?;
        let Ok(dict) = self.value.cast::<PyDict>() else {
            return self.mistyped(MAP).deserialize_enum(shape, known, visitor);
        };
        match dict.len() {
            0 => self.report.add_empty_union(self.path, known),
            1 => {}
            _ => self.report.add_full_union(self.path, known),
        }
        let mut found = None;
        for (name, value) in dict.iter() {
            let text = name.cast::<PyString>().ok();
            let text = text.as_ref().map(|text| text.to_str()).transpose()?;
            match known.iter().find(|member| Some(**member) == text) {
                Some(member) if found.is_none() => found = Some((*member, value)),
                Some(_) => {}
                None => self.report.add_unknown(self.path, &name, known),
            }
        }
        match found {
            Some((name, value)) => visitor.visit_enum(Member::new(name, value, &self)),
            None => Placeholder::new(self.path, self.report).deserialize_enum(shape, known, visitor),
        }
    }

    serde::forward_to_deserialize_any! {
        i8 i16 i128 u8 u16 u32 u64 u128 char unit unit_struct tuple tuple_struct identifier ignored_any
    }
}
