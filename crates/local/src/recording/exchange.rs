//! The file of an exchange.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_TYPE};
use http::{HeaderMap, Request};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The response headers that the recorder omits. They belong to a connection or a point in time, or contain
/// secrets.
const OMITTED: [&str; 7] = [
    "connection",
    "content-length",
    "date",
    "keep-alive",
    "set-cookie",
    "transfer-encoding",
    "x-amz-security-token",
];

/// The prefix of the query parameters that belong to a signature.
const SIGNATURE_PREFIX: &str = "x-amz-";

/// An exchange. `docs/recording.md` describes the format.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Exchange {
    pub(crate) request: RecordedRequest,
    pub(crate) response: RecordedResponse,
}

/// The request of an exchange, without credentials.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RecordedRequest {
    pub(crate) method: String,
    pub(crate) path: String,
    #[serde(default)]
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: RecordedBody,
}

/// A body: JSON, or base64 if the body is not JSON.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum RecordedBody {
    Json(Value),
    Base64(String),
}

/// The response of an exchange.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RecordedResponse {
    pub(crate) status: u16,
    #[serde(default)]
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) chunks: Vec<Chunk>,
}

/// A piece of a body, as it arrived.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Chunk {
    /// The time since the request, in milliseconds.
    pub(crate) at_ms: u64,
    pub(crate) base64: String,
}

impl RecordedRequest {
    /// Describes a request. Keeps only headers that cannot contain credentials.
    pub(crate) fn new(request: &Request<Bytes>) -> Self {
        let is_kept = |name: &str| {
            name == ACCEPT.as_str()
                || name == CONTENT_TYPE.as_str()
                || (name.starts_with("x-amzn-bedrock-") && name != "x-amzn-bedrock-request-metadata")
        };
        let body = match serde_json::from_slice(request.body()) {
            Ok(value) => RecordedBody::Json(value),
            Err(_) => RecordedBody::Base64(STANDARD.encode(request.body())),
        };
        Self {
            method: request.method().to_string(),
            path: path(request),
            headers: headers(request.headers(), is_kept),
            body,
        }
    }
}

impl RecordedResponse {
    /// Describes the head of a response.
    pub(crate) fn new(status: u16, response_headers: &HeaderMap) -> Self {
        let headers = headers(response_headers, |name| !OMITTED.contains(&name));
        Self { status, headers, chunks: Vec::new() }
    }
}

impl Chunk {
    pub(crate) fn new(at_ms: u64, bytes: &[u8]) -> Self {
        Self { at_ms, base64: STANDARD.encode(bytes) }
    }

    pub(crate) fn bytes(&self) -> Result<Bytes, base64::DecodeError> {
        STANDARD.decode(&self.base64).map(Bytes::from)
    }
}

/// Returns the path and the query, without the parameters of a signature.
pub(crate) fn path(request: &Request<Bytes>) -> String {
    let path = request.uri().path();
    let query = request.uri().query().unwrap_or_default().split('&');
    let is_signature = |parameter: &str| parameter.to_ascii_lowercase().starts_with(SIGNATURE_PREFIX);
    let query: Vec<_> = query.filter(|parameter| !parameter.is_empty() && !is_signature(parameter)).collect();
    if query.is_empty() { path.to_owned() } else { format!("{path}?{}", query.join("&")) }
}

/// Returns the headers whose names `is_kept` accepts. Joins repeated headers with commas.
fn headers(headers: &HeaderMap, is_kept: impl Fn(&str) -> bool) -> BTreeMap<String, String> {
    let mut kept = BTreeMap::<String, String>::new();
    for (name, value) in headers.iter().filter(|(name, _)| is_kept(name.as_str())) {
        let value = String::from_utf8_lossy(value.as_bytes());
        let values = kept.entry(name.to_string()).or_default();
        if !values.is_empty() {
            values.push_str(", ");
        }
        values.push_str(&value);
    }
    kept
}
