//! Converts an output or an event into Python objects.

use std::cell::RefCell;
use std::collections::HashMap;
use std::fmt;

use invoke_model_protocol::json::UnknownMember;
use pyo3::BoundObject;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyFloat, PyList, PyString};
use serde::ser::{
    self, Serialize, SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant, SerializeTuple,
    SerializeTupleStruct, SerializeTupleVariant, Serializer,
};

/// Converts a value into Python objects: structures and maps into dictionaries, blobs into `bytes`, timestamps into
/// `datetime`.
pub(crate) fn to_python<'py>(py: Python<'py>, value: &impl Serialize) -> PyResult<Bound<'py, PyAny>> {
    value.serialize(Objects(py)).map_err(|Exception(error)| error)
}

thread_local! {
    /// The strings of the names of members that this thread has used.
    static NAMES: RefCell<HashMap<&'static str, Py<PyString>>> = RefCell::default();
}

/// Returns the string of the name of a member.
///
/// Interning the name for each dictionary would cost more, because Python forgets an interned string when the last
/// dictionary that contains it is dropped.
pub(crate) fn member_name<'py>(py: Python<'py>, name: &'static str) -> Bound<'py, PyString> {
    NAMES.with_borrow_mut(|names| {
        let string = names.entry(name).or_insert_with(|| PyString::intern(py, name).unbind());
        string.bind(py).clone()
    })
}

#[derive(Debug)]
pub(super) struct Exception(PyErr);

impl From<PyErr> for Exception {
    fn from(error: PyErr) -> Self {
        Self(error)
    }
}

impl fmt::Display for Exception {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for Exception {}

impl ser::Error for Exception {
    fn custom<T: fmt::Display>(problem: T) -> Self {
        Self(pyo3::exceptions::PyRuntimeError::new_err(problem.to_string()))
    }
}

type Object<'py> = Result<Bound<'py, PyAny>, Exception>;

#[derive(Clone, Copy)]
struct Objects<'py>(Python<'py>);

impl<'py> Objects<'py> {
    fn object<T: IntoPyObject<'py>>(self, value: T) -> Object<'py>
    where
        PyErr: From<T::Error>,
    {
        value
            .into_pyobject(self.0)
            .map(|object| object.into_bound().into_any())
            .map_err(|error| Exception(error.into()))
    }

    fn list(self) -> List<'py> {
        List { py: self.0, elements: Vec::new() }
    }

    fn dict(self) -> Dict<'py> {
        Dict { dict: PyDict::new(self.0), key: None }
    }
}

impl<'py> Serializer for Objects<'py> {
    type Ok = Bound<'py, PyAny>;
    type Error = Exception;
    type SerializeSeq = List<'py>;
    type SerializeTuple = List<'py>;
    type SerializeTupleStruct = List<'py>;
    type SerializeTupleVariant = List<'py>;
    type SerializeMap = Dict<'py>;
    type SerializeStruct = Dict<'py>;
    type SerializeStructVariant = Dict<'py>;

    fn is_human_readable(&self) -> bool {
        false
    }

    fn serialize_bool(self, value: bool) -> Object<'py> {
        Ok(value.into_pyobject(self.0).map(|value| value.to_owned().into_any()).map_err(PyErr::from)?)
    }

    fn serialize_i8(self, value: i8) -> Object<'py> {
        self.object(value)
    }

    fn serialize_i16(self, value: i16) -> Object<'py> {
        self.object(value)
    }

    fn serialize_i32(self, value: i32) -> Object<'py> {
        self.object(value)
    }

    fn serialize_i64(self, value: i64) -> Object<'py> {
        self.object(value)
    }

    fn serialize_u8(self, value: u8) -> Object<'py> {
        self.object(value)
    }

    fn serialize_u16(self, value: u16) -> Object<'py> {
        self.object(value)
    }

    fn serialize_u32(self, value: u32) -> Object<'py> {
        self.object(value)
    }

    fn serialize_u64(self, value: u64) -> Object<'py> {
        self.object(value)
    }

    /// Converts the shortest decimal text of the float, so that the float 0.1 becomes 0.1 and not 0.10000000149011612.
    fn serialize_f32(self, value: f32) -> Object<'py> {
        let digits = value.to_string().parse().unwrap_or(f64::from(value));
        self.serialize_f64(digits)
    }

    fn serialize_f64(self, value: f64) -> Object<'py> {
        Ok(PyFloat::new(self.0, value).into_any())
    }

    fn serialize_char(self, value: char) -> Object<'py> {
        self.object(value)
    }

    fn serialize_str(self, value: &str) -> Object<'py> {
        Ok(PyString::new(self.0, value).into_any())
    }

    /// Only timestamps are written with this function.
    fn collect_str<T: fmt::Display + ?Sized>(self, value: &T) -> Object<'py> {
        let helpers = self.0.import("invoke_model._time")?;
        Ok(helpers.call_method1("from_text", (value.to_string(),))?)
    }

    fn serialize_bytes(self, value: &[u8]) -> Object<'py> {
        Ok(PyBytes::new(self.0, value).into_any())
    }

    fn serialize_none(self) -> Object<'py> {
        Ok(self.0.None().into_bound(self.0))
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Object<'py> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Object<'py> {
        self.serialize_none()
    }

    fn serialize_unit_struct(self, _: &'static str) -> Object<'py> {
        Ok(PyDict::new(self.0).into_any())
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, variant: &'static str) -> Object<'py> {
        self.serialize_str(variant)
    }

    /// Replaces a member that is not in the model by `{"SDK_UNKNOWN_MEMBER": {"name": ..}}`, as botocore does.
    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, name: &'static str, value: &T) -> Object<'py> {
        let value = value.serialize(self)?;
        if name != UnknownMember::TYPE_NAME {
            return Ok(value);
        }
        let name = value.try_iter()?.next().transpose()?;
        // The default of a required union that the response does not contain. `serialize_field` leaves it out.
        let Some(name) = name.filter(|name| name.is_truthy().unwrap_or(true)) else {
            return Ok(self.0.NotImplemented().into_bound(self.0));
        };
        unknown_member(&name)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Object<'py> {
        let dict = PyDict::new(self.0);
        dict.set_item(member_name(self.0, variant), value.serialize(self)?)?;
        Ok(dict.into_any())
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<List<'py>, Exception> {
        Ok(self.list())
    }

    fn serialize_tuple(self, _: usize) -> Result<List<'py>, Exception> {
        Ok(self.list())
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<List<'py>, Exception> {
        Ok(self.list())
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<List<'py>, Exception> {
        Ok(self.list())
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Dict<'py>, Exception> {
        Ok(self.dict())
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Dict<'py>, Exception> {
        Ok(self.dict())
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Dict<'py>, Exception> {
        Ok(self.dict())
    }
}

struct List<'py> {
    py: Python<'py>,
    elements: Vec<Bound<'py, PyAny>>,
}

impl<'py> List<'py> {
    fn push<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Exception> {
        let element = value.serialize(Objects(self.py))?;
        // A union in a list is in the response, so it is not a default.
        let is_unnamed = element.is(self.py.NotImplemented());
        self.elements.push(if is_unnamed { unknown_member(&PyString::new(self.py, ""))? } else { element });
        Ok(())
    }

    fn finish(self) -> Object<'py> {
        Ok(PyList::new(self.py, self.elements)?.into_any())
    }
}

/// Implements the traits of sequences, which differ only in the names of their functions.
macro_rules! sequence {
    ($($name:ident :: $function:ident),*) => {$(
        impl<'py> $name for List<'py> {
            type Ok = Bound<'py, PyAny>;
            type Error = Exception;

            fn $function<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Exception> {
                self.push(value)
            }

            fn end(self) -> Object<'py> {
                self.finish()
            }
        }
    )*};
}

sequence!(
    SerializeSeq::serialize_element,
    SerializeTuple::serialize_element,
    SerializeTupleStruct::serialize_field,
    SerializeTupleVariant::serialize_field
);

/// Returns the dictionary of a union whose member is not in the model.
fn unknown_member<'py>(name: &Bound<'py, PyAny>) -> Object<'py> {
    let py = name.py();
    let member = PyDict::new(py);
    member.set_item("name", name)?;
    let unknown = PyDict::new(py);
    unknown.set_item("SDK_UNKNOWN_MEMBER", member)?;
    Ok(unknown.into_any())
}

struct Dict<'py> {
    dict: Bound<'py, PyDict>,
    key: Option<Bound<'py, PyAny>>,
}

impl<'py> SerializeMap for Dict<'py> {
    type Ok = Bound<'py, PyAny>;
    type Error = Exception;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Exception> {
        self.key = Some(key.serialize(Objects(self.dict.py()))?);
        Ok(())
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Exception> {
        let value = value.serialize(Objects(self.dict.py()))?;
        Ok(self.dict.set_item(self.key.take(), value)?)
    }

    fn end(self) -> Object<'py> {
        Ok(self.dict.into_any())
    }
}

impl<'py> SerializeStruct for Dict<'py> {
    type Ok = Bound<'py, PyAny>;
    type Error = Exception;

    fn serialize_field<T: Serialize + ?Sized>(
        &mut self,
        name: &'static str,
        value: &T,
    ) -> Result<(), Exception> {
        let py = self.dict.py();
        let value = value.serialize(Objects(py))?;
        if value.is(py.NotImplemented()) {
            return Ok(());
        }
        Ok(self.dict.set_item(member_name(py, name), value)?)
    }

    fn end(self) -> Object<'py> {
        Ok(self.dict.into_any())
    }
}

impl<'py> SerializeStructVariant for Dict<'py> {
    type Ok = Bound<'py, PyAny>;
    type Error = Exception;

    fn serialize_field<T: Serialize + ?Sized>(
        &mut self,
        name: &'static str,
        value: &T,
    ) -> Result<(), Exception> {
        SerializeStruct::serialize_field(self, name, value)
    }

    fn end(self) -> Object<'py> {
        SerializeStruct::end(self)
    }
}
