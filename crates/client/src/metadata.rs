//! Metadata of a call: token counts, latency, request id and attempts.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::{HeaderValue, StatusCode};
use serde::{Deserialize, Serialize, Serializer};

/// Metadata of a successful call: [`Call::send_with_metadata`](crate::Call::send_with_metadata),
/// [`EventReceiver::metadata`](crate::EventReceiver::metadata).
///
/// Serializes with numbers: `status` as in HTTP, durations in milliseconds as `latency_ms`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Metadata {
    /// The HTTP status.
    #[serde(serialize_with = "status")]
    pub status: StatusCode,
    /// The request id that the service assigned.
    pub request_id: Option<String>,
    /// Token counts.
    pub usage: Usage,
    /// Latency of the model, measured by the service.
    #[serde(rename = "latency_ms", serialize_with = "optional_milliseconds")]
    pub latency: Option<Duration>,
    /// The number of attempts, including the successful one.
    pub attempts: u32,
    /// The failed attempts before the successful one.
    pub earlier_attempts: Vec<Attempt>,
}

/// Token counts of a call, as far as the service reports them in the headers of the response. An event stream
/// reports them in its last event: see [`Usage::from_stream_part`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Usage {
    /// Input tokens: `X-Amzn-Bedrock-Input-Token-Count`.
    pub input_tokens: Option<u64>,
    /// Output tokens: `X-Amzn-Bedrock-Output-Token-Count`.
    pub output_tokens: Option<u64>,
    /// Tokens read from a prompt cache: `X-Amzn-Bedrock-Cache-Read-Input-Token-Count`.
    pub cache_read_input_tokens: Option<u64>,
    /// Tokens written to a prompt cache: `X-Amzn-Bedrock-Cache-Write-Input-Token-Count`.
    pub cache_write_input_tokens: Option<u64>,
}

/// One completed attempt of a call.
///
/// Serializes with numbers: `status` as in HTTP, durations in milliseconds as `backoff_ms` and `duration_ms`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Attempt {
    /// The name of the operation in the model.
    pub operation: &'static str,
    /// The number of the attempt, from 1.
    pub number: u32,
    /// The class of the failure; `None` if the attempt succeeded.
    pub class: Option<FailureClass>,
    /// The HTTP status, if there was a response.
    #[serde(serialize_with = "optional_status")]
    pub status: Option<StatusCode>,
    /// The error code of the service.
    pub code: Option<String>,
    /// The request id that the service assigned.
    pub request_id: Option<String>,
    /// Wait before this attempt.
    #[serde(rename = "backoff_ms", serialize_with = "milliseconds")]
    pub backoff: Duration,
    /// Duration of the attempt.
    #[serde(rename = "duration_ms", serialize_with = "milliseconds")]
    pub duration: Duration,
}

/// Classes of failed attempts, by whether the service may have executed, and therefore billed, the request.
///
/// Serializes in snake case: `not_sent`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum FailureClass {
    /// The service cannot have received the complete request.
    NotSent,
    /// The service rejected the request before doing any work (429, 503, and other 4xx responses except 408
    /// and 424).
    Rejected,
    /// The service reported that it failed: a modeled error with status 500, named by the error code of the
    /// response.
    ServerError,
    /// The request may have been executed, and billed: the connection was lost or a timeout expired after the
    /// request was sent; 502, 504, or a 500 that is not a modeled error; the model timed out (408) or failed
    /// (424); or the response is incomplete or cannot be parsed.
    Ambiguous,
}

impl FailureClass {
    /// Returns the class in words, as in error messages and the documentation.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NotSent => "not sent",
            Self::Rejected => "rejected",
            Self::ServerError => "server error",
            Self::Ambiguous => "ambiguous",
        }
    }
}

impl fmt::Display for FailureClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

fn status<S: Serializer>(status: &StatusCode, serializer: S) -> Result<S::Ok, S::Error> {
    status.as_u16().serialize(serializer)
}

fn optional_status<S: Serializer>(status: &Option<StatusCode>, serializer: S) -> Result<S::Ok, S::Error> {
    status.map(|status| status.as_u16()).serialize(serializer)
}

fn milliseconds<S: Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX).serialize(serializer)
}

fn optional_milliseconds<S: Serializer>(
    duration: &Option<Duration>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    duration.map(|duration| u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)).serialize(serializer)
}

/// The callback that is called after each attempt.
#[derive(Clone)]
pub(crate) struct OnAttempt(Arc<dyn Fn(&Attempt) + Send + Sync>);

impl OnAttempt {
    pub(crate) fn new(callback: impl Fn(&Attempt) + Send + Sync + 'static) -> Self {
        Self(Arc::new(callback))
    }

    pub(crate) fn call(&self, attempt: &Attempt) {
        (self.0)(attempt);
    }
}

impl fmt::Debug for OnAttempt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OnAttempt")
    }
}

/// The metadata in the head of a response.
#[derive(Clone, Debug)]
pub(crate) struct ResponseHead {
    pub(crate) status: StatusCode,
    /// Kept as a header value, so that a call whose request id is not asked for allocates no string.
    request_id: Option<HeaderValue>,
    pub(crate) usage: Usage,
    pub(crate) latency: Option<Duration>,
}

impl ResponseHead {
    /// Reads the headers in one pass, because most of them are none of these.
    pub(crate) fn new<B>(response: &http::Response<B>) -> Self {
        let (mut usage, mut latency) = (Usage::default(), None);
        let (mut id, mut other_id) = (None, None);
        for (name, value) in response.headers() {
            match name.as_str() {
                "x-amzn-requestid" => set_text(&mut id, value),
                "x-amz-request-id" => set_text(&mut other_id, value),
                "x-amzn-bedrock-input-token-count" => set_number(&mut usage.input_tokens, value),
                "x-amzn-bedrock-output-token-count" => set_number(&mut usage.output_tokens, value),
                "x-amzn-bedrock-cache-read-input-token-count" => {
                    set_number(&mut usage.cache_read_input_tokens, value);
                }
                "x-amzn-bedrock-cache-write-input-token-count" => {
                    set_number(&mut usage.cache_write_input_tokens, value);
                }
                "x-amzn-bedrock-invocation-latency" => set_number(&mut latency, value),
                _ => {}
            }
        }
        let latency = latency.map(Duration::from_millis);
        Self { status: response.status(), request_id: id.or(other_id), usage, latency }
    }

    pub(crate) fn request_id(&self) -> Option<&str> {
        self.request_id.as_ref()?.to_str().ok()
    }
}

/// Keeps the first value of a repeated header; ignores values that are not visible ASCII.
fn set_text(first: &mut Option<HeaderValue>, value: &HeaderValue) {
    if first.is_none() && value.to_str().is_ok() {
        *first = Some(value.clone());
    }
}

/// Keeps the first number of a repeated header.
fn set_number(first: &mut Option<u64>, value: &HeaderValue) {
    if first.is_none() {
        *first = std::str::from_utf8(value.as_bytes()).ok().and_then(|text| text.parse().ok());
    }
}
