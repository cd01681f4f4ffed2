//! The metadata of a call: token counts, latency, request id and attempts.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::{HeaderMap, HeaderValue, StatusCode};
use invoke_model_families::Usage;
use invoke_model_protocol::metrics::ResponseMetrics;
use serde::{Deserialize, Serialize, Serializer};

/// Metadata of a successful call. [`Call::send_with_metadata`](crate::Call::send_with_metadata) and
/// [`EventReceiver::metadata`](crate::EventReceiver::metadata) return this type.
///
/// `Serialize` writes `status` as a number, and `latency` in milliseconds as `latency_ms`.
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
    /// Latency of the model, as measured by the service.
    #[serde(rename = "latency_ms", serialize_with = "optional_milliseconds")]
    pub latency: Option<Duration>,
    /// The reason why the model stopped, if a member of the output or an event contains it. It is `None` for
    /// `InvokeModel`, because the body of its response depends on the model: see
    /// [`families`](crate::families).
    pub stop_reason: Option<String>,
    /// The number of attempts, including the successful attempt.
    pub attempts: u32,
    /// The failed attempts before the successful attempt.
    pub earlier_attempts: Vec<Attempt>,
    /// The headers of the response, if
    /// [`ConfigBuilder::keep_response_headers`](crate::ConfigBuilder::keep_response_headers) is set.
    #[serde(skip)]
    pub headers: Option<Arc<HeaderMap>>,
}

/// One completed attempt of a call.
///
/// `Serialize` writes `status` as a number, and the durations in milliseconds as `backoff_ms` and
/// `duration_ms`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Attempt {
    /// The name of the operation in the model.
    pub operation: &'static str,
    /// The number of the attempt. The first attempt has the number 1.
    pub number: u32,
    /// The class of the failure, or `None` if the attempt succeeded.
    pub class: Option<FailureClass>,
    /// The HTTP status, if there was a response.
    #[serde(serialize_with = "optional_status")]
    pub status: Option<StatusCode>,
    /// The error code of the service.
    pub code: Option<String>,
    /// The request id that the service assigned.
    pub request_id: Option<String>,
    /// The token counts that the response reports. They are missing if the attempt failed, and if the caller
    /// reads the response in parts and the head of the response does not contain them.
    #[serde(skip_serializing_if = "is_unknown")]
    pub usage: Usage,
    /// The backoff before this attempt.
    #[serde(rename = "backoff_ms", serialize_with = "milliseconds")]
    pub backoff: Duration,
    /// The duration of this attempt.
    #[serde(rename = "duration_ms", serialize_with = "milliseconds")]
    pub duration: Duration,
}

/// The class of a failed attempt. The class states if the service may have executed, and therefore billed,
/// the request.
///
/// `Serialize` writes the class in snake case, for example `not_sent`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum FailureClass {
    /// The service cannot have received the complete request.
    NotSent,
    /// The service rejected the request before doing any work. The status is a 4xx status except 408 and 424,
    /// or it is 503 and the service itself sent the response.
    Rejected,
    /// The service reported an internal failure. The status is 500, the error is in the service model, and
    /// the service itself sent the response.
    ServerError,
    /// The service may have executed, and therefore billed, the request.
    ///
    /// This is the class of the following failures:
    ///
    /// * The connection was lost, or a timeout expired, after the request was sent.
    /// * The status is 500 or above, and the response has neither an error code of the service nor the header
    ///   `x-amzn-requestid`. A gateway may have sent the response after it had forwarded the request.
    /// * The status is 500, but the error is not in the service model.
    /// * The status is above 500, and it is not 503.
    /// * The model timed out (408) or failed (424).
    /// * The response is incomplete or cannot be parsed.
    Ambiguous,
}

impl FailureClass {
    /// Returns the name of the class. Error messages and the documentation use this name.
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

fn is_unknown(usage: &Usage) -> bool {
    *usage == Usage::default()
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

/// The callback that the client calls after each attempt.
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

/// The metadata in the head of a response, and the metrics that were found after the head.
#[derive(Clone, Debug)]
pub(crate) struct ResponseHead {
    pub(crate) status: StatusCode,
    /// The request id. It stays a header value, and a string is allocated only if the caller requests the id.
    request_id: Option<HeaderValue>,
    pub(crate) metrics: ResponseMetrics,
    /// `true` if the response has a content encoding, or another transfer coding than `chunked`.
    pub(crate) is_encoded: bool,
    /// The headers, if the configuration keeps them.
    pub(crate) headers: Option<Arc<HeaderMap>>,
}

impl ResponseHead {
    /// Reads the headers of a response. `header_metric` reads the metric in a header. One pass over the headers is faster than a look-up for each name,
    /// because a response usually has only some of these headers.
    pub(crate) fn new<B>(
        response: &http::Response<B>,
        header_metric: fn(&str, &HeaderValue, &mut ResponseMetrics),
    ) -> Self {
        let mut metrics = ResponseMetrics::default();
        let (mut id, mut other_id, mut is_encoded) = (None, None, false);
        for (name, value) in response.headers() {
            match name.as_str() {
                "x-amzn-requestid" => set_text(&mut id, value),
                "x-amz-request-id" => set_text(&mut other_id, value),
                "content-encoding" => is_encoded = true,
                // A list contains another coding than `chunked`.
                "transfer-encoding" => is_encoded |= value.as_bytes().contains(&b','),
                name => header_metric(name, value, &mut metrics),
            }
        }
        Self { status: response.status(), request_id: id.or(other_id), metrics, is_encoded, headers: None }
    }

    pub(crate) fn request_id(&self) -> Option<&str> {
        self.request_id.as_ref()?.to_str().ok()
    }

    /// Returns the token counts in the metrics.
    pub(crate) fn usage(&self) -> Usage {
        let metrics = &self.metrics;
        let mut usage = Usage::default();
        // Ignore the counts if both are zero. A call has at least one input token, so zero means that the
        // response did not contain the required member with the counts.
        if metrics.input_tokens.or(metrics.output_tokens).is_some_and(|count| count > 0)
            || metrics.output_tokens.is_some_and(|count| count > 0)
        {
            usage.input_tokens = metrics.input_tokens;
            usage.output_tokens = metrics.output_tokens;
        }
        usage.cache_read_input_tokens = metrics.cache_read_input_tokens;
        usage.cache_write_input_tokens = metrics.cache_write_input_tokens;
        usage
    }
}

/// Stores the first value of a repeated header. Ignores values that are not visible ASCII.
fn set_text(first: &mut Option<HeaderValue>, value: &HeaderValue) {
    if first.is_none() && value.to_str().is_ok() {
        *first = Some(value.clone());
    }
}
