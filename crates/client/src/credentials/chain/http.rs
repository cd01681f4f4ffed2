//! The library's requests, over our transport.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Request, Response};
use invoke_model_transport::{Transport, TransportError};
use reqsign_core::{Error, HttpSend};
use tokio::time::timeout;

/// Fields with a secret that the library does not mark as one.
const SECRET: [&str; 3] = ["authorization", "x-aws-ec2-metadata-token", "x-amz-sso_bearer_token"];

/// How long an attempt may take, and how many there are.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limit {
    pub(super) timeout: Duration,
    pub(super) attempts: u32,
}

impl Limit {
    /// One attempt, in whatever time the cache gives.
    pub(super) const NONE: Self = Self { timeout: Duration::MAX, attempts: 1 };
    /// The agent is on the same host: what takes long is lost.
    pub(super) const CONTAINER: Self = Self { timeout: Duration::from_secs(2), attempts: 3 };
}

/// Sends within a limit, and remembers why a request had no answer: the library does not tell it in each of its errors.
#[derive(Clone, Debug)]
pub(super) struct Http {
    transport: Arc<dyn Transport>,
    limit: Limit,
    failure: Arc<Mutex<Option<String>>>,
}

impl Http {
    pub(super) fn new(transport: Arc<dyn Transport>, limit: Limit) -> Self {
        Self { transport, limit, failure: Arc::default() }
    }

    /// Why the last request had no answer. No URL is in it: there can be a token in one.
    pub(super) fn failure(&self) -> Option<String> {
        self.failure.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    async fn attempt(&self, request: Request<Bytes>) -> Result<Response<Bytes>, String> {
        let answer = async {
            let response = self.transport.send(request.map(Into::into)).await?;
            let (head, body) = response.into_parts();
            Ok(Response::from_parts(head, body.collect().await?))
        };
        match timeout(self.limit.timeout, answer).await {
            Ok(answered) => answered.map_err(|error: TransportError| error.to_string()),
            Err(_) => Err(format!("no answer after {:?}", self.limit.timeout)),
        }
    }
}

impl HttpSend for Http {
    async fn http_send(&self, mut request: Request<Bytes>) -> Result<Response<Bytes>, Error> {
        for name in SECRET {
            if let Some(value) = request.headers_mut().get_mut(name) {
                HeaderValue::set_sensitive(value, true);
            }
        }
        let mut left = self.limit.attempts.max(1);
        loop {
            left -= 1;
            let answered = self.attempt(request.clone()).await;
            let failed = answered.as_ref().map_or(true, |response| response.status().is_server_error());
            if failed && left > 0 {
                continue;
            }
            return answered.map_err(|failure| {
                *self.failure.lock().unwrap_or_else(PoisonError::into_inner) = Some(failure);
                Error::unexpected("no answer")
            });
        }
    }
}
