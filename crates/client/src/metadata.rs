//! What is known of a call beside its output.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::{HeaderValue, StatusCode};

use crate::FailureClass;

/// What is known of a call that was answered, beside the output.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Metadata {
    /// The HTTP status.
    pub status: StatusCode,
    /// The id under which the service knows the request.
    pub request_id: Option<String>,
    /// What the call counted.
    pub usage: Usage,
    /// How long the model took, as the service measured it.
    pub latency: Option<Duration>,
    /// How often the call was sent.
    pub attempts: u32,
    /// The attempts that failed before.
    pub earlier_attempts: Vec<Attempt>,
}

/// What a call counted, as far as the service says it in the header of the answer. An answer that comes as events says
/// it in its last event.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Usage {
    /// Tokens read: `X-Amzn-Bedrock-Input-Token-Count`.
    pub input_tokens: Option<u64>,
    /// Tokens made: `X-Amzn-Bedrock-Output-Token-Count`.
    pub output_tokens: Option<u64>,
    /// Tokens read from a prompt cache: `X-Amzn-Bedrock-Cache-Read-Input-Token-Count`.
    pub cache_read_input_tokens: Option<u64>,
    /// Tokens written to a prompt cache: `X-Amzn-Bedrock-Cache-Write-Input-Token-Count`.
    pub cache_write_input_tokens: Option<u64>,
}

/// One sending of a call, ended.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Attempt {
    /// The operation's name in the model.
    pub operation: &'static str,
    /// Its number, from 1.
    pub number: u32,
    /// What its failure says of the work; `None` if it was answered.
    pub class: Option<FailureClass>,
    /// The HTTP status, if there was an answer.
    pub status: Option<StatusCode>,
    /// The code of the service's error.
    pub code: Option<String>,
    /// The id under which the service knows the request.
    pub request_id: Option<String>,
    /// How long the call waited before it.
    pub waited: Duration,
    /// How long it took.
    pub took: Duration,
}

/// Who is shown each attempt.
#[derive(Clone)]
pub(crate) struct OnAttempt(Arc<dyn Fn(&Attempt) + Send + Sync>);

impl OnAttempt {
    pub(crate) fn new(hook: impl Fn(&Attempt) + Send + Sync + 'static) -> Self {
        Self(Arc::new(hook))
    }

    pub(crate) fn show(&self, attempt: &Attempt) {
        (self.0)(attempt);
    }
}

impl fmt::Debug for OnAttempt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OnAttempt")
    }
}

/// What the head of an answer says of its call.
#[derive(Clone, Debug)]
pub(crate) struct Head {
    pub(crate) status: StatusCode,
    /// As it came, so that no call pays for a text that nobody asks for.
    request_id: Option<HeaderValue>,
    pub(crate) usage: Usage,
    pub(crate) latency: Option<Duration>,
}

impl Head {
    /// In one pass over the fields: each is met once, and most are none of these.
    pub(crate) fn of<B>(response: &http::Response<B>) -> Self {
        let (mut usage, mut latency) = (Usage::default(), None);
        let (mut id, mut other_id) = (None, None);
        for (name, value) in response.headers() {
            match name.as_str() {
                "x-amzn-requestid" => keep(&mut id, value),
                "x-amz-request-id" => keep(&mut other_id, value),
                "x-amzn-bedrock-input-token-count" => count(&mut usage.input_tokens, value),
                "x-amzn-bedrock-output-token-count" => count(&mut usage.output_tokens, value),
                "x-amzn-bedrock-cache-read-input-token-count" => {
                    count(&mut usage.cache_read_input_tokens, value);
                }
                "x-amzn-bedrock-cache-write-input-token-count" => {
                    count(&mut usage.cache_write_input_tokens, value);
                }
                "x-amzn-bedrock-invocation-latency" => count(&mut latency, value),
                _ => {}
            }
        }
        let latency = latency.map(Duration::from_millis);
        Self { status: response.status(), request_id: id.or(other_id), usage, latency }
    }

    /// The id under which the service knows the request.
    pub(crate) fn request_id(&self) -> Option<&str> {
        self.request_id.as_ref()?.to_str().ok()
    }
}

/// Of repeated fields the first counts; what is not visible ASCII is none.
fn keep(kept: &mut Option<HeaderValue>, value: &HeaderValue) {
    if kept.is_none() && value.to_str().is_ok() {
        *kept = Some(value.clone());
    }
}

/// Of repeated fields the first that is a number counts.
fn count(kept: &mut Option<u64>, value: &HeaderValue) {
    if kept.is_none() {
        *kept = std::str::from_utf8(value.as_bytes()).ok().and_then(|text| text.parse().ok());
    }
}
