//! Sends the attempts of a call, and retries failures that are safe to retry.

use std::convert::Infallible;
use std::fmt;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use http::header::RANGE;
use http::{Request, StatusCode};
use invoke_model_credentials::Credentials;
use invoke_model_protocol::Operation;
use invoke_model_transport::{RequestBody, RequestProgress};
use tokio::time::{Instant, sleep};
use tracing::Instrument;

use super::output::{Delivery, ResponseDelivery};
use super::prepared::Prepared;
use super::{Call, response, span};
use crate::call_context::CallContext;
use crate::client::Client;
use crate::error::{ErrorKind, ServiceErrorDetails, class};
use crate::metrics::QuotaWait;
use crate::quota::QuotaPermit;
use crate::random::random_fraction;
use crate::retry::{RetryCost, RetryDecision, RetryState, decide};
use crate::timeout::OperationTimer;

impl<O: Operation> Call<O> {
    /// Sends attempts until an attempt succeeds, or until an attempt fails and must not be retried.
    pub(super) async fn attempts<D: Delivery<O>>(
        self,
        context: &mut CallContext,
    ) -> Result<D::Output, ErrorKind<O::Error>> {
        let (client, timeouts, retries) = (self.0.client.clone(), self.0.timeouts, self.0.retries);
        let mut timer = timeouts.start();
        let (mut prepared, file) = self.prepare(context)?;
        prepared.attach(file).await?;
        let (mut cost, mut clock_corrected, mut credentials_renewed) = (RetryCost::default(), false, false);
        loop {
            let started = Instant::now();
            let attempt = Attempt { client: &client, prepared: &mut prepared, timer: &mut timer, context };
            let kind = match D::attempt(attempt).await {
                Ok(output) => {
                    client.retry_tokens().record_success(cost);
                    if !D::RETURNS_EARLY {
                        context.record_success::<O>(started);
                    }
                    return Ok(output);
                }
                Err(kind) => kind,
            };
            context.record_failure::<O>(&kind, started.elapsed());
            // The following two retries do not need backoff or retry tokens. The service did no work and is
            // not overloaded, and the next attempt sends a different signature.
            if !clock_corrected && corrects_clock(&client, &kind) {
                clock_corrected = true;
                context.start_retry(Duration::ZERO);
                continue;
            }
            if !credentials_renewed && kind.is_expired_credentials() && prepared.has_renewable_credentials() {
                credentials_renewed = true;
                context.start_retry(Duration::ZERO);
                continue;
            }
            let state = RetryState {
                attempts: context.attempts,
                is_idempotent: O::IS_IDEMPOTENT,
                now: client.config().time_source.now(),
                random: random_fraction(),
            };
            let RetryDecision::Retry { backoff, after_timeout } = decide(&kind, &retries, state) else {
                return Err(kind);
            };
            // If the operation timeout would expire during the backoff, return the error now.
            if timer.remaining().is_some_and(|remaining| remaining <= backoff) {
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
pub struct Attempt<'a> {
    pub(super) client: &'a Client,
    pub(super) prepared: &'a mut Prepared,
    pub(super) timer: &'a mut OperationTimer,
    pub(super) context: &'a mut CallContext,
}

impl fmt::Debug for Attempt<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Attempt").field("context", &self.context).finish_non_exhaustive()
    }
}

/// Sends a request with a complete body, and waits for the response.
pub(crate) async fn attempt<O: Operation, D: ResponseDelivery<O>>(
    attempt: Attempt<'_>,
) -> Result<D::Output, ErrorKind<O::Error>> {
    let Attempt { client, prepared, timer, context } = attempt;
    context.start_attempt();
    let permit = acquire_permit(prepared, timer, context).await;
    let mut permit = permit.map_err(ErrorKind::of_operation)?;
    // The block drops its local values early. Otherwise, the future would keep them until the response
    // arrives.
    let (sending, credentials, span, requests_part) = {
        let (mut request, credentials) = match signed_request(client, prepared, timer, context).await {
            Ok(signed) => signed,
            Err(kind) => {
                permit.into_iter().for_each(QuotaPermit::release);
                return Err(kind.of_operation());
            }
        };
        report_progress(&mut request, permit.as_ref());
        let requests_part = request.headers().contains_key(RANGE);
        let span = span::attempt(client, &request, context.attempts);
        let sending = span.in_scope(|| timer.send(&*client.config().transport, request));
        (sending, credentials, span, requests_part)
    };
    let sending = pin!(sending);
    context.attempts += 1;
    let result = async {
        let mut response = sending.await?;
        let head = context.record_response::<O, _>(&response);
        let is_encoded = head.is_encoded;
        span::record_response(&span, head);
        if let Some(interception) = &mut context.interception {
            response = interception.after_response(response)?;
        }
        if is_encoded {
            response = response::decoded(response);
        }
        if O::is_success(response.status()) {
            if is_encoded {
                response = Box::pin(response::check_encoding(response)).await?;
            }
            if response.status() == StatusCode::PARTIAL_CONTENT && !requests_part {
                return Err(Box::pin(response::partial(response)).await);
            }
            return D::deliver(response, context, permit.take()).await;
        }
        let kind = Box::pin(response::service_error::<O>(response)).await;
        if kind.is_expired_credentials() {
            prepared.invalidate_credentials(credentials.as_ref());
        }
        Err(kind)
    };
    let result = pin!(result).instrument(span.clone()).await;
    if let Some(rate_limiter) = &client.config().adaptive_rate_limiter {
        rate_limiter.record_outcome(result.as_ref().is_err_and(ErrorKind::is_throttled));
    }
    result.inspect_err(|kind| {
        span::record_error(&span, kind);
        if let Some(permit) = permit {
            permit.fail(class(kind));
        }
    })
}

/// Waits for the adaptive rate limiter, for interceptors and for credentials. Returns the request and the
/// credentials that signed the request.
async fn signed_request(
    client: &Client,
    prepared: &mut Prepared,
    timer: &mut OperationTimer,
    context: &mut CallContext,
) -> Result<(Request<RequestBody>, Option<Arc<Credentials>>), ErrorKind<Infallible>> {
    if let Some(rate_limiter) = &client.config().adaptive_rate_limiter {
        timer.bound(rate_limiter.ready()).await?;
    }
    let (parts, authorization) = prepared.authorized(timer, context).await?;
    if let Some(interception) = &mut context.interception {
        Box::pin(interception.before_send(&parts, timer)).await?;
    }
    let body = prepared.body().await?;
    Ok((Request::from_parts(parts, body), authorization.credentials))
}

/// Asks the transport to report the progress of the request to the permit.
pub(super) fn report_progress(request: &mut Request<RequestBody>, permit: Option<&QuotaPermit>) {
    if let Some(progress) = permit.and_then(QuotaPermit::progress) {
        request.extensions_mut().insert(progress.clone());
    }
}

/// Waits for a permit, if the client has a quota limiter and the operation runs a model. If the call is
/// cancelled before its request is sent, the permit counts nothing.
pub(super) async fn acquire_permit(
    prepared: &mut Prepared,
    timer: &OperationTimer,
    context: &CallContext,
) -> Result<Option<QuotaPermit>, ErrorKind<Infallible>> {
    if prepared.quota.is_none() {
        return Ok(None);
    }
    // The future is boxed to keep the futures of calls small.
    Box::pin(async {
        let estimate = prepared.token_estimate().await?;
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
pub(super) fn corrects_clock<E: ServiceErrorDetails>(client: &Client, kind: &ErrorKind<E>) -> bool {
    let ErrorKind::Service { error, response } = kind else { return false };
    client.clock_skew().learn(error.code(), response.headers(), client.config().time_source.now())
}
