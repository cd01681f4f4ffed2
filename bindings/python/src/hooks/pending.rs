//! A hook with its Python arguments.

use std::sync::{Arc, OnceLock};

use http::{HeaderMap, HeaderName, HeaderValue, request};
use invoke_model_client::{Attempt, InterceptorContext};
use pyo3::exceptions::{PyException, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyDict;
use tokio::sync::oneshot;

use super::{HookError, Interceptor};
use crate::convert::to_python;
use crate::reply;

pub(super) const MODULE: &str = "invoke_model._hooks";

/// The headers that a hook has changed. `None` removes a header.
pub(super) type Changes = Vec<(HeaderName, Option<HeaderValue>)>;

/// The first argument of a hook.
pub(super) enum Argument {
    /// A request that the hook may change.
    Unsigned(request::Parts),
    Signed(request::Parts),
    Attempt(Box<Attempt>),
}

/// A hook that waits for the caller.
pub(crate) struct Pending {
    pub(super) interceptor: Arc<Interceptor>,
    pub(super) argument: Argument,
    pub(super) context: InterceptorContext,
    pub(super) reply: Option<oneshot::Sender<Result<Changes, HookError>>>,
}

/// A hook with its Python arguments.
pub(super) struct Prepared<'py> {
    pub(super) function: Bound<'py, PyAny>,
    pub(super) argument: Bound<'py, PyAny>,
    pub(super) context: Bound<'py, PyAny>,
}

/// The Python context of a call, which all hooks of the call share.
#[derive(Clone, Default)]
pub(super) struct PythonContext(Arc<OnceLock<Py<PyAny>>>);

impl Pending {
    fn function(&self) -> Option<&Py<PyAny>> {
        match self.argument {
            Argument::Unsigned(_) => self.interceptor.before_sign.as_ref(),
            Argument::Signed(_) => self.interceptor.before_send.as_ref(),
            Argument::Attempt(_) => self.interceptor.after_attempt.as_ref(),
        }
    }

    pub(super) fn prepare<'py>(&self, py: Python<'py>) -> PyResult<Prepared<'py>> {
        let argument = match &self.argument {
            Argument::Unsigned(parts) => request(py, parts, true)?,
            Argument::Signed(parts) => request(py, parts, false)?,
            Argument::Attempt(attempt) => to_python(py, attempt)?,
        };
        let function = self.function().map_or_else(|| py.None(), |function| function.clone_ref(py));
        Ok(Prepared { function: function.into_bound(py), argument, context: context(py, &self.context)? })
    }

    /// Runs the hook on this thread.
    ///
    /// # Errors
    /// Returns an exception that ends the program, such as `KeyboardInterrupt`. All other exceptions are the reply to the
    /// call.
    pub(super) fn run(self, py: Python<'_>) -> PyResult<()> {
        let prepared = self.prepare(py)?;
        let result = run(py, &prepared);
        match result {
            Err(exception) if !exception.is_instance_of::<PyException>(py) => Err(exception),
            result => self.finish(py, &prepared.argument, result),
        }
    }

    /// Replies to the call.
    pub(super) fn finish(
        self,
        py: Python<'_>,
        argument: &Bound<'_, PyAny>,
        result: PyResult<()>,
    ) -> PyResult<()> {
        let Some(reply) = self.reply else {
            return result.or_else(|exception| log_failure(py, &self.interceptor.name, &exception));
        };
        let changes = result.and_then(|()| match &self.argument {
            Argument::Unsigned(parts) => changes(&parts.headers, argument),
            _ => Ok(Changes::new()),
        });
        // The receiver does not exist if the call was cancelled or a timeout has expired.
        drop(reply.send(changes.map_err(|exception| HookError::new(py, exception))));
        Ok(())
    }
}

/// Calls a hook, and checks that it returns `None`.
pub(super) fn run(py: Python<'_>, prepared: &Prepared<'_>) -> PyResult<()> {
    let Prepared { function, argument, context } = prepared;
    py.import(MODULE)?.call_method1("run", (function, argument, context)).map(drop)
}

/// Logs the exception of `after_attempt`, which does not change the outcome of the call.
fn log_failure(py: Python<'_>, name: &str, exception: &PyErr) -> PyResult<()> {
    py.import("invoke_model._log")?.call_method1("hook_failed", (name, exception.value(py))).map(drop)
}

fn request<'py>(py: Python<'py>, parts: &request::Parts, can_change: bool) -> PyResult<Bound<'py, PyAny>> {
    let headers = reply::headers(py, &parts.headers)?;
    let arguments = (parts.method.as_str(), parts.uri.to_string(), headers, can_change);
    py.import(MODULE)?.call_method1("request", arguments)
}

/// Returns the Python context of a call with the number of the current attempt.
pub(super) fn context<'py>(py: Python<'py>, context: &InterceptorContext) -> PyResult<Bound<'py, PyAny>> {
    let cell = context.extensions().get::<PythonContext>().cloned().unwrap_or_default();
    let object = match cell.0.get() {
        Some(object) => object.bind(py).clone(),
        None => {
            let tags = PyDict::new(py);
            for (key, value) in context.tags() {
                tags.set_item(key, value)?;
            }
            let arguments = (context.operation(), context.region(), context.model_id(), tags);
            let object = py.import(MODULE)?.call_method1("context", arguments)?;
            // The hooks of a call run one after the other, so no other thread sets the cell.
            drop(cell.0.set(object.clone().unbind()));
            object
        }
    };
    object.setattr(pyo3::intern!(py, "attempt"), context.attempt())?;
    Ok(object)
}

/// Returns the headers that a hook has changed in the Python request.
///
/// # Errors
/// Returns a `ValueError` if a header is invalid. The text does not contain its value, which can be a secret.
fn changes(original: &HeaderMap, request: &Bound<'_, PyAny>) -> PyResult<Changes> {
    let py = request.py();
    let invalid = |name: &str, problem: &str| {
        PyValueError::new_err(format!(
            "the header `{}` has an invalid {problem}: use visible ASCII characters",
            name.escape_debug()
        ))
    };
    let headers = request.getattr("headers")?.getattr("_items")?.cast_into::<PyDict>()?;
    let before = reply::headers(py, original)?;
    let mut changes = Changes::new();
    for (name, value) in &headers {
        if before.get_item(&name)?.is_some_and(|old| old.eq(&value).unwrap_or(false)) {
            continue;
        }
        let (name, value): (String, String) = (name.extract()?, value.extract()?);
        let header = HeaderName::from_bytes(name.as_bytes()).map_err(|_| invalid(&name, "name"))?;
        let mut value = HeaderValue::from_str(&value).map_err(|_| invalid(&name, "value"))?;
        value.set_sensitive(true);
        changes.push((header, Some(value)));
    }
    for name in original.keys().filter(|name| !headers.contains(name.as_str()).unwrap_or(true)) {
        changes.push((name.clone(), None));
    }
    Ok(changes)
}
