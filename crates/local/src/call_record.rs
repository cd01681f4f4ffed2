//! The record of a call, without sensitive data in `Debug` and in JSON.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::header::{AUTHORIZATION, COOKIE, PROXY_AUTHORIZATION};
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use invoke_model_protocol::Timestamp;
use invoke_model_protocol::timestamp::{self, Format};
use serde::{Serialize, Serializer};

use crate::authentication::Caller;
use crate::delivery::ResponseProgress;
use crate::service_error::ServiceError;
use crate::signature_claims::SignatureClaims;
use crate::stream::{StreamProgress, StreamRecord};

/// Headers whose values are redacted. The tags in the last header may be personal data. The other headers contain
/// credentials. The service does not use `cookie`, `proxy-authorization` and `x-api-key`, but browsers and clients of
/// other services send them.
const SENSITIVE: [HeaderName; 6] = [
    AUTHORIZATION,
    HeaderName::from_static("x-amz-security-token"),
    COOKIE,
    PROXY_AUTHORIZATION,
    HeaderName::from_static("x-api-key"),
    HeaderName::from_static("x-amzn-bedrock-request-metadata"),
];

/// Query parameters of presigned requests that contain secrets.
const SECRET_PARAMETERS: [&str; 2] = ["x-amz-security-token", "x-amz-signature"];

const REDACTED: &str = "[redacted]";

/// The approximate memory of a header in addition to its name and value, in bytes.
const HEADER_SIZE: usize = 128;

/// A call: its request and its outcome.
///
/// `Debug` and `Serialize` hide sensitive data. Both show only the length of the body. Both redact the values
/// of the headers `authorization`, `x-amz-security-token`, `cookie`, `proxy-authorization`, `x-api-key` and
/// `x-amzn-bedrock-request-metadata`, and the secrets in the query of the target.
#[derive(Clone, Serialize)]
#[non_exhaustive]
pub struct CallRecord {
    /// The number of the call, counted from 1 in the order of the responses. The numbers stay unique after
    /// [`clear_records`](crate::LocalEndpoint::clear_records).
    pub number: u64,
    /// The time at which the complete request had arrived.
    #[serde(serialize_with = "serialize_time")]
    pub time: SystemTime,
    /// The name of the operation, for example `InvokeModel`, or `None` if the target does not match an
    /// operation.
    pub operation: Option<&'static str>,
    /// The HTTP method.
    #[serde(serialize_with = "serialize_method")]
    pub method: Method,
    /// The request target as it was sent, for example `/model/amazon.titan-embed-text-v2%3A0/invoke`.
    #[serde(serialize_with = "serialize_target")]
    pub target: String,
    /// The percent-decoded model id or ARN, or `None` if the target does not match an operation.
    pub model_id: Option<String>,
    /// The request headers. Headers that contain secrets are
    /// [marked as sensitive](http::HeaderValue::is_sensitive).
    #[serde(serialize_with = "serialize_headers")]
    pub headers: HeaderMap,
    /// The request body. A body of more than 25,000,000 bytes is truncated to its first 25,000,001 bytes.
    #[serde(rename = "body_length", serialize_with = "serialize_length")]
    pub body: Bytes,
    /// `true` if the request has a valid SigV4 signature.
    pub signed: bool,
    /// The result of the authentication.
    pub signature: SignatureVerdict,
    /// The explanation if the endpoint rejected the signature or the token.
    pub signature_error: Option<String>,
    /// The access key id of the signature, even if the endpoint rejected the signature. This field is `None`
    /// if the request has no signature.
    pub access_key_id: Option<String>,
    /// The region of the signature, even if the endpoint rejected the signature.
    pub signing_region: Option<String>,
    /// The names of the headers that the signature covers, in lower case.
    pub signed_headers: Vec<String>,
    /// The request id that the response carries.
    pub request_id: String,
    /// The [id of the connection](crate::ConnectionRecord::id) that the call arrived on.
    pub connection_id: u64,
    /// `true` if the call was worked on: the endpoint generated a response. The service would bill such a
    /// call even if its response was lost. The value is `false` for operations that the service does not
    /// bill, such as `CountTokens`. If a fault replaces the response, the value depends on the fault: see
    /// [`Fault::worked_on`](crate::Fault::worked_on).
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
    /// The number of input tokens of a successful call. If another server generates a stream, this number and
    /// the number of output tokens are known at the end of the stream.
    pub input_tokens: Option<u64>,
    /// The number of output tokens of a successful call.
    pub output_tokens: Option<u64>,
    /// The progress of a streaming response when [`LocalEndpoint::calls`](crate::LocalEndpoint::calls) was
    /// called. This field is `None` for other responses.
    pub stream: Option<StreamRecord>,
    /// The time from the arrival of the request to the first byte of the response.
    #[serde(rename = "first_byte_ms", serialize_with = "serialize_milliseconds")]
    pub first_byte_after: Option<Duration>,
    /// The time from the arrival of the request until the response was sent or lost, or `None` while the call
    /// is in progress. The [clock](crate::LocalEndpointBuilder::clock) of the endpoint measures this time and
    /// `first_byte_after`.
    #[serde(rename = "duration_ms", serialize_with = "serialize_milliseconds")]
    pub duration: Option<Duration>,
    #[serde(skip)]
    pub(crate) stream_progress: Option<Arc<StreamProgress>>,
    #[serde(skip)]
    pub(crate) response_progress: Arc<ResponseProgress>,
}

impl CallRecord {
    /// Creates a record from a request, before its outcome is known.
    pub(crate) fn new(request: &Parts, body: Bytes, request_id: String) -> Self {
        let mut headers = copied_headers(&request.headers);
        mark_sensitive(&mut headers);
        let SignatureClaims { access_key_id, region, signed_headers } = SignatureClaims::of(request);
        Self {
            number: 0,
            time: SystemTime::UNIX_EPOCH,
            operation: None,
            method: request.method.clone(),
            target: request.uri.to_string(),
            model_id: None,
            headers,
            body,
            signed: false,
            signature: SignatureVerdict::NotVerified,
            signature_error: None,
            access_key_id,
            signing_region: region,
            signed_headers,
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
            first_byte_after: None,
            duration: None,
            stream_progress: None,
            response_progress: Arc::default(),
        }
    }

    /// Records the result of the authentication: the caller, or the explanation of the error.
    pub(crate) fn set_caller(&mut self, caller: Result<&Caller, &ServiceError>) {
        self.signed = matches!(caller, Ok(Caller::Signed(_)));
        self.signature = match caller {
            Ok(Caller::Signed(_)) => SignatureVerdict::Valid,
            Ok(Caller::Bearer) => SignatureVerdict::Bearer,
            Ok(Caller::Unverified) => SignatureVerdict::NotVerified,
            Err(_) => SignatureVerdict::Rejected,
        };
        self.signature_error = caller.err().and_then(ServiceError::message).map(str::to_owned);
    }

    /// Returns the approximate size of the record in memory, in bytes.
    pub(crate) fn size(&self) -> usize {
        let headers =
            self.headers.iter().map(|(name, value)| name.as_str().len() + value.len() + HEADER_SIZE);
        let texts = [
            &self.model_id,
            &self.signature_error,
            &self.access_key_id,
            &self.signing_region,
            &self.error_code,
        ];
        let texts = texts.into_iter().flatten().chain(&self.signed_headers);
        size_of::<Self>()
            + self.body.len()
            + self.target.len()
            + headers.sum::<usize>()
            + texts.map(String::len).sum::<usize>()
    }

    pub(crate) fn since_start(&self, time: SystemTime) -> Duration {
        time.duration_since(self.time).unwrap_or_default()
    }

    /// Returns the numbers of input and output tokens.
    pub(crate) fn tokens(&self) -> (Option<u64>, Option<u64>) {
        match self.response_progress.tokens() {
            Some((input_tokens, output_tokens)) => (Some(input_tokens), Some(output_tokens)),
            None => (self.input_tokens, self.output_tokens),
        }
    }

    /// Returns a copy with the current progress of the response.
    pub(crate) fn snapshot(&self) -> Self {
        let progress = &self.response_progress;
        let (input_tokens, output_tokens) = self.tokens();
        Self {
            input_tokens,
            output_tokens,
            stream: self.stream_progress.as_deref().map(StreamProgress::record),
            bytes_sent: progress.bytes_sent(),
            response_complete: progress.is_complete(),
            first_byte_after: progress.first_byte().map(|time| self.since_start(time)),
            duration: progress.end().map(|time| self.since_start(time)),
            ..self.clone()
        }
    }
}

/// The result of the authentication of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum SignatureVerdict {
    /// The signature is valid.
    Valid,
    /// The bearer token is valid.
    Bearer,
    /// The request has no valid signature and no valid token.
    Rejected,
    /// The endpoint did not verify the request, because the verification is disabled or the target does not
    /// match an operation.
    NotVerified,
}

impl SignatureVerdict {
    /// Returns the name of the verdict in the log and in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Valid => "valid",
            Self::Bearer => "bearer",
            Self::Rejected => "rejected",
            Self::NotVerified => "not_verified",
        }
    }
}

/// Copies all headers. The value of a received header shares the memory of the
/// complete head and of the bytes that arrived with it. A record must not keep this memory.
fn copied_headers(headers: &HeaderMap) -> HeaderMap {
    let mut copies = HeaderMap::with_capacity(headers.keys_len());
    for (name, value) in headers {
        if let Ok(mut copy) = HeaderValue::from_bytes(value.as_bytes()) {
            copy.set_sensitive(value.is_sensitive());
            copies.append(name.clone(), copy);
        }
    }
    copies
}

/// Marks the headers that may contain secrets or personal data as sensitive. Explanations of signatures do
/// not show the values of sensitive headers.
pub(crate) fn mark_sensitive(headers: &mut HeaderMap) {
    for (_, value) in headers.iter_mut().filter(|(name, _)| SENSITIVE.contains(name)) {
        value.set_sensitive(true);
    }
}

impl fmt::Debug for CallRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CallRecord")
            .field("number", &self.number)
            .field("operation", &self.operation)
            .field("method", &self.method)
            .field("target", &redacted_target(&self.target))
            .field("model_id", &self.model_id)
            .field("headers", &self.headers)
            .field("body", &format_args!("[{} bytes]", self.body.len()))
            .field("signature", &self.signature)
            .field("access_key_id", &self.access_key_id)
            .field("signing_region", &self.signing_region)
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
            .field("first_byte_after", &self.first_byte_after)
            .field("duration", &self.duration)
            .finish_non_exhaustive()
    }
}

fn serialize_method<S: Serializer>(method: &Method, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(method.as_str())
}

fn serialize_target<S: Serializer>(target: &str, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&redacted_target(target))
}

/// Serializes a time as in `2015-08-30T12:36:00.123Z`. A time that RFC 3339 cannot express is `null`.
fn serialize_time<S: Serializer>(time: &SystemTime, serializer: S) -> Result<S::Ok, S::Error> {
    let milliseconds = Timestamp::try_from(*time).ok().map(|time| time.as_millisecond());
    let time = milliseconds.and_then(|time| Timestamp::from_millisecond(time).ok());
    time.map(|time| timestamp::write(&time, Format::DateTime)).serialize(serializer)
}

#[expect(clippy::ref_option, reason = "serde passes a reference to the field")]
fn serialize_milliseconds<S: Serializer>(time: &Option<Duration>, serializer: S) -> Result<S::Ok, S::Error> {
    time.map(|time| u64::try_from(time.as_millis()).unwrap_or(u64::MAX)).serialize(serializer)
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
