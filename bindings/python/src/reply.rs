//! The parts of a response dictionary that all operations share.

use http::{HeaderMap, StatusCode};
use invoke_model_client::families::ModelResponse;
use invoke_model_client::{Attempt, Metadata};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString};
use serde::Serialize;

use crate::convert::to_python;
use crate::failover::RespondingTarget;

/// Returns the output as a dictionary with `ResponseMetadata`. `target` is the target that responded.
pub(crate) fn dict<'py>(
    py: Python<'py>,
    output: &impl Serialize,
    metadata: &Metadata,
    target: Option<&RespondingTarget>,
) -> PyResult<Bound<'py, PyDict>> {
    log_retries(py, &metadata.earlier_attempts)?;
    let dict = PyDict::new(py);
    let response_metadata = response_metadata(py, metadata)?;
    if let Some(target) = target {
        target.add_to(&response_metadata)?;
    }
    dict.set_item(pyo3::intern!(py, "ResponseMetadata"), response_metadata)?;
    dict.update(to_python(py, output)?.cast_into::<PyDict>()?.as_mapping())?;
    Ok(dict)
}

/// Returns `ResponseMetadata` as botocore does.
fn response_metadata<'py>(py: Python<'py>, metadata: &Metadata) -> PyResult<Bound<'py, PyDict>> {
    let fields = metadata.headers.as_ref().map(|fields| headers(py, fields)).transpose()?;
    let dict = response_head(py, metadata.request_id.as_deref(), metadata.status, fields.as_ref())?;
    dict.set_item(pyo3::intern!(py, "RetryAttempts"), metadata.attempts.saturating_sub(1))?;
    Ok(dict)
}

/// Returns the members of `ResponseMetadata` except the number of retries.
pub(crate) fn response_head<'py>(
    py: Python<'py>,
    request_id: Option<&str>,
    status: StatusCode,
    headers: Option<&Bound<'py, PyDict>>,
) -> PyResult<Bound<'py, PyDict>> {
    let dict = PyDict::new(py);
    if let Some(id) = request_id {
        dict.set_item(pyo3::intern!(py, "RequestId"), id)?;
    }
    dict.set_item(pyo3::intern!(py, "HTTPStatusCode"), status.as_u16())?;
    if let Some(headers) = headers {
        dict.set_item(pyo3::intern!(py, "HTTPHeaders"), headers)?;
    }
    Ok(dict)
}

/// Logs the failed attempts before the last attempt of a call.
pub(crate) fn log_retries(py: Python<'_>, attempts: &[Attempt]) -> PyResult<()> {
    if !attempts.is_empty() {
        py.import("invoke_model._log")?.call_method1("retried", (to_python(py, &attempts)?,))?;
    }
    Ok(())
}

/// Returns headers with names in lower case. A comma joins the values of a repeated header.
pub(crate) fn headers<'py>(py: Python<'py>, headers: &HeaderMap) -> PyResult<Bound<'py, PyDict>> {
    let dict = PyDict::new(py);
    let mut previous = None;
    // The iterator returns the values of a repeated header one after the other.
    for (name, value) in headers {
        let value = String::from_utf8_lossy(value.as_bytes());
        let key = PyString::new(py, name.as_str());
        match previous.replace(name) == Some(name) {
            true => {
                let values = dict.as_any().get_item(&key)?;
                dict.set_item(key, format!("{values}, {value}"))?;
            }
            false => dict.set_item(key, value)?,
        }
    }
    Ok(dict)
}

/// Returns the text that a model generated, from the JSON of an output. Returns an empty text if the output has no text.
#[pyfunction]
pub(crate) fn response_text(output: &str) -> PyResult<String> {
    let response = ModelResponse::parse(output.as_bytes());
    response
        .map(|response| response.text().into_owned())
        .map_err(|error| PyValueError::new_err(error.to_string()))
}
