//! Sends HTTP requests of the credentials library through the transport of the chain.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Request, Response};
use invoke_model_transport::{Transport, TransportError};
use reqsign_core::{Error, HttpSend};
use tokio::time::timeout;

/// Headers with secrets. The library does not mark these headers as sensitive.
const SECRET_HEADERS: [&str; 3] = ["authorization", "x-aws-ec2-metadata-token", "x-amz-sso_bearer_token"];

/// The timeout of each attempt, and the maximum number of attempts.
#[derive(Clone, Copy, Debug)]
pub(super) struct HttpRetryLimit {
    /// Timeout of one attempt.
    pub(super) timeout: Duration,
    pub(super) max_attempts: u32,
}

impl HttpRetryLimit {
    /// One attempt. Only the load timeout of the credentials cache limits its duration.
    pub(super) const NONE: Self = Self { timeout: Duration::MAX, max_attempts: 1 };
    /// Short attempts, because the container agent runs on the same host.
    pub(super) const CONTAINER: Self = Self { timeout: Duration::from_secs(2), max_attempts: 3 };
}

/// An HTTP client for one credentials source.
///
/// The client records the failure of the last request, because some errors of the library do not describe
/// that failure.
#[derive(Clone, Debug)]
pub(super) struct HttpClient {
    transport: Arc<dyn Transport>,
    limit: HttpRetryLimit,
    problem: Arc<Mutex<Option<String>>>,
}

impl HttpClient {
    pub(super) fn new(transport: Arc<dyn Transport>, limit: HttpRetryLimit) -> Self {
        Self { transport, limit, problem: Arc::default() }
    }

    /// Describes the failure of the last request: its transport error, or its status if the status is not a
    /// success. Returns `None` if the last request succeeded. The text does not contain a URL, because a URL
    /// can contain a token.
    pub(super) fn problem(&self) -> Option<String> {
        self.problem.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    async fn attempt(&self, request: Request<Bytes>) -> Result<Response<Bytes>, String> {
        let response = async {
            let response = self.transport.send(request.map(Into::into)).await?;
            let (head, body) = response.into_parts();
            Ok(Response::from_parts(head, body.collect().await?))
        };
        match timeout(self.limit.timeout, response).await {
            Ok(result) => result.map_err(|error: TransportError| error.to_string()),
            Err(_) => Err(format!("no response within {:?}", self.limit.timeout)),
        }
    }

    fn record(&self, result: &Result<Response<Bytes>, String>) {
        let problem = match result {
            Ok(response) if response.status().is_success() => None,
            Ok(response) => Some(format!("HTTP {}", response.status().as_u16())),
            Err(reason) => Some(reason.clone()),
        };
        *self.problem.lock().unwrap_or_else(PoisonError::into_inner) = problem;
    }
}

impl HttpSend for HttpClient {
    async fn http_send(&self, mut request: Request<Bytes>) -> Result<Response<Bytes>, Error> {
        for name in SECRET_HEADERS {
            if let Some(value) = request.headers_mut().get_mut(name) {
                HeaderValue::set_sensitive(value, true);
            }
        }
        let mut attempts_left = self.limit.max_attempts.max(1);
        loop {
            attempts_left -= 1;
            let result = self.attempt(request.clone()).await;
            let failed = result.as_ref().map_or(true, |response| response.status().is_server_error());
            if failed && attempts_left > 0 {
                continue;
            }
            self.record(&result);
            return result.map_err(|_| Error::unexpected("no response"));
        }
    }
}
