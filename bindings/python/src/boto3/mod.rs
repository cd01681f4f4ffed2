//! The native part of `invoke_model.boto3`, which makes the calls of a client of boto3.
//!
//! The settings, the credentials and most headers come from botocore, and botocore also makes the retries. Therefore
//! this module does not use the client. It serializes, signs, sends and parses one attempt.

mod events;
mod request;
mod response;
mod snapshot;

use http::request::Parts;
use http::{Request, Response};
use invoke_model_client::{Bytes, Credentials, visit_operation};
use invoke_model_credentials::TimeSource;
use invoke_model_protocol::Authentication;
use invoke_model_signing::{PayloadHash, Signer, set_bearer_token};
use invoke_model_transport::{HyperTransport, RequestBody, RequestTimeouts, ResponseBody, TransportError};
use invoke_model_types::service::{SDK_ID, SIGNING_NAME};
use pyo3::exceptions::{PyNotImplementedError, PyValueError};
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;
use pyo3::types::{PyBytes, PyDict, PyList};

use crate::body::{Body, Origin};
use crate::errors::seconds;
use crate::runtime::PerProcess;
use crate::transport::{NO_TIMEOUT, read_timeouts};
use crate::{config, reply, runtime};

pub(crate) use events::EventDecoder;
pub(crate) use snapshot::Snapshot;

pyo3::create_exception!(
    _native,
    TransportFailure,
    pyo3::exceptions::PyException,
    "A request without a complete response. The arguments are the kind and the text of the failure."
);

/// The settings of a client of botocore.
#[derive(Debug, FromPyObject)]
#[pyo3(from_item_all)]
struct Settings {
    region_name: String,
    connect_timeout: Option<f64>,
    read_timeout: Option<f64>,
    max_pool_connections: usize,
    ca_bundle: Option<String>,
    http_proxy: Option<String>,
    https_proxy: Option<String>,
}

impl Settings {
    fn transport(&self) -> PyResult<HyperTransport> {
        let connect = self.connect_timeout.map(|timeout| seconds("connect_timeout", timeout)).transpose()?;
        let mut builder = HyperTransport::builder()
            .connect_timeout(connect.unwrap_or(NO_TIMEOUT))
            .pool_max_idle_per_host(self.max_pool_connections);
        if let Some(path) = &self.ca_bundle {
            builder = builder.root_certificates_file(path);
        }
        let (http, https) = (self.http_proxy.as_deref(), self.https_proxy.as_deref());
        Ok(builder.proxies(config::proxies("proxies", http, https)?).build())
    }

    fn timeouts(&self) -> PyResult<RequestTimeouts> {
        let read = self.read_timeout.map(|timeout| seconds("read_timeout", timeout)).transpose()?;
        Ok(read_timeouts(read))
    }
}

/// The status and the headers of a response, its output, and its body.
type Received<'py> = (u16, Bound<'py, PyDict>, Option<Bound<'py, PyDict>>, Py<PyAny>);

/// The calls of a client of botocore. Several threads can use it at the same time.
#[pyclass(frozen, module = "invoke_model._native")]
pub(crate) struct Boto3Calls {
    settings: Settings,
    timeouts: RequestTimeouts,
    signer: Signer,
    time_source: TimeSource,
    transport: PerProcess<HyperTransport>,
}

impl Boto3Calls {
    fn authorize(
        &self,
        request: &mut Parts,
        body: &Bytes,
        credentials: Option<(String, String, Option<String>)>,
        bearer_token: Option<String>,
    ) -> PyResult<()> {
        let invalid = |error: invoke_model_client::SignError| PyValueError::new_err(error.to_string());
        if let Some(token) = bearer_token {
            return set_bearer_token(request, &token).map_err(invalid);
        }
        let Some((id, secret, token)) = credentials else { return Ok(()) };
        let credentials = Credentials::new(id, secret, token);
        let now = self.time_source.now();
        self.signer.sign(request, &credentials, &PayloadHash::of(body), now).map(drop).map_err(invalid)
    }
}

/// Returns the origin of a body. botocore counts the attempts.
fn origin(endpoint_url: &str) -> Origin {
    Origin { endpoint_url: endpoint_url.into(), request_id: None, attempts: 1 }
}

#[pymethods]
impl Boto3Calls {
    #[new]
    fn new(settings: Settings) -> PyResult<Self> {
        let transport = PerProcess::of(settings.transport()?);
        Ok(Self {
            timeouts: settings.timeouts()?,
            signer: Signer::new(settings.region_name.as_str(), SIGNING_NAME),
            time_source: TimeSource::default(),
            transport,
            settings,
        })
    }

    /// The name of the service in botocore.
    #[classattr]
    const SERVICE_ID: &'static str = SDK_ID;

    /// The service name in signatures.
    #[classattr]
    const SIGNING_NAME: &'static str = SIGNING_NAME;

    /// Makes one attempt of an operation. Returns the status, the headers, the output and the body.
    ///
    /// If the response is an error or cannot be parsed, the output is `None`, and the body is `bytes`. Otherwise, the
    /// body is `None` if `streams` is not set, or else a `Body`.
    #[pyo3(signature = (operation, arguments, endpoint_url, headers, credentials, bearer_token, streams))]
    #[expect(
        clippy::too_many_arguments,
        reason = "Python code calls this function with positional arguments"
    )]
    fn call<'py>(
        &self,
        py: Python<'py>,
        operation: &str,
        arguments: &Bound<'py, PyDict>,
        endpoint_url: &str,
        headers: &Bound<'py, PyDict>,
        credentials: Option<(String, String, Option<String>)>,
        bearer_token: Option<String>,
        streams: bool,
    ) -> PyResult<Received<'py>> {
        let unknown = || PyNotImplementedError::new_err(format!("no operation `{operation}`"));
        let serialize = request::Serialize { arguments };
        let serialized = visit_operation(operation, serialize).ok_or_else(unknown)??;
        let (mut parts, body) = serialized.request.into_parts();
        request::apply_endpoint(&mut parts, endpoint_url)?;
        if serialized.authentication != Authentication::None {
            self.authorize(&mut parts, &body, credentials, bearer_token)?;
        }
        // Like botocore, do not sign these headers.
        request::insert_headers(&mut parts, headers)?;
        let sent = self.exchange(
            py,
            self.timeouts,
            Request::from_parts(parts, body.into()),
            move |response| async move {
                let (head, mut body) = response.into_parts();
                match streams && head.status.is_success() {
                    true => Ok((head, Bytes::new(), Some(body))),
                    false => {
                        let bytes = body.read_to_end().await?;
                        Ok((head, bytes, None))
                    }
                }
            },
        )?;
        let (head, bytes, stream) = sent;
        let status = head.status.as_u16();
        let headers = reply::headers(py, &head.headers)?;
        let response = Response::from_parts(head, bytes);
        let mut output = None;
        if response.status().is_success() {
            output =
                visit_operation(operation, response::Parse { py, response: &response, headers: &headers })
                    .ok_or_else(unknown)??;
        }
        let body = match stream {
            Some(stream) => Body::new(stream, origin(endpoint_url)).into_pyobject(py)?.into_any().unbind(),
            None if output.is_some() => py.None(),
            None => PyBytes::new(py, response.body()).into_any().unbind(),
        };
        Ok((status, headers, output, body))
    }

    /// Sends a request that botocore has signed. Returns the status, the headers and the body of the response.
    #[pyo3(signature = (method, url, headers, body, read_timeout))]
    fn send<'py>(
        &self,
        py: Python<'py>,
        method: &str,
        url: &str,
        headers: Vec<(String, PyBackedBytes)>,
        body: Option<PyBackedBytes>,
        read_timeout: Option<f64>,
    ) -> PyResult<(u16, Bound<'py, PyList>, Body)> {
        let request = request::signed(method, url, headers, body)?;
        let mut timeouts = self.timeouts;
        if let Some(timeout) = read_timeout {
            timeouts = read_timeouts(Some(seconds("read_timeout", timeout)?));
        }
        let response = self.exchange(py, timeouts, request, |response| async { Ok(response) })?;
        let (head, body) = response.into_parts();
        let headers = PyList::empty(py);
        for (name, value) in &head.headers {
            // http.client decodes headers as ISO-8859-1.
            let value: String = value.as_bytes().iter().map(|byte| char::from(*byte)).collect();
            headers.append((name.as_str(), value))?;
        }
        Ok((head.status.as_u16(), headers, Body::new(body, origin(url))))
    }

    /// Closes the idle connections. Further calls open new connections.
    fn close(&self, py: Python<'_>) -> PyResult<()> {
        self.transport.take().map_or(Ok(()), |transport| runtime::close(py, transport))
    }
}

impl Boto3Calls {
    /// Sends a request on this thread, and reads its response.
    fn exchange<T, F>(
        &self,
        py: Python<'_>,
        timeouts: RequestTimeouts,
        request: Request<RequestBody>,
        read: impl FnOnce(Response<ResponseBody>) -> F + Send,
    ) -> PyResult<T>
    where
        T: Send,
        F: Future<Output = Result<T, TransportError>> + Send,
    {
        let transport = self.transport.get(|| self.settings.transport())?;
        // The transport must be called in the runtime that drives its connections.
        let exchange = Box::pin(async move { read(timeouts.send(&transport, request).await?).await });
        runtime::wait_for_call(py, exchange)?
            .map_err(|error| TransportFailure::new_err((error.kind().as_str(), error.to_string())))
    }
}
