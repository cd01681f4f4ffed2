//! The transport of the client for other HTTP clients: it sends a request as it is, without retries.

use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method, Request, Uri, Version};
use invoke_model_client::{
    HyperTransport, HyperTransportBuilder, Proxies, RequestBody, ResponseBody, TransportError,
    TransportErrorKind,
};
use invoke_model_transport::RequestTimeouts;
use pyo3::exceptions::{PyRuntimeError, PyValueError};
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;
use pyo3::types::PyBytes;

use crate::config;
use crate::errors::{seconds, text};
use crate::queue::Queue;
use crate::runtime::{self, Job, Outcome, outcome};
use crate::slot::Slot;

/// A transport. The classes of `invoke_model._http_client` wrap it.
#[pyclass(frozen, module = "invoke_model._native")]
pub(crate) struct Transport {
    builder: HyperTransportBuilder,
    /// The transport of a process, with the id of this process. `None` after `close`.
    transport: Mutex<Option<(u32, Arc<HyperTransport>)>>,
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
    /// Returns the transport of this process. A forked child does not use the connections of its parent.
    fn transport(&self) -> PyResult<Arc<HyperTransport>> {
        let mut transport = self.transport.lock().unwrap_or_else(PoisonError::into_inner);
        let Some((of, current)) = &*transport else {
            return Err(PyRuntimeError::new_err("the transport is closed: create a new transport"));
        };
        let pid = std::process::id();
        if *of == pid {
            return Ok(current.clone());
        }
        let new = Arc::new(self.builder.clone().build());
        // Another thread of the parent may have held a lock of the old transport when the parent forked.
        std::mem::forget(transport.replace((pid, new.clone())));
        Ok(new)
    }

    fn job(&self, request: Unsent) -> PyResult<Job> {
        let transport = self.transport()?;
        let limit = |name, value: Option<f64>| value.map(|value| seconds(name, value)).transpose();
        let read = limit("read timeout", request.read_timeout)?;
        let connect = limit("connect timeout", request.connect_timeout)?;
        let timeouts = RequestTimeouts { connect, first_byte: read, idle: read, deadline: None };
        let request = match request.into_http() {
            Ok(request) => request,
            Err(error) => return Ok(Box::pin(async move { failed(error) })),
        };
        Ok(Box::pin(async move {
            match timeouts.send(&*transport, request).await {
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
        let mut builder = HyperTransport::builder();
        if let Some(path) = ca_bundle {
            builder = builder.root_certificates_file(path);
        }
        if let Some(url) = proxy {
            let proxies = Proxies::default().http(url).and_then(|proxies| proxies.https(url));
            let proxies = proxies.map_err(|error| PyValueError::new_err(format!("proxy: {error}")))?;
            builder = builder.proxies(proxies);
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
        let transport = Arc::new(builder.clone().build());
        Ok(Self { builder, transport: Mutex::new(Some((std::process::id(), transport))) })
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
        match self.transport.lock().unwrap_or_else(PoisonError::into_inner).take() {
            Some((pid, transport)) if pid == std::process::id() => runtime::close(py, transport),
            // The runtime of the connections exists only in the parent process.
            Some(transport) => {
                std::mem::forget(transport);
                Ok(())
            }
            None => Ok(()),
        }
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
        let arguments = (error.kind().as_str(), error.may_have_been_sent(), text(&error, &SETTINGS));
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
