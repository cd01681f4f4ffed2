//! The transport of the client for other HTTP clients: it sends a request as it is, without retries.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method, Request, Uri, Version};
use invoke_model_client::{
    HyperTransport, HyperTransportBuilder, RequestBody, ResponseBody, TransportError, TransportErrorKind,
};
use invoke_model_transport::RequestTimeouts;
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;
use pyo3::types::PyBytes;

use crate::config;
use crate::errors::{seconds, text, transport_kind};
use crate::queue::Queue;
use crate::runtime::{self, Job, Outcome, PerProcess, outcome};
use crate::slot::Slot;

/// The connect timeout of a transport without a connect timeout.
pub(crate) const NO_TIMEOUT: Duration = Duration::from_secs(24 * 60 * 60);

/// Returns the timeouts of a request for a read timeout of Python, which limits the time without progress.
pub(crate) fn read_timeouts(read: Option<Duration>) -> RequestTimeouts {
    RequestTimeouts { first_byte: read, idle: read, first_byte_restarts: true, ..RequestTimeouts::default() }
}

/// A transport. The classes of `invoke_model._http_client` wrap it.
#[pyclass(frozen, module = "invoke_model._native")]
pub(crate) struct Transport {
    builder: HyperTransportBuilder,
    transport: PerProcess<HyperTransport>,
    is_closed: AtomicBool,
}

/// A request to send.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub(crate) struct Unsent {
    method: String,
    url: String,
    headers: Vec<(PyBackedBytes, PyBackedBytes)>,
    body: PyBackedBytes,
    connect_timeout: Option<f64>,
    read_timeout: Option<f64>,
}

impl Transport {
    /// Returns the transport of this process.
    fn transport(&self) -> PyResult<HyperTransport> {
        if self.is_closed.load(Ordering::Acquire) {
            return Err(PyRuntimeError::new_err("the transport is closed: create a new transport"));
        }
        self.transport.get(|| Ok(self.builder.clone().build()))
    }

    fn job(&self, request: Unsent) -> PyResult<Job> {
        let transport = self.transport()?;
        let limit = |name, value: Option<f64>| value.map(|value| seconds(name, value)).transpose();
        let read = limit("timeout: read", request.read_timeout)?;
        let connect = limit("timeout: connect", request.connect_timeout)?;
        let timeouts = RequestTimeouts { connect, ..read_timeouts(read) };
        let request = match request.into_http() {
            Ok(request) => request,
            Err(error) => return Ok(Box::pin(async move { failed(error) })),
        };
        Ok(Box::pin(async move {
            match timeouts.send(&transport, request).await {
                Ok(response) => outcome(move |py| head(py, response)),
                Err(error) => failed(error),
            }
        }))
    }
}

#[pymethods]
impl Transport {
    /// Creates a transport. `ca_bundle` is the path of a PEM file.
    #[new]
    fn new(
        ca_bundle: Option<String>,
        proxy: Option<&str>,
        http_version: Option<&str>,
        max_connections: Option<usize>,
    ) -> PyResult<Self> {
        // Each request has a connect timeout, or none.
        let mut builder = HyperTransport::builder().connect_timeout(NO_TIMEOUT);
        if let Some(path) = ca_bundle {
            builder = builder.root_certificates_file(path);
        }
        if let Some(url) = proxy {
            builder = builder.proxies(config::proxies("proxy", Some(url), Some(url))?);
        }
        if let Some(version) = http_version {
            builder = builder.http_version_policy(config::http_version(version)?);
            if version == "2" {
                runtime::expect_http2();
            }
        }
        if let Some(number) = max_connections {
            builder = builder.max_connections_per_host(number);
        }
        let transport = PerProcess::of(builder.clone().build());
        Ok(Self { builder, transport, is_closed: AtomicBool::new(false) })
    }

    /// Sends a request on this thread. Returns the status, the version, the headers and the body.
    fn send(&self, py: Python<'_>, request: Unsent) -> PyResult<Py<PyAny>> {
        runtime::call(py, self.job(request)?)
    }

    /// Starts a request for an event loop. Returns the id of the request in the queue.
    fn start_send(&self, request: Unsent, queue: &Queue, future: Py<PyAny>) -> PyResult<u64> {
        queue.start(future, self.job(request)?)
    }

    /// Closes the idle connections. Further requests fail. Open responses can still be read.
    fn close(&self, py: Python<'_>) -> PyResult<()> {
        self.is_closed.store(true, Ordering::Release);
        self.transport.take().map_or(Ok(()), |transport| runtime::close(py, transport))
    }
}

impl Unsent {
    fn into_http(self) -> Result<Request<RequestBody>, TransportError> {
        let invalid = |problem: String| TransportError::new(TransportErrorKind::InvalidRequest, problem);
        let method = Method::from_bytes(self.method.as_bytes());
        let uri = Uri::try_from(&self.url);
        let mut request = Request::new(RequestBody::from(Bytes::from_owner(self.body)));
        *request.method_mut() = method.map_err(|error| invalid(error.to_string()))?;
        *request.uri_mut() = uri.map_err(|error| invalid(format!("the URL is not valid: {error}")))?;
        for (name, value) in &self.headers {
            let header = HeaderName::from_bytes(name).map_err(|error| invalid(error.to_string()))?;
            let value = HeaderValue::from_bytes(value)
                .map_err(|_| invalid(format!("the value of header `{header}` is not valid")))?;
            request.headers_mut().append(header, value);
        }
        Ok(request)
    }
}

/// Returns the status, the version, the headers and the body of a response.
fn head(py: Python<'_>, response: http::Response<ResponseBody>) -> PyResult<Py<PyAny>> {
    let (parts, body) = response.into_parts();
    let bytes = |(name, value): (&HeaderName, &HeaderValue)| {
        (PyBytes::new(py, name.as_str().as_bytes()), PyBytes::new(py, value.as_bytes()))
    };
    let headers: Vec<_> = parts.headers.iter().map(bytes).collect();
    let version = if parts.version == Version::HTTP_2 { "HTTP/2" } else { "HTTP/1.1" };
    let tuple = (parts.status.as_u16(), version, headers, HttpBody { slot: Slot::new(body) });
    Ok(tuple.into_pyobject(py)?.into_any().unbind())
}

/// The timeouts that texts of the Rust client name, and their names in httpx.
const SETTINGS: [(&str, &str); 3] = [
    ("TimeoutConfig::connect", "connect"),
    ("TimeoutConfig::first_byte", "read"),
    ("TimeoutConfig::idle", "read"),
];

/// Raises `Failure` of `invoke_model._http_client`, which becomes an exception of the HTTP client.
fn failed(error: TransportError) -> Outcome {
    outcome(move |py| {
        let arguments = (transport_kind(&error), error.may_have_been_sent(), text(&error, &SETTINGS));
        let failure = py.import("invoke_model._http_client")?.getattr("Failure")?.call1(arguments)?;
        Err(PyErr::from_value(failure))
    })
}

/// The body of a response.
#[pyclass(frozen, module = "invoke_model._native")]
pub(crate) struct HttpBody {
    slot: Slot<ResponseBody>,
}

impl HttpBody {
    fn job(&self) -> PyResult<Job> {
        let taken = self.slot.take()?;
        Ok(Box::pin(async move {
            let Some(mut taken) = taken else { return outcome(|py| Ok(py.None())) };
            match taken.get().chunk().await {
                Ok(Some(chunk)) => {
                    taken.put_back();
                    outcome(move |py| Ok(PyBytes::new(py, &chunk).into_any().unbind()))
                }
                Ok(None) => {
                    taken.end();
                    outcome(|py| Ok(py.None()))
                }
                Err(error) => failed(error),
            }
        }))
    }
}

impl Drop for HttpBody {
    fn drop(&mut self) {
        self.slot.close().into_iter().for_each(runtime::close_dropped);
    }
}

#[pymethods]
impl HttpBody {
    /// Returns the bytes that have arrived, or waits for them. Returns `None` at the end.
    fn next_chunk(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        runtime::run(py, self.job()?)
    }

    /// Starts `next_chunk` for an event loop. Returns the id of the read in the queue.
    fn start_next_chunk(&self, queue: &Queue, future: Py<PyAny>) -> PyResult<u64> {
        queue.start(future, self.job()?)
    }

    /// Closes the body and, if it was not read completely, its connection.
    fn close(&self, py: Python<'_>) -> PyResult<()> {
        match self.slot.close() {
            Some(body) => runtime::close(py, body),
            None => Ok(()),
        }
    }
}
