//! Sends HTTP requests of the credentials library through the transport of the chain.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::{HeaderValue, Request, Response, StatusCode};
use invoke_model_transport::{Transport, TransportError, TransportErrorKind};
use reqsign_core::{Error, HttpSend};
use tokio::time::{sleep, timeout};

use super::service_error::{self, RequestSecrets};
use crate::cache::random_below;

/// Headers with secrets. The library does not mark these headers as sensitive.
pub(super) const SECRET_HEADERS: [&str; 4] =
    ["authorization", "x-amz-security-token", "x-aws-ec2-metadata-token", "x-amz-sso_bearer_token"];

/// The number of attempts of the standard retry mode of the AWS SDKs.
/// <https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html>
pub(super) const MAX_ATTEMPTS: u32 = 3;

/// Maximum backoff between two attempts.
const MAX_BACKOFF: Duration = Duration::from_secs(20);

/// The attempts of a request to a credentials source. A retry costs nothing, because these requests run no
/// model.
#[derive(Clone, Copy, Debug)]
pub(super) struct HttpPolicy {
    pub(super) attempt_timeout: Duration,
    pub(super) max_attempts: u32,
    /// Retries a request without a response even if no earlier request had a response.
    pub(super) retries_silence: bool,
    /// Adds the error code and the message of a response to errors.
    pub(super) quotes_errors: bool,
}

impl HttpPolicy {
    /// STS and SSO. All attempts end before the default load timeout of the credentials cache.
    pub(super) const SERVICE: Self = Self {
        attempt_timeout: Duration::from_secs(8),
        max_attempts: MAX_ATTEMPTS,
        retries_silence: true,
        quotes_errors: true,
    };
    /// The container agent. The attempts are short, because the agent runs on the same host.
    pub(super) const CONTAINER: Self = Self {
        attempt_timeout: Duration::from_secs(2),
        max_attempts: MAX_ATTEMPTS,
        retries_silence: true,
        quotes_errors: false,
    };
}

/// An HTTP client for one credentials source.
///
/// The client records the outcome of the last request, because some errors of the library do not describe the
/// failure.
#[derive(Clone, Debug)]
pub(super) struct HttpClient {
    transport: Arc<dyn Transport>,
    policy: HttpPolicy,
    /// `true` if a request had a response.
    has_responded: Arc<AtomicBool>,
    outcome: Arc<Mutex<HttpOutcome>>,
}

/// The outcome of the last request. It contains no URL and no response body, because both can contain a
/// secret.
#[derive(Clone, Debug, Default)]
pub(super) struct HttpOutcome {
    /// The transport error, or the status if the status is not 200.
    pub(super) problem: Option<String>,
    pub(super) status: Option<StatusCode>,
    /// The error code and the message of a service.
    pub(super) service_error: Option<String>,
    /// The expiry of the credentials in a response of STS.
    pub(super) expiry: Option<SystemTime>,
}

/// The reason why an attempt had no response.
enum NoResponse {
    Transport(TransportError),
    TimedOut,
}

type AttemptResult = Result<Response<Bytes>, NoResponse>;

impl HttpClient {
    pub(super) fn new(transport: Arc<dyn Transport>, policy: HttpPolicy) -> Self {
        Self { transport, policy, has_responded: Arc::default(), outcome: Arc::default() }
    }

    /// Returns the outcome of the last request.
    pub(super) fn outcome(&self) -> HttpOutcome {
        self.outcome.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    async fn attempt(&self, request: Request<Bytes>) -> AttemptResult {
        let response = async {
            let response = self.transport.send(request.map(Into::into)).await?;
            let (head, body) = response.into_parts();
            Ok(Response::from_parts(head, body.collect().await?))
        };
        let response =
            timeout(self.policy.attempt_timeout, response).await.map_err(|_| NoResponse::TimedOut)?;
        let response = response.map_err(NoResponse::Transport)?;
        self.has_responded.store(true, Ordering::Relaxed);
        Ok(response)
    }

    /// Returns `true` if the next attempt may succeed. As in the AWS SDKs, a rejection such as `AccessDenied`
    /// is final.
    fn is_transient(&self, result: &AttemptResult) -> bool {
        let may_be_absent = || !self.policy.retries_silence && !self.has_responded.load(Ordering::Relaxed);
        match result {
            Ok(response) => {
                let status = response.status();
                status.is_server_error()
                    || status == StatusCode::TOO_MANY_REQUESTS
                    || (!status.is_success() && service_error::is_transient(response))
            }
            Err(NoResponse::TimedOut) => !may_be_absent(),
            Err(NoResponse::Transport(error)) => match error.kind() {
                TransportErrorKind::InvalidRequest | TransportErrorKind::Tls | TransportErrorKind::Proxy => {
                    false
                }
                _ if error.is_connect() || error.is_timeout() => !may_be_absent(),
                _ => true,
            },
        }
    }

    fn record(&self, result: &AttemptResult, secrets: &RequestSecrets) {
        let status = result.as_ref().ok().map(Response::status);
        let mut outcome = HttpOutcome { status, ..HttpOutcome::default() };
        match result {
            Ok(response) if response.status() == StatusCode::OK => {
                outcome.expiry = service_error::expiry(response)
            }
            Ok(response) => {
                outcome.problem = Some(format!("HTTP {}", response.status().as_u16()));
                if self.policy.quotes_errors {
                    outcome.service_error = service_error::quote(response, secrets);
                }
            }
            Err(NoResponse::Transport(error)) => outcome.problem = Some(error.to_string()),
            Err(NoResponse::TimedOut) => {
                outcome.problem = Some(format!("no response within {:?}", self.policy.attempt_timeout));
            }
        }
        *self.outcome.lock().unwrap_or_else(PoisonError::into_inner) = outcome;
    }
}

impl HttpSend for HttpClient {
    async fn http_send(&self, mut request: Request<Bytes>) -> Result<Response<Bytes>, Error> {
        for name in SECRET_HEADERS {
            if let Some(value) = request.headers_mut().get_mut(name) {
                HeaderValue::set_sensitive(value, true);
            }
        }
        let mut attempt = 1;
        loop {
            let result = self.attempt(request.clone()).await;
            if attempt < self.policy.max_attempts && self.is_transient(&result) {
                // After a timeout, a backoff is unnecessary, because the attempt itself was long.
                if !matches!(result, Err(NoResponse::TimedOut)) {
                    sleep(backoff(attempt)).await;
                }
                attempt += 1;
                continue;
            }
            self.record(&result, &RequestSecrets::of(&request));
            return result.map_err(|_| Error::unexpected("no response"));
        }
    }
}

/// Returns the time to wait after an attempt: a random time of at most 1 second after the first attempt, 2
/// seconds after the second attempt, and so on.
fn backoff(attempt: u32) -> Duration {
    let limit = Duration::from_secs(1).saturating_mul(1 << (attempt - 1).min(5)).min(MAX_BACKOFF);
    random_below(limit)
}
