//! Requests of calls: serialized from the arguments, or signed by botocore.

use http::header::{ACCEPT_ENCODING, HOST, HeaderName, HeaderValue, TRANSFER_ENCODING};
use http::request::Parts;
use http::{Method, Request, Uri};
use invoke_model_client::{Bytes, OperationVisitor};
use invoke_model_protocol::{Authentication, InputEventStream, Operation, OutputEventStream, delivery};
use invoke_model_transport::RequestBody;
use pyo3::exceptions::{PyNotImplementedError, PyValueError};
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;
use pyo3::types::{PyDict, PyString};
use serde::Serialize as SerializeValue;
use serde::de::DeserializeOwned;

use crate::blob::Blobs;
use crate::operation::input;

const IDENTITY: HeaderValue = HeaderValue::from_static("identity");

/// The visitor that serializes the arguments of an operation.
pub(super) struct Serialize<'a, 'py> {
    pub(super) arguments: &'a Bound<'py, PyDict>,
}

/// A request without endpoint and authorization.
pub(super) struct Serialized {
    pub(super) request: Request<Bytes>,
    pub(super) authentication: Authentication,
}

impl Serialize<'_, '_> {
    fn serialize<O: Operation>(self) -> PyResult<Serialized>
    where
        O::Input: DeserializeOwned,
    {
        let (value, _) = input::<O>(self.arguments, Blobs::InMemory)?;
        let unsupported = || PyNotImplementedError::new_err(format!("{}: host prefix", O::NAME));
        let invalid = |error: invoke_model_protocol::SerializeError| PyValueError::new_err(error.to_string());
        if O::host_prefix(&value).map_err(invalid)?.is_some() || O::UNSIGNED_PAYLOAD {
            return Err(unsupported());
        }
        let request = O::serialize(value).map_err(invalid)?;
        Ok(Serialized { request, authentication: O::AUTHENTICATION })
    }
}

impl OperationVisitor for Serialize<'_, '_> {
    type Output = PyResult<Serialized>;

    fn visit_output<O>(self) -> PyResult<Serialized>
    where
        O: Operation<Delivery = delivery::Buffered>,
        O::Input: DeserializeOwned,
        O::Output: SerializeValue,
    {
        self.serialize::<O>()
    }

    fn visit_event_stream<O>(self) -> PyResult<Serialized>
    where
        O: OutputEventStream<Delivery = delivery::Streaming>,
        O::Input: DeserializeOwned,
        O::Output: SerializeValue + Send,
        O::Events: SerializeValue,
    {
        self.serialize::<O>()
    }

    fn visit_bidirectional<O>(self) -> PyResult<Serialized>
    where
        O: InputEventStream + OutputEventStream<Delivery = delivery::Bidirectional>,
        O::Input: DeserializeOwned,
        O::Output: SerializeValue + Send,
        <O as InputEventStream>::Events: DeserializeOwned + Send,
        <O as OutputEventStream>::Events: SerializeValue,
    {
        Err(PyNotImplementedError::new_err(format!("{}: botocore does not send events", O::NAME)))
    }
}

/// Prepends the endpoint to the target of a request. The endpoint has no slash at its end.
pub(super) fn apply_endpoint(request: &mut Parts, endpoint_url: &str) -> PyResult<()> {
    let url = format!("{endpoint_url}{}", request.uri);
    request.uri = url.parse().map_err(|error| PyValueError::new_err(format!("endpoint URL: {error}")))?;
    if let Some(host) = host(&request.uri) {
        request.headers.insert(HOST, host);
    }
    Ok(())
}

/// Adds the headers of botocore, and the header that its HTTP client adds.
pub(super) fn insert_headers(request: &mut Parts, headers: &Bound<'_, PyDict>) -> PyResult<()> {
    for (name, value) in headers.iter() {
        let (name, value) = (name.cast::<PyString>()?.to_str()?, value.cast::<PyString>()?.to_str()?);
        let header: HeaderName = name.parse().map_err(|error| invalid(name, &error))?;
        request.headers.insert(header, HeaderValue::from_str(value).map_err(|error| invalid(name, &error))?);
    }
    request.headers.entry(ACCEPT_ENCODING).or_insert(IDENTITY);
    Ok(())
}

/// Creates a request that botocore has signed.
pub(super) fn signed(
    method: &str,
    url: &str,
    headers: Vec<(String, PyBackedBytes)>,
    body: Option<PyBackedBytes>,
) -> PyResult<Request<RequestBody>> {
    let method: Method = method.parse().map_err(|error| invalid("method", &error))?;
    let uri: Uri = url.parse().map_err(|error| invalid("URL", &error))?;
    let host = host(&uri).ok_or_else(|| invalid("URL", &"the host is missing"))?;
    let mut request = Request::new(body.map_or_else(Bytes::new, Bytes::from_owner).into());
    (*request.method_mut(), *request.uri_mut()) = (method, uri);
    for (name, value) in headers {
        let header: HeaderName = name.parse().map_err(|error| invalid(&name, &error))?;
        let value = HeaderValue::from_bytes(&value).map_err(|error| invalid(&name, &error))?;
        request.headers_mut().append(header, value);
    }
    let headers = request.headers_mut();
    // The length of the body is known, because Python code has read a body that is a file.
    headers.remove(TRANSFER_ENCODING);
    headers.entry(HOST).or_insert(host);
    headers.entry(ACCEPT_ENCODING).or_insert(IDENTITY);
    Ok(request)
}

fn invalid(name: &str, error: &dyn std::fmt::Display) -> PyErr {
    PyValueError::new_err(format!("{name}: {error}"))
}

/// Returns the value of `Host`. Leaves out the default port, because botocore signs the host without it.
fn host(uri: &Uri) -> Option<HeaderValue> {
    let authority = uri.authority()?;
    let is_default = matches!(
        (uri.scheme_str(), authority.port_u16()),
        (Some("http"), Some(80)) | (Some("https"), Some(443))
    );
    HeaderValue::from_str(if is_default { authority.host() } else { authority.as_str() }).ok()
}
