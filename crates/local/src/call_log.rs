//! The log of calls that tests read.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use http::header::AUTHORIZATION;
use http::request::Parts;
use http::{HeaderMap, Method};
use serde::{Serialize, Serializer};

use crate::delivery::ResponseProgress;
use crate::stream::{StreamProgress, StreamRecord};

/// Query parameters of presigned requests that contain secrets.
const SECRET_PARAMETERS: [&str; 2] = ["x-amz-security-token", "x-amz-signature"];

const REDACTED: &str = "[redacted]";

/// A call: its request and its outcome.
///
/// `Debug` and `Serialize` hide sensitive data. Both show only the length of the body. Both redact the value
/// of the header `x-amzn-bedrock-request-metadata` and the secrets in the query of the target.
#[derive(Clone, Serialize)]
#[non_exhaustive]
pub struct CallRecord {
    /// The HTTP method.
    #[serde(serialize_with = "serialize_method")]
    pub method: Method,
    /// The request target as it was sent, for example `/model/amazon.titan-embed-text-v2%3A0/invoke`.
    #[serde(serialize_with = "serialize_target")]
    pub target: String,
    /// The percent-decoded model id or ARN, or `None` if the target does not match an operation.
    pub model_id: Option<String>,
    /// The request headers without `authorization` and `x-amz-security-token`.
    #[serde(serialize_with = "serialize_headers")]
    pub headers: HeaderMap,
    /// The request body. A body of more than 25,000,000 bytes is truncated to its first 25,000,001 bytes.
    #[serde(rename = "body_length", serialize_with = "serialize_length")]
    pub body: Bytes,
    /// `true` if the request has a valid SigV4 signature.
    pub signed: bool,
    /// The request id that the response carries.
    pub request_id: String,
    /// The [id of the connection](crate::ConnectionRecord::id) that the call arrived on.
    pub connection_id: u64,
    /// `true` if the call was worked on: the endpoint generated a response. The service would bill such a
    /// call even if its response was lost. If a fault replaces the response, the value depends on the fault:
    /// see [`Fault::worked_on`](crate::Fault::worked_on).
    pub worked_on: bool,
    /// The number of response bytes that were sent, including the head.
    /// [`LocalEndpoint::calls`](crate::LocalEndpoint::calls) reads this number when it is called.
    pub bytes_sent: u64,
    /// `true` if the complete response was sent before
    /// [`LocalEndpoint::calls`](crate::LocalEndpoint::calls) was called.
    pub response_complete: bool,
    /// The status of the response, or 0 if there was no response with a status.
    pub status: u16,
    /// The error code, for example `ThrottlingException`, or `None` if the call succeeded.
    pub error_code: Option<String>,
    /// The number of input tokens of a successful call.
    pub input_tokens: Option<u64>,
    /// The number of output tokens of a successful call.
    pub output_tokens: Option<u64>,
    /// The progress of a streaming response when [`LocalEndpoint::calls`](crate::LocalEndpoint::calls) was
    /// called. This field is `None` for other responses.
    pub stream: Option<StreamRecord>,
    #[serde(skip)]
    pub(crate) stream_progress: Option<Arc<StreamProgress>>,
    #[serde(skip)]
    pub(crate) response_progress: Arc<ResponseProgress>,
}

impl CallRecord {
    /// Creates a record from a request, before its outcome is known.
    pub(crate) fn new(request: &Parts, body: Bytes, request_id: String) -> Self {
        let mut headers = request.headers.clone();
        headers.remove(AUTHORIZATION);
        headers.remove("x-amz-security-token");
        if let Some(metadata) = headers.get_mut("x-amzn-bedrock-request-metadata") {
            metadata.set_sensitive(true);
        }
        Self {
            method: request.method.clone(),
            target: request.uri.to_string(),
            model_id: None,
            headers,
            body,
            signed: false,
            request_id,
            connection_id: 0,
            worked_on: false,
            bytes_sent: 0,
            response_complete: false,
            status: 0,
            error_code: None,
            input_tokens: None,
            output_tokens: None,
            stream: None,
            stream_progress: None,
            response_progress: Arc::default(),
        }
    }
}

impl fmt::Debug for CallRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CallRecord")
            .field("method", &self.method)
            .field("target", &redacted_target(&self.target))
            .field("model_id", &self.model_id)
            .field("headers", &self.headers)
            .field("body", &format_args!("[{} bytes]", self.body.len()))
            .field("signed", &self.signed)
            .field("request_id", &self.request_id)
            .field("connection_id", &self.connection_id)
            .field("worked_on", &self.worked_on)
            .field("bytes_sent", &self.bytes_sent)
            .field("response_complete", &self.response_complete)
            .field("status", &self.status)
            .field("error_code", &self.error_code)
            .field("input_tokens", &self.input_tokens)
            .field("output_tokens", &self.output_tokens)
            .field("stream", &self.stream)
            .finish()
    }
}

fn serialize_method<S: Serializer>(method: &Method, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(method.as_str())
}

fn serialize_target<S: Serializer>(target: &str, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&redacted_target(target))
}

fn serialize_length<S: Serializer>(body: &Bytes, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u64(body.len() as u64)
}

/// Serializes headers as a map. Joins the values of a repeated header with commas (RFC 9110 section 5.3).
fn serialize_headers<S: Serializer>(headers: &HeaderMap, serializer: S) -> Result<S::Ok, S::Error> {
    let mut joined = BTreeMap::<&str, String>::new();
    for (name, value) in headers {
        let text = String::from_utf8_lossy(value.as_bytes());
        let text = if value.is_sensitive() { REDACTED } else { text.as_ref() };
        joined
            .entry(name.as_str())
            .and_modify(|values| {
                values.push_str(", ");
                values.push_str(text);
            })
            .or_insert_with(|| text.to_owned());
    }
    serializer.collect_map(joined)
}

/// Redacts the values of query parameters that contain secrets.
fn redacted_target(target: &str) -> String {
    let Some((path, query)) = target.split_once('?') else { return target.to_owned() };
    let parameters = query.split('&').map(|parameter| match parameter.split_once('=') {
        Some((name, _)) if SECRET_PARAMETERS.iter().any(|secret| name.eq_ignore_ascii_case(secret)) => {
            format!("{name}={REDACTED}")
        }
        _ => parameter.to_owned(),
    });
    format!("{path}?{}", parameters.collect::<Vec<_>>().join("&"))
}

/// The latest calls, in the order of their responses.
#[derive(Debug, Default)]
pub(crate) struct CallLog(Mutex<Calls>);

#[derive(Debug, Default)]
struct Calls {
    records: VecDeque<CallRecord>,
    /// The total length of all bodies.
    body_bytes: usize,
}

impl CallLog {
    /// The maximum number of calls in the log. The log is bounded because an endpoint may run for days.
    pub(crate) const MAX_CALLS: usize = 10_000;
    /// The maximum total length of the bodies in the log.
    pub(crate) const MAX_BODY_BYTES: usize = 256 << 20;

    /// Adds a call. Drops the oldest calls if the log exceeds its bounds.
    pub(crate) fn push(&self, call: CallRecord) {
        let mut calls = self.lock();
        calls.body_bytes += call.body.len();
        calls.records.push_back(call);
        while calls.records.len() > Self::MAX_CALLS || calls.body_bytes > Self::MAX_BODY_BYTES {
            let dropped = calls.records.pop_front().map_or(0, |call| call.body.len());
            calls.body_bytes -= dropped;
        }
    }

    /// Returns the calls with their current progress.
    pub(crate) fn calls(&self) -> Vec<CallRecord> {
        let mut calls: Vec<_> = self.lock().records.iter().cloned().collect();
        for call in &mut calls {
            call.stream = call.stream_progress.as_deref().map(StreamProgress::record);
            call.bytes_sent = call.response_progress.bytes_sent();
            call.response_complete = call.response_progress.is_complete();
        }
        calls
    }

    pub(crate) fn clear(&self) {
        *self.lock() = Calls::default();
    }

    fn lock(&self) -> MutexGuard<'_, Calls> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
