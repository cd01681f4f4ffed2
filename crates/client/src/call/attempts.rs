//! A call on its way: sent, and sent again where that costs nothing twice.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use invoke_model_protocol::{Operation, OperationError, Retryable};
use invoke_model_transport::RequestBody;
use tokio::time::{Instant, sleep};
use tracing::{Instrument, Span};

use super::output::Deliver;
use super::prepared::Prepared;
use super::{Call, Trail, span};
use crate::credentials::LoadedCredentials;
use crate::quota::QuotaPermit;
use crate::retry::{Decision, Known, Paid, class, decide, random, status_of};
use crate::timeout::OperationTimer;
use crate::{Client, ErrorKind, TokenEstimate};

impl<O: Operation> Call<O> {
    /// Sends until there is an answer, or a failure that ends the call.
    pub(super) async fn attempts<D: Deliver<O>>(
        self,
        trail: &mut Trail,
        span: &Span,
    ) -> Result<D::Output, ErrorKind<O::Error>> {
        let (client, deadlines, retries) = (self.0.client.clone(), self.0.deadlines, self.0.retries);
        let mut running = deadlines.start();
        let (mut prepared, file) = self.prepare(trail)?;
        prepared.attach(file).await?;
        span::prepared::<O>(span, trail.path(), prepared.parts());
        let (mut paid, mut corrected, mut renewed) = (Paid::default(), false, false);
        loop {
            let started = Instant::now();
            let sent = attempt::<O, D>(&client, &mut prepared, &mut running, trail).await;
            let kind = match sent {
                Ok(answer) => {
                    client.bucket().succeeded(paid);
                    trail.succeeded::<O>(started);
                    if let Some(head) = &trail.answer {
                        span::succeeded(span, head);
                    }
                    return Ok(answer);
                }
                Err(kind) => kind,
            };
            trail.failed::<O>(&kind, started.elapsed());
            if !corrected && learns_the_time(&client, &kind) {
                // Nothing was worked on, and nothing is overloaded: at once, and not from the bucket.
                corrected = true;
                trail.again(Duration::ZERO);
                continue;
            }
            if !renewed && kind.says_expired() && prepared.renews() {
                // The same: the next attempt has other credentials.
                renewed = true;
                trail.again(Duration::ZERO);
                continue;
            }
            let known =
                Known { attempts: trail.attempts, now: client.config().time_source.now(), random: random() };
            let Decision::Again { wait, after_timeout } = decide(&kind, &retries, known) else {
                return Err(kind);
            };
            // A wait that the call does not survive is none: the reason is told now.
            if running.remaining().is_some_and(|left| left <= wait) {
                return Err(kind);
            }
            let Some(cost) = client.bucket().pay(after_timeout) else { return Err(kind) };
            paid = cost;
            trail.again(wait);
            sleep(wait).await;
        }
    }
}

async fn attempt<O: Operation, D: Deliver<O>>(
    client: &Client,
    prepared: &mut Prepared,
    running: &mut OperationTimer,
    trail: &mut Trail,
) -> Result<D::Output, ErrorKind<O::Error>> {
    trail.answer = None;
    let mut permit = admitted(client, prepared, running).await?;
    // In a block of its own, so that what is done with here does not lie about until the answer is there.
    let (sending, credentials, span) = {
        let (request, credentials) = match ready::<O>(client, prepared, running).await {
            Ok(ready) => ready,
            Err(kind) => {
                permit.into_iter().for_each(QuotaPermit::release);
                return Err(kind);
            }
        };
        let span = span::attempt(client, &request, trail.attempts);
        let sending = span.in_scope(|| running.send(&*client.config().transport, request));
        (sending, credentials, span)
    };
    let sending = pin!(sending);
    trail.attempts += 1;
    let sent = async {
        let mut response = sending.await?;
        span::answered(&span, trail.answered(&response));
        if O::is_success(response.status()) {
            return D::deliver(response, trail, permit.take()).await;
        }
        let body = response.body_mut().read_to_end().await?;
        let refusal = refusal::<O>(response.map(|_| body));
        if refusal.says_expired() {
            prepared.expired(credentials.as_ref());
        }
        Err(refusal)
    };
    let sent = pin!(sent).instrument(span.clone()).await;
    if let Some(rate) = &client.config().adaptive_rate_limiter {
        rate.answered(sent.as_ref().is_err_and(is_throttled));
    }
    sent.inspect_err(|kind| {
        span::failed(&span, kind);
        if let Some(permit) = permit {
            permit.failed(class(kind));
        }
    })
}

/// Waits for what an attempt needs before it is sent: its turn, and credentials. Gives the request, and with what it was
/// signed.
async fn ready<O: Operation>(
    client: &Client,
    prepared: &mut Prepared,
    running: &mut OperationTimer,
) -> Result<(Request<RequestBody>, Option<Arc<LoadedCredentials>>), ErrorKind<O::Error>> {
    if let Some(rate) = &client.config().adaptive_rate_limiter {
        running.bound(rate.ready()).await?;
    }
    let (parts, authorization) = prepared.authorized::<O>(running).await?;
    let body = prepared.body().await?;
    Ok((Request::from_parts(parts, body), authorization.loaded))
}

/// Waits for the limits of the client, if it has any.
async fn admitted<E>(
    client: &Client,
    prepared: &mut Prepared,
    running: &OperationTimer,
) -> Result<Option<QuotaPermit>, ErrorKind<E>> {
    let Some(admission) = client.config().quota_limiter() else { return Ok(None) };
    let demand = if admission.counts_tokens() { prepared.demand().await? } else { TokenEstimate::default() };
    Ok(Some(running.bound(admission.admit(demand)).await??))
}

/// Whether the service says that it is asked too fast.
fn is_throttled<E: OperationError>(kind: &ErrorKind<E>) -> bool {
    let ErrorKind::Service { error, response } = kind else { return false };
    error.retryable() == Some(Retryable::Throttling)
        || status_of(error, response) == StatusCode::TOO_MANY_REQUESTS.as_u16()
}

/// The service's error: the modelled one, or what the answer said if its members cannot be read.
fn refusal<O: Operation>(response: Response<Bytes>) -> ErrorKind<O::Error> {
    let error = O::service_error(&response);
    ErrorKind::Service { error, response: response.into() }
}

/// Whether a refusal tells that this machine's clock is wrong, so that a signature with the right time may pass.
fn learns_the_time<E: OperationError>(client: &Client, kind: &ErrorKind<E>) -> bool {
    let ErrorKind::Service { error, response } = kind else { return false };
    client.skew().learn(error.code(), response.headers(), client.config().time_source.now())
}
