//! Detects changes of the objects of botocore that take part in a call.

use pyo3::PyTraverseError;
use pyo3::gc::PyVisit;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString};

/// The name of an attribute, and its value.
type Attribute = (Py<PyString>, Py<PyAny>);

/// A key of a dictionary, and its value if the dictionary contains the key.
type Entry = (Py<PyAny>, Option<Py<PyAny>>);

/// The values that attributes of objects and entries of dictionaries had when the snapshot was made.
///
/// Each call of an accelerated client compares about a hundred values. In Python, this takes several times as long.
#[pyclass(frozen, module = "invoke_model._native")]
pub(crate) struct Snapshot {
    client_attributes: Vec<Attribute>,
    /// Entries of the dictionary of the client, which replace methods of its class.
    client_entries: Vec<Entry>,
    attributes: Vec<(Py<PyAny>, Attribute)>,
    entries: Vec<(Py<PyDict>, Entry)>,
}

#[pymethods]
impl Snapshot {
    /// Makes a snapshot of attributes and entries of a client, and of attributes of objects and entries of
    /// dictionaries. The snapshot does not refer to the client, because the client refers to the snapshot.
    ///
    /// # Errors
    /// Raises an `AttributeError` if an attribute does not exist.
    #[new]
    fn new(
        client: &Bound<'_, PyAny>,
        client_attributes: Vec<String>,
        client_entries: Vec<Bound<'_, PyAny>>,
        attributes: Vec<(Bound<'_, PyAny>, String)>,
        entries: Vec<(Bound<'_, PyDict>, Bound<'_, PyAny>)>,
    ) -> PyResult<Self> {
        let dict = dict_of(client)?;
        Ok(Self {
            client_attributes: client_attributes
                .iter()
                .map(|name| attribute(client, name))
                .collect::<PyResult<_>>()?,
            client_entries: client_entries
                .into_iter()
                .map(|key| entry(&dict, key))
                .collect::<PyResult<_>>()?,
            attributes: attributes
                .into_iter()
                .map(|(object, name)| Ok((object.clone().unbind(), attribute(&object, &name)?)))
                .collect::<PyResult<_>>()?,
            entries: entries
                .into_iter()
                .map(|(dict, key)| Ok((dict.clone().unbind(), entry(&dict, key)?)))
                .collect::<PyResult<_>>()?,
        })
    }

    /// Returns `true` if all values are still the same objects.
    fn is_current(&self, client: &Bound<'_, PyAny>) -> PyResult<bool> {
        let py = client.py();
        let dict = dict_of(client)?;
        Ok(self.client_attributes.iter().all(|attribute| has_attribute(client, attribute))
            && self.attributes.iter().all(|(object, attribute)| has_attribute(object.bind(py), attribute))
            && self.client_entries.iter().all(|entry| has_entry(&dict, entry))
            && self.entries.iter().all(|(dict, entry)| has_entry(dict.bind(py), entry)))
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        self.client_attributes.iter().try_for_each(|(_, value)| visit.call(value))?;
        self.client_entries.iter().try_for_each(|(_, value)| visit.call(value))?;
        for (object, (_, value)) in &self.attributes {
            visit.call(object)?;
            visit.call(value)?;
        }
        for (dict, (_, value)) in &self.entries {
            visit.call(dict)?;
            visit.call(value)?;
        }
        Ok(())
    }
}

fn dict_of<'py>(object: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyDict>> {
    Ok(object.getattr(pyo3::intern!(object.py(), "__dict__"))?.cast_into()?)
}

fn attribute(object: &Bound<'_, PyAny>, name: &str) -> PyResult<Attribute> {
    let name = PyString::intern(object.py(), name);
    let value = object.getattr(&name)?;
    Ok((name.unbind(), value.unbind()))
}

fn entry(dict: &Bound<'_, PyDict>, key: Bound<'_, PyAny>) -> PyResult<Entry> {
    let value = dict.get_item(&key)?;
    Ok((key.unbind(), value.map(Bound::unbind)))
}

fn has_attribute(object: &Bound<'_, PyAny>, (name, value): &Attribute) -> bool {
    object.getattr(name.bind(object.py())).is_ok_and(|found| found.is(value))
}

fn has_entry(dict: &Bound<'_, PyDict>, (key, value): &Entry) -> bool {
    match (dict.get_item(key), value) {
        (Ok(Some(found)), Some(value)) => found.is(value),
        (Ok(None), None) => true,
        _ => false,
    }
}
