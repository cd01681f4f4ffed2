//! Options of calls that are not part of their input: tags and interceptors.

use std::collections::BTreeMap;
use std::sync::Arc;

use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::hooks::Interceptor;

/// The tags of a call by their keys.
pub(crate) type Tags = BTreeMap<String, String>;

/// The options of the calls of a native client. They are added to the settings of the client.
#[derive(Clone, Debug, Default)]
pub(crate) struct CallOptions {
    pub(crate) tags: Tags,
    /// They follow the interceptors of the client.
    pub(crate) interceptors: Vec<Arc<Interceptor>>,
}

impl CallOptions {
    /// Returns these options with further tags and interceptors. A new tag replaces an old tag with the same key.
    pub(crate) fn with(&self, tags: Tags, interceptors: Vec<Arc<Interceptor>>) -> Self {
        let mut options = self.clone();
        options.tags.extend(tags);
        options.interceptors.extend(interceptors);
        options
    }
}

/// Reads tags from a dictionary.
///
/// # Errors
/// Returns a `TypeError` that names the key of the tag, and not its value.
pub(crate) fn tags(dict: &Bound<'_, PyDict>) -> PyResult<Tags> {
    let mut tags = Tags::new();
    for (key, value) in dict {
        let Ok(key) = key.extract::<String>() else {
            let text = format!("tags: expected text as key, not {}", key.get_type().name()?);
            return Err(PyTypeError::new_err(text));
        };
        let Ok(value) = value.extract() else {
            let found = value.get_type().name()?;
            return Err(PyTypeError::new_err(format!("tags: {key}: expected text, not {found}")));
        };
        tags.insert(key, value);
    }
    Ok(tags)
}
