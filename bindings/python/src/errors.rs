//! Converts errors of the client into Python exceptions.
//!
//! The Python module `invoke_model._errors` creates the exceptions from the facts of an error, because their
//! classes are subclasses of botocore's classes if botocore is installed.

use std::error::Error as _;
use std::fmt::Display;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use invoke_model_client::{
    BudgetPeriod, BudgetUnit, ConfigError, CredentialsError, Error, ErrorKind, InterceptorErrorKind,
    QuotaError, QuotaLimit, TransportError, TransportErrorKind, TruncationCause,
};
use invoke_model_protocol::ErrorMetadata;
use invoke_model_protocol::event_stream::{HeaderValue, Message};
use pyo3::exceptions::{PyException, PyRuntimeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{IntoPyDict, PyBytes, PyDict};

use crate::body::Origin;
use crate::failover;
use crate::hooks::HookError;
use crate::operation::ProcessClient;

const MODULE: &str = "invoke_model._errors";

/// The settings that texts of the Rust client name, and their names in Python.
pub(crate) const SETTINGS: [(&str, &str); 5] = [
    ("TimeoutConfig::connect", "connect_timeout"),
    ("TimeoutConfig::first_byte", "first_byte_timeout"),
    ("TimeoutConfig::idle", "idle_timeout"),
    ("TimeoutConfig::operation", "timeout"),
    ("TimeoutConfig::interceptor", "interceptor_timeout"),
];

/// Returns the text of an error of the Rust client, with other names of its settings.
pub(crate) fn text(error: &impl Display, settings: &[(&str, &str)]) -> String {
    settings.iter().fold(error.to_string(), |text, (rust, python)| text.replace(rust, python))
}

/// Returns a `ParamValidationError`.
pub(crate) fn param_validation(py: Python<'_>, report: &str) -> PyErr {
    create(py, "param_validation", (report,))
}

/// Returns the exception of an invalid or missing setting.
pub(crate) fn of_config(py: Python<'_>, error: &ConfigError) -> PyErr {
    let kind = match error {
        ConfigError::NoRegion | ConfigError::NoSigningRegion { .. } => "no_region",
        ConfigError::SharedFiles { missing_profile: Some(_), .. } => "profile",
        ConfigError::IncompleteCredentials { .. } => "partial_credentials",
        _ => "invalid",
    };
    let name = match error {
        ConfigError::IncompleteCredentials { missing, .. } => Some(*missing),
        ConfigError::SharedFiles { missing_profile, .. } => missing_profile.as_deref(),
        _ => None,
    };
    create(py, "of_config", (kind, error.to_string(), name))
}

/// Returns the exception of a failed call. If a hook has raised an exception, it is the cause. An exception that ends the
/// program, such as `KeyboardInterrupt`, is returned itself.
pub(crate) fn of_call(py: Python<'_>, error: &Error, process_client: &Arc<ProcessClient>) -> PyErr {
    let cause = hook_error(error).map(|error| error.exception.clone_ref(py));
    if let Some(cause) = cause.as_ref().filter(|cause| !cause.is_instance_of::<PyException>(py)) {
        return cause.clone_ref(py);
    }
    let facts = match facts(py, error, process_client) {
        Ok(facts) => facts,
        Err(error) => return error,
    };
    let exception = create(py, "of_call", (facts,));
    if cause.is_some() {
        exception.set_cause(py, cause);
    }
    exception
}

fn hook_error(error: &Error) -> Option<&HookError> {
    match error.kind() {
        ErrorKind::Interceptor(error) => match &error.kind {
            InterceptorErrorKind::Refused(reason) => reason.downcast_ref(),
            _ => None,
        },
        _ => None,
    }
}

/// Returns the exception of a response body that was not read completely.
pub(crate) fn of_body(py: Python<'_>, error: &TransportError, origin: &Origin) -> PyErr {
    let facts = (
        error.kind().as_str(),
        text(error, &SETTINGS),
        &*origin.endpoint_url,
        &origin.request_id,
        origin.attempts,
    );
    create(py, "of_body", facts)
}

/// Returns the kind of a failure: a name of `TransportErrorKind`, or `Reset` for a connection that the peer has reset.
/// `Send` and `BodyIncomplete` include such a connection, but other HTTP clients tell it apart.
pub(crate) fn transport_kind(error: &TransportError) -> &'static str {
    let mut causes = std::iter::successors(error.source(), |&cause| cause.source());
    let is_reset = causes.any(|cause| {
        let kind = cause.downcast_ref().map(io::Error::kind);
        matches!(kind, Some(io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe))
    });
    match error.kind() {
        TransportErrorKind::Send | TransportErrorKind::BodyIncomplete if is_reset => "Reset",
        kind => kind.as_str(),
    }
}

/// Returns the exception of credentials that could not be loaded.
pub(crate) fn no_credentials(py: Python<'_>, error: &CredentialsError) -> PyErr {
    of_kind(py, credentials_kind(error), &error.to_string())
}

/// Returns the exception of an invalid or incomplete frame of an event stream.
pub(crate) fn invalid_frame(py: Python<'_>, text: &str) -> PyErr {
    of_kind(py, "Decode", text)
}

/// Returns the `EventStreamError` of an exception in an event stream.
pub(crate) fn of_stream(
    py: Python<'_>,
    operation: &str,
    message: &Message,
    metadata: &ErrorMetadata,
    text: &str,
) -> PyErr {
    let facts = || {
        let facts = PyDict::new(py);
        facts.set_item("kind", "StreamException")?;
        facts.set_item("text", text)?;
        facts.set_item("operation", operation)?;
        facts.set_item("code", metadata.code())?;
        facts.set_item("message", metadata.message())?;
        facts.set_item("headers", stream_headers(py, message)?)?;
        Ok(facts)
    };
    match facts() {
        Ok(facts) => create(py, "of_call", (facts,)),
        Err(error) => error,
    }
}

/// Returns the exception of a failure that does not belong to a call.
fn of_kind(py: Python<'_>, kind: &str, text: &str) -> PyErr {
    let facts = [("kind", kind), ("text", text), ("endpoint_url", "")];
    match facts.into_py_dict(py) {
        Ok(facts) => create(py, "of_call", (facts,)),
        Err(error) => error,
    }
}

/// Returns the exception of an operation that panicked. A panic is a bug in this package.
pub(crate) fn of_panic(panic: &(dyn std::any::Any + Send)) -> PyErr {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
    PyRuntimeError::new_err(format!("internal error of invoke_model: {}", text.unwrap_or_default()))
}

fn create<'py>(py: Python<'py>, function: &str, arguments: impl pyo3::call::PyCallArgs<'py>) -> PyErr {
    let exception = py.import(MODULE).and_then(|module| module.call_method1(function, arguments));
    exception.map_or_else(|error| error, PyErr::from_value)
}

fn facts<'py>(
    py: Python<'py>,
    error: &Error,
    process_client: &Arc<ProcessClient>,
) -> PyResult<Bound<'py, PyDict>> {
    // For an error within a stream, the head of the response has already been logged.
    if error.received().is_none() {
        crate::reply::log_retries(py, error.earlier_attempts())?;
    }
    let facts = PyDict::new(py);
    let client = error.target().map_or(process_client, |target| process_client.of_target(target));
    facts.set_item("kind", kind(error.kind()))?;
    facts.set_item("text", text(error, &SETTINGS))?;
    facts.set_item("operation", error.operation())?;
    facts.set_item("endpoint_url", &*client.endpoint_url)?;
    facts.set_item("proxy_url", client.proxy_url.as_deref())?;
    facts.set_item("code", error.code())?;
    facts.set_item("message", error.message())?;
    facts.set_item("status", error.status().map(|status| status.as_u16()))?;
    facts.set_item("request_id", error.request_id())?;
    facts.set_item("attempts", error.attempts())?;
    facts.set_item("max_attempts", client.retry_config.max_attempts)?;
    facts.set_item("retry_class", error.class().as_str())?;
    facts.set_item("retryable", error.is_retryable())?;
    facts.set_item("hint", error.hint().as_deref())?;
    facts.set_item(
        "headers",
        error.response_headers().map(|headers| crate::reply::headers(py, headers)).transpose()?,
    )?;
    if error.target().is_some() {
        facts.set_item("target", error.target())?;
        facts.set_item("other_targets", failover::other_targets(py, error, process_client)?)?;
    }
    match error.kind() {
        ErrorKind::Quota(error) => facts.set_item("details", quota_details(py, error)?)?,
        ErrorKind::Interceptor(error) => {
            let details = [("interceptor", &*error.interceptor), ("hook", error.hook.as_str())];
            facts.set_item("details", details.into_py_dict(py)?)?;
        }
        ErrorKind::Service { response, .. } => {
            facts.set_item("headers", crate::reply::headers(py, response.headers())?)?;
            facts.set_item("body", PyBytes::new(py, response.body()))?;
        }
        ErrorKind::StreamException { message, .. } => {
            facts.set_item("body", PyBytes::new(py, message.payload()))?;
            facts.set_item("headers", stream_headers(py, message)?)?;
        }
        _ => {}
    }
    Ok(facts)
}

/// Returns the attributes of a `QuotaError`.
fn quota_details<'py>(py: Python<'py>, error: &QuotaError) -> PyResult<Bound<'py, PyDict>> {
    let details = PyDict::new(py);
    let limited = |limit: Option<QuotaLimit>, key: &Option<Arc<str>>| {
        details.set_item("limit", limit.map(|limit| limit.to_string()))?;
        details.set_item("key", key.as_deref())
    };
    match error {
        QuotaError::TooLarge { key, .. } => limited(Some(QuotaLimit::TokensPerMinute), key)?,
        QuotaError::ZeroLimit { limit, key } => limited(Some(*limit), key)?,
        QuotaError::TimedOut { limit, key, .. } => limited(*limit, key)?,
        QuotaError::OverBudget { key, budget, used, reserved, currency } => {
            let amounts = [("budget", budget.amount), ("used", *used), ("reserved", *reserved)];
            for (name, amount) in amounts {
                match budget.unit {
                    BudgetUnit::Tokens => details.set_item(name, amount)?,
                    BudgetUnit::Money => details.set_item(name, amount as f64 / NANOS)?,
                }
            }
            details.set_item("key", &**key)?;
            details.set_item("period", period_name(budget.period))?;
            details.set_item("currency", currency.as_deref())?;
        }
        QuotaError::NoPrice { model_id } => details.set_item("model_id", model_id.as_deref())?,
        QuotaError::Store(error) => details.set_item("is_temporary", error.is_temporary())?,
        _ => {}
    }
    Ok(details)
}

/// The number of billionths in one unit of a currency.
pub(crate) const NANOS: f64 = 1e9;

/// Returns the name of a period in the setting `budget`, and in an `OverBudgetError`.
pub(crate) fn period_name(period: BudgetPeriod) -> &'static str {
    match period {
        BudgetPeriod::Day => "day",
        BudgetPeriod::Month => "month",
        BudgetPeriod::Total => "total",
    }
}

/// Returns the headers of an exception in an event stream.
fn stream_headers<'py>(py: Python<'py>, message: &Message) -> PyResult<Bound<'py, PyDict>> {
    let headers = PyDict::new(py);
    for name in [":exception-type", ":error-code", ":error-message", ":content-type", ":message-type"] {
        if let Some(HeaderValue::String(text)) = message.header(name) {
            headers.set_item(name, text)?;
        }
    }
    Ok(headers)
}

fn credentials_kind(error: &CredentialsError) -> &'static str {
    match error {
        error if error.is_not_configured() => "NoCredentials",
        CredentialsError::NoRegion => "NoRegion",
        _ => "Credentials",
    }
}

/// Returns the name of a kind of errors. The dictionary `_KINDS` of `invoke_model._errors` contains these names.
fn kind(kind: &ErrorKind) -> &'static str {
    match kind {
        ErrorKind::Service { .. } => "Service",
        ErrorKind::StreamException { .. } => "StreamException",
        ErrorKind::Transport(error) => error.kind().as_str(),
        ErrorKind::Truncated(error) if !matches!(error.cause, TruncationCause::IncompleteFrame { .. }) => {
            "Truncated"
        }
        ErrorKind::Truncated(_) | ErrorKind::Decode(_) | ErrorKind::ParseEvent { .. } => "Decode",
        ErrorKind::Parse { .. } => "Parse",
        ErrorKind::Credentials(error) => credentials_kind(error),
        ErrorKind::Serialize(_) | ErrorKind::SerializeEvent(_) => "Serialize",
        ErrorKind::Header(_) | ErrorKind::Body(_) | ErrorKind::Sign(_) => "Request",
        ErrorKind::Quota(QuotaError::OverBudget { .. }) => "OverBudget",
        ErrorKind::Quota(QuotaError::NoPrice { .. }) => "NoPrice",
        ErrorKind::Quota(QuotaError::Store(_)) => "QuotaStore",
        ErrorKind::Quota(_) => "Quota",
        ErrorKind::Interceptor(_) => "Interceptor",
        _ => "Other",
    }
}

/// Converts seconds into a duration.
///
/// # Errors
/// Returns a `ValueError` if the number is negative, too large or not a number.
pub(crate) fn seconds(name: &str, value: f64) -> PyResult<Duration> {
    Duration::try_from_secs_f64(value).map_err(|_| {
        let expected = if value > 0.0 { "a smaller number of seconds" } else { "at least 0 seconds" };
        PyValueError::new_err(format!("{name}: expected {expected}, not {value}"))
    })
}

/// Returns the exception of an access key that is not complete.
pub(crate) fn partial_credentials(py: Python<'_>, missing: &str) -> PyErr {
    create(py, "partial_credentials", (missing,))
}
