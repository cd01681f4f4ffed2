//! Signatures of requests that other HTTP clients send.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use http::header::{AUTHORIZATION, HeaderName, HeaderValue};
use http::request::Parts;
use http::{Method, Request, Uri};
use invoke_model_client::{Credentials, SignError};
use invoke_model_signing::{PayloadHash, PayloadHasher, Signer as CoreSigner};
use pyo3::buffer::PyBuffer;
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;
use pyo3::types::{PyBytes, PyString};

use crate::queue::Queue;
use crate::runtime::{self, outcome};
use crate::{credentials, errors};

/// The number of bytes that one read of a file hashes.
const FILE_CHUNK: usize = 1024 * 1024;

/// The size of a body in bytes above which other Python threads run while the body is hashed.
const DETACHED: usize = 64 * 1024;

const CONTENT_SHA256: HeaderName = HeaderName::from_static("x-amz-content-sha256");

/// The headers that a signature can add, with their usual spelling.
const ADDED: [(HeaderName, &str); 4] = [
    (HeaderName::from_static("x-amz-date"), "X-Amz-Date"),
    (HeaderName::from_static("x-amz-security-token"), "X-Amz-Security-Token"),
    (CONTENT_SHA256, "X-Amz-Content-SHA256"),
    (AUTHORIZATION, "Authorization"),
];

/// An access key id, a secret access key, and a session token.
type Keys = (String, String, Option<String>);

/// Signs requests to one service in one region. The Python module `invoke_model._sign` wraps it.
#[pyclass(frozen, module = "invoke_model._native")]
pub(crate) struct Signer {
    signer: CoreSigner,
    region: String,
    /// The default credentials of the last signature.
    used: Mutex<Option<Arc<Credentials>>>,
}

/// A request to sign.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub(crate) struct Unsigned<'py> {
    method: String,
    url: String,
    headers: Vec<(String, Text)>,
    body: Bound<'py, PyAny>,
    keys: Option<Keys>,
    /// Seconds since 1970.
    time: f64,
}

/// The value of a header.
#[derive(FromPyObject)]
enum Text {
    Text(String),
    Bytes(Vec<u8>),
}

impl Signer {
    /// Returns the credentials for a request. Waits for the default credentials if they are not cached.
    fn credentials(&self, py: Python<'_>, keys: Option<Keys>) -> PyResult<Arc<Credentials>> {
        if let Some((id, secret, token)) = keys {
            return Ok(Arc::new(Credentials::new(id, secret, token)));
        }
        let cache = credentials::default_cache(py, &self.region)?;
        let found = match credentials::cached(py, &cache)? {
            Some(found) => found,
            None => runtime::wait(py, Box::pin(credentials::load(cache)?))?
                .map_err(|error| errors::no_credentials(py, &error))?,
        };
        *self.used.lock().unwrap_or_else(PoisonError::into_inner) = Some(found.clone());
        Ok(found)
    }
}

#[pymethods]
impl Signer {
    #[new]
    fn new(py: Python<'_>, region: Option<String>, service: String) -> PyResult<Self> {
        let region = region.map_or_else(|| credentials::default_region(py), Ok)?;
        let signer = CoreSigner::new(region.as_str(), service);
        Ok(Self { signer, region, used: Mutex::default() })
    }

    /// Returns the headers that the signature adds or replaces.
    fn sign(&self, request: Unsigned<'_>) -> PyResult<Vec<(&'static str, String)>> {
        let py = request.body.py();
        let (mut parts, time) = request.parts()?;
        let payload = match parts.headers.get(CONTENT_SHA256).map(HeaderValue::to_str) {
            // botocore also signs the hash that the caller has set.
            Some(Ok(given)) => PayloadHash::precomputed(given),
            _ => hash(&request.body)?,
        };
        let credentials = self.credentials(py, request.keys)?;
        self.signer.sign(&mut parts, &credentials, &payload, time).map_err(invalid)?;
        let value = |(name, spelling): &(HeaderName, &'static str)| {
            let value = parts.headers.get(name)?;
            Some((*spelling, String::from_utf8_lossy(value.as_bytes()).into_owned()))
        };
        Ok(ADDED.iter().filter_map(value).collect())
    }

    /// Returns the URL with a signature in its query. Without a body, the signature does not cover the body.
    fn presign(&self, request: Unsigned<'_>, expires_in: f64) -> PyResult<String> {
        let py = request.body.py();
        let expires_in = errors::seconds("expires_in", expires_in)?;
        let (mut parts, time) = request.parts()?;
        let payload = match request.body.is_none() {
            true => PayloadHash::unsigned(),
            false => hash(&request.body)?,
        };
        let credentials = self.credentials(py, request.keys)?;
        self.signer.presign(&mut parts, &credentials, &payload, time, expires_in).map_err(invalid)?;
        Ok(parts.uri.to_string())
    }

    /// Returns `true` if a signature with the default credentials does not need to wait.
    fn is_ready(&self, py: Python<'_>) -> PyResult<bool> {
        let cache = credentials::default_cache(py, &self.region)?;
        Ok(credentials::cached(py, &cache)?.is_some())
    }

    /// Starts to load the default credentials for an event loop. Returns the id of the job in the queue.
    fn start_load(&self, py: Python<'_>, queue: &Queue, future: Py<PyAny>) -> PyResult<u64> {
        let cache = credentials::default_cache(py, &self.region)?;
        let loading = credentials::load(cache)?;
        let job = async move {
            let loaded = loading.await;
            outcome(move |py| match loaded {
                Ok(_) => Ok(py.None()),
                Err(error) => Err(errors::no_credentials(py, &error)),
            })
        };
        queue.start(future, Box::pin(job))
    }

    /// Discards the default credentials, because the service rejected them as expired. Returns `true` if the next
    /// signature loads other credentials.
    fn invalidate(&self, py: Python<'_>, access_key_id: &str) -> PyResult<bool> {
        let cache = credentials::default_cache(py, &self.region)?;
        let used = self.used.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let rejected = used.filter(|used| used.access_key_id() == access_key_id);
        if let Some(rejected) = &rejected {
            cache.invalidate(rejected);
        }
        Ok(rejected.is_some() && !cache.is_static())
    }

    #[getter]
    fn region_name(&self) -> &str {
        &self.region
    }
}

impl Unsigned<'_> {
    /// Returns the head of the request, and the time of the signature.
    fn parts(&self) -> PyResult<(Parts, SystemTime)> {
        let method = self.method.to_ascii_uppercase();
        let method = Method::from_bytes(method.as_bytes())
            .map_err(|_| PyValueError::new_err(format!("method: `{}` is not an HTTP method", self.method)))?;
        let (mut parts, ()) = Request::new(()).into_parts();
        (parts.method, parts.uri) = (method, parse(&self.url)?);
        for (name, value) in &self.headers {
            let header = HeaderName::from_bytes(name.as_bytes())
                .map_err(|_| PyValueError::new_err(format!("headers: `{name}` is not a header name")))?;
            let value = match value {
                Text::Text(text) => text.as_bytes(),
                Text::Bytes(bytes) => bytes,
            };
            let value = HeaderValue::from_bytes(value).map_err(|_| {
                let text =
                    format!("headers: the value of `{name}` contains a line break or a control character");
                PyValueError::new_err(text)
            })?;
            parts.headers.append(header, value);
        }
        let time = Duration::try_from_secs_f64(self.time)
            .ok()
            .and_then(|time| SystemTime::UNIX_EPOCH.checked_add(time))
            .ok_or_else(|| PyValueError::new_err("time: not between the years 1970 and 9999"))?;
        Ok((parts, time))
    }
}

/// Converts the host of a URL to lower case, as HTTP clients do before they send a request.
fn lower_case(uri: Uri) -> Result<Uri, http::Error> {
    let Some(authority) = uri.authority() else { return Ok(uri) };
    let (user, host) = authority.as_str().split_at(authority.as_str().rfind('@').map_or(0, |end| end + 1));
    if !host.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return Ok(uri);
    }
    let authority = format!("{user}{}", host.to_ascii_lowercase());
    let mut parts = uri.into_parts();
    parts.authority = Some(authority.try_into()?);
    Ok(Uri::from_parts(parts)?)
}

/// Parses an absolute URL.
fn parse(url: &str) -> PyResult<Uri> {
    let error = |problem: String| PyValueError::new_err(format!("url: {problem}"));
    if let Some(character) = url.chars().find(|character| !character.is_ascii_graphic()) {
        return Err(error(format!("contains `{}`: percent-encode it", character.escape_debug())));
    }
    let uri: Uri = url.parse().map_err(|problem| error(format!("{problem}")))?;
    match (uri.scheme_str(), uri.host()) {
        (Some("http" | "https"), Some(host)) if !host.is_empty() => {
            lower_case(uri).map_err(|problem| error(format!("{problem}")))
        }
        _ => Err(error("not an absolute `https` or `http` URL".to_owned())),
    }
}

/// Hashes a body. Reads a file in chunks, and returns to its position.
fn hash(body: &Bound<'_, PyAny>) -> PyResult<PayloadHash> {
    let py = body.py();
    if body.is_none() {
        return Ok(PayloadHash::EMPTY);
    }
    if let Ok(bytes) = body.cast::<PyBytes>() {
        let bytes = PyBackedBytes::from(bytes.clone());
        return Ok(match bytes.len() > DETACHED {
            true => py.detach(|| PayloadHash::of(&bytes)),
            false => PayloadHash::of(&bytes),
        });
    }
    if let Ok(text) = body.cast::<PyString>() {
        return Ok(PayloadHash::of(text.to_str()?.as_bytes()));
    }
    if let Ok(buffer) = PyBuffer::<u8>::get(body) {
        return Ok(PayloadHash::of(&buffer.to_vec(py)?));
    }
    if !(body.hasattr("read")? && body.hasattr("seek")?) {
        return Err(PyTypeError::new_err(format!(
            "body: expected bytes, str, a buffer or a file with `seek`, not {}; read other bodies before signing",
            body.get_type().name()?
        )));
    }
    let position = body.call_method0("tell")?;
    let mut hasher = PayloadHasher::new();
    loop {
        let chunk = body.call_method1("read", (FILE_CHUNK,))?;
        let chunk = chunk.cast::<PyBytes>().map_err(|_| {
            PyTypeError::new_err("body: the file is open in text mode: open it in binary mode (\"rb\")")
        })?;
        if chunk.as_bytes().is_empty() {
            break;
        }
        hasher.update(chunk.as_bytes());
    }
    body.call_method1("seek", (position,))?;
    Ok(hasher.finish())
}

fn invalid(error: SignError) -> PyErr {
    PyValueError::new_err(error.to_string())
}
