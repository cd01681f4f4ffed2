//! What is known of a call beside its output.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::{HeaderMap, StatusCode};

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
    pub(crate) request_id: Option<String>,
    pub(crate) usage: Usage,
    pub(crate) latency: Option<Duration>,
}

impl Head {
    pub(crate) fn of<B>(response: &http::Response<B>) -> Self {
        let headers = response.headers();
        let number = |name: &str| number(headers, name);
        Self {
            status: response.status(),
            request_id: request_id(headers).map(str::to_owned),
            usage: Usage {
                input_tokens: number("x-amzn-bedrock-input-token-count"),
                output_tokens: number("x-amzn-bedrock-output-token-count"),
                cache_read_input_tokens: number("x-amzn-bedrock-cache-read-input-token-count"),
                cache_write_input_tokens: number("x-amzn-bedrock-cache-write-input-token-count"),
            },
            latency: number("x-amzn-bedrock-invocation-latency").map(Duration::from_millis),
        }
    }
}

fn number(headers: &HeaderMap, name: &str) -> Option<u64> {
    headers.get(name)?.to_str().ok()?.trim().parse().ok()
}

/// The id under which the service knows the request.
fn request_id(headers: &HeaderMap) -> Option<&str> {
    let names = ["x-amzn-requestid", "x-amz-request-id"];
    names.iter().find_map(|name| headers.get(*name)?.to_str().ok())
}
