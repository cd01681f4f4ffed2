//! Sends the attempts of a call, and retries failures that are safe to retry.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use http::header::RANGE;
use http::{Request, Response, StatusCode};
use invoke_model_credentials::Credentials;
use invoke_model_transport::{RequestBody, RequestProgress, ResponseBody};
use tokio::time::{Instant, sleep};
use tracing::{Instrument, Span};

use super::output::{BodyMode, OutputParser, Received, receive};
use super::prepared::Prepared;
use super::{response, span};
use crate::authorization::Authorizer;
use crate::call_context::CallContext;
use crate::client::Client;
use crate::error::{ErrorKind, class};
use crate::metrics::QuotaWait;
use crate::quota::QuotaPermit;
use crate::random::random_fraction;
use crate::retry::{RetryConfig, RetryCost, RetryDecision, RetryState, decide};
use crate::timeout::OperationTimer;

/// The attempts of a call.
///
/// Neither this type nor the functions that send the attempts depend on the operation. Otherwise, a program would
/// contain a copy of them for each operation.
pub(super) struct Attempts<'a> {
    pub(super) prepared: Prepared,
    pub(super) timer: OperationTimer,
    pub(super) retries: RetryConfig,
    pub(super) body_mode: BodyMode,
    pub(super) context: &'a mut CallContext,
    pub(super) parse: &'a mut OutputParser<'a>,
}

/// The result of a successful attempt.
pub trait AttemptOutput: Sized {
    /// `true` if `attempt` returns before the response has arrived. In this case, the implementation of this trait
    /// also reports the outcome of the attempt.
    const RETURNS_EARLY: bool = false;

    /// Makes one attempt.
    #[doc(hidden)]
    fn attempt(attempt: Attempt<'_>) -> impl Future<Output = Result<Self, ErrorKind>> + Send;
}

impl Attempts<'_> {
    /// Sends attempts, in the span of the call, until an attempt succeeds.
    pub(super) async fn send<T: AttemptOutput>(&mut self) -> Result<T, ErrorKind> {
        let span = self.context.span.clone();
        // Pinned here, because this future is large. Without `pin!`, `instrument` would move it.
        pin!(self.run()).instrument(span).await
    }

    /// Sends attempts until an attempt succeeds, or until an attempt fails and must not be retried.
    async fn run<T: AttemptOutput>(&mut self) -> Result<T, ErrorKind> {
        let client = self.prepared.client().clone();
        let context = &mut *self.context;
        self.prepared.open_file(&self.timer).await?;
        let (mut cost, mut clock_corrected, mut credentials_renewed) = (RetryCost::default(), false, false);
        loop {
            let started = Instant::now();
            let attempt = Attempt {
                client: &client,
                prepared: &mut self.prepared,
                timer: &mut self.timer,
                body_mode: self.body_mode,
                context,
                parse: &mut *self.parse,
            };
            let kind = match T::attempt(attempt).await {
                Ok(output) => {
                    client.retry_tokens().record_success(cost);
                    if !T::RETURNS_EARLY {
                        context.record_success(started);
                    }
                    return Ok(output);
                }
                Err(kind) => kind,
            };
            context.record_failure(&kind, started.elapsed());
            // The following two retries do not need backoff or retry tokens. The service did no work and is
            // not overloaded, and the next attempt sends a different signature.
            if !clock_corrected && corrects_clock(&client, &kind) {
                clock_corrected = true;
                context.start_retry(Duration::ZERO);
                continue;
            }
            if !credentials_renewed
                && kind.is_expired_credentials()
                && self.prepared.has_renewable_credentials()
            {
                credentials_renewed = true;
                context.start_retry(Duration::ZERO);
                continue;
            }
            let state = RetryState {
                attempts: context.attempts,
                is_idempotent: context.operation.is_idempotent,
                now: client.config().time_source.now(),
                random: random_fraction(),
            };
            let RetryDecision::Retry { backoff, after_timeout } = decide(&kind, &self.retries, state) else {
                return Err(kind);
            };
            // If the operation timeout would expire during the backoff, return the error now.
            if self.timer.remaining().is_some_and(|remaining| remaining <= backoff) {
                return Err(kind);
            }
            let Some(acquired) = client.retry_tokens().acquire(after_timeout) else { return Err(kind) };
            cost = acquired;
            context.start_retry(backoff);
            sleep(backoff).await;
        }
    }
}

/// The arguments of an attempt.
#[expect(missing_debug_implementations, reason = "the type is not exported")]
pub struct Attempt<'a> {
    pub(super) client: &'a Client,
    pub(super) prepared: &'a mut Prepared,
    pub(super) timer: &'a mut OperationTimer,
    pub(super) body_mode: BodyMode,
    pub(super) context: &'a mut CallContext,
    pub(super) parse: &'a mut OutputParser<'a>,
}

impl AttemptOutput for Received {
    /// Sends a request with a complete body, and waits for the response.
    async fn attempt(attempt: Attempt<'_>) -> Result<Self, ErrorKind> {
        let Attempt { client, prepared, timer, body_mode, context, parse } = attempt;
        context.start_attempt();
        let permit = acquire_permit(prepared, timer, context).await?;
        // The block drops its local values early. Otherwise, the future would keep them until the response
        // arrives.
        let (sending, mut sent) = {
            let (mut request, credentials) = match signed_request(client, prepared, timer, context).await {
                Ok(signed) => signed,
                Err(kind) => {
                    permit.into_iter().for_each(QuotaPermit::release);
                    return Err(kind);
                }
            };
            let sent = SentAttempt::new(prepared, &mut request, credentials, permit, context, body_mode);
            let sending = sent.span.in_scope(|| timer.send(&*client.config().transport, request));
            (sending, sent)
        };
        let sending = pin!(sending);
        context.attempts += 1;
        let span = sent.span.clone();
        let result = async { sent.receive(sending.await?, context, parse).await };
        let result = pin!(result).instrument(span).await;
        sent.settle(client, result.as_ref().err());
        result
    }
}

/// An attempt whose request is being sent.
pub(super) struct SentAttempt {
    authorizer: Arc<Authorizer>,
    credentials: Option<Arc<Credentials>>,
    permit: Option<QuotaPermit>,
    pub(super) span: Span,
    /// `true` if the request asks for a part of the response.
    requests_part: bool,
    body_mode: BodyMode,
}

impl SentAttempt {
    /// Opens the span of the attempt, and asks the transport to report the progress of the request to the permit.
    pub(super) fn new(
        prepared: &Prepared,
        request: &mut Request<RequestBody>,
        credentials: Option<Arc<Credentials>>,
        permit: Option<QuotaPermit>,
        context: &CallContext,
        body_mode: BodyMode,
    ) -> Self {
        if let Some(progress) = permit.as_ref().and_then(QuotaPermit::progress) {
            request.extensions_mut().insert(progress.clone());
        }
        let requests_part = request.headers().contains_key(RANGE);
        let span = span::attempt(prepared.client(), request, context.attempts);
        let authorizer = prepared.authorizer().clone();
        Self { authorizer, credentials, permit, span, requests_part, body_mode }
    }

    /// Reads the response, and parses the output or the error.
    #[expect(
        clippy::manual_async_fn,
        reason = "an `async fn` stores its arguments twice (rust-lang/rust#62958), which costs 300 bytes in each call"
    )]
    pub(super) fn receive(
        &mut self,
        mut response: Response<ResponseBody>,
        context: &mut CallContext,
        parse: &mut OutputParser<'_>,
    ) -> impl Future<Output = Result<Received, ErrorKind>> + Send {
        async move {
            let head = context.record_response(&response);
            let is_encoded = head.is_encoded;
            span::record_response(&self.span, head);
            if let Some(interception) = &mut context.interception {
                response = interception.after_response(response)?;
            }
            if is_encoded {
                response = response::decoded(response);
            }
            if !(context.operation.is_success)(response.status()) {
                let kind = Box::pin(response::service_error(response, context.operation)).await;
                if kind.is_expired_credentials() {
                    self.authorizer.invalidate(self.credentials.as_ref());
                }
                return Err(kind);
            }
            if is_encoded {
                response = Box::pin(response::check_encoding(response)).await?;
            }
            if response.status() == StatusCode::PARTIAL_CONTENT && !self.requests_part {
                return Err(Box::pin(response::partial(response)).await);
            }
            receive(response, self.body_mode, context, self.permit.take(), parse).await
        }
    }

    /// Reports the outcome to the rate limiter, and a failure to the span and the quota limiter.
    pub(super) fn settle(&mut self, client: &Client, failure: Option<&ErrorKind>) {
        if let Some(rate_limiter) = &client.config().adaptive_rate_limiter {
            rate_limiter.record_outcome(failure.is_some_and(ErrorKind::is_throttled));
        }
        if let Some(kind) = failure {
            span::record_error(&self.span, kind);
            self.permit.take().into_iter().for_each(|permit| permit.fail(class(kind)));
        }
    }
}

/// Waits for the adaptive rate limiter, for interceptors and for credentials. Returns the request and the
/// credentials that signed the request.
async fn signed_request(
    client: &Client,
    prepared: &mut Prepared,
    timer: &mut OperationTimer,
    context: &mut CallContext,
) -> Result<(Request<RequestBody>, Option<Arc<Credentials>>), ErrorKind> {
    if let Some(rate_limiter) = &client.config().adaptive_rate_limiter {
        timer.bound(rate_limiter.ready()).await?;
    }
    let (parts, authorization) = prepared.authorized(timer, context).await?;
    if let Some(interception) = &mut context.interception {
        Box::pin(interception.before_send(&parts, timer)).await?;
    }
    let body = prepared.body(timer).await?;
    Ok((Request::from_parts(parts, body), authorization.credentials))
}

/// Waits for a permit, if the client has a quota limiter and the operation runs a model. If the call is
/// cancelled before its request is sent, the permit counts nothing.
pub(super) async fn acquire_permit(
    prepared: &mut Prepared,
    timer: &OperationTimer,
    context: &CallContext,
) -> Result<Option<QuotaPermit>, ErrorKind> {
    if prepared.quota.is_none() {
        return Ok(None);
    }
    // The future is boxed to keep the futures of calls small.
    Box::pin(async {
        let estimate = prepared.token_estimate(timer).await?;
        let Some(quota) = &prepared.quota else { return Ok(None) };
        let wait = QuotaWait::start();
        let acquiring = quota.limiter.acquire_for_model(quota.model_id.as_deref(), estimate);
        let permit = timer.bound(acquiring).await;
        context.call_metrics.quota_wait(&wait);
        Ok(Some(permit??.with_progress(RequestProgress::default())))
    })
    .await
}

/// Updates the clock skew if the response shows that the local clock is wrong. Returns `true` if a signature
/// with the corrected time may succeed.
pub(super) fn corrects_clock(client: &Client, kind: &ErrorKind) -> bool {
    let ErrorKind::Service { error, response } = kind else { return false };
    client.clock_skew().learn(error.code(), response.headers(), client.config().time_source.now())
}
