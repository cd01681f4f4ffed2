//! Sends a call to the next of several targets if a target cannot process it.

mod breaker;
mod delivery;
mod error;
mod report;
mod rules;
mod run;
mod target;
#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::Arc;

use invoke_model_protocol::{Operation, PayloadOutput};
use tokio::time::Instant;

pub use breaker::{CircuitBreakerConfig, CircuitState};
pub use error::FailoverError;
pub use target::{FailoverTarget, OtherTarget, OtherTargetReason, TargetStatus};

pub(crate) use delivery::FailoverDelivery;
pub(crate) use rules::FailoverRules;
pub(crate) use target::FailedTargets;

use breaker::CircuitBreaker;

use crate::call::{Call, CallOutput, Chunks, StreamingBodyOutput};
use crate::client::Client;
use crate::error::Error;
use crate::metadata::Metadata;

/// An ordered list of targets, such as regions or models. A call goes to the first target. If this target
/// cannot process the call, and has not worked on it, the call moves to the next target. Clones share the
/// circuit breakers of the targets.
///
/// ```no_run
/// use invoke_model_client::{Client, ConfigBuilder, Error, Failover, FailoverTarget};
///
/// # async fn run() -> Result<(), Box<dyn std::error::Error>> {
/// let virginia = Client::new(ConfigBuilder::from_env().region("us-east-1"))?;
/// let oregon = Client::new(ConfigBuilder::from_env().region("us-west-2"))?;
/// let failover = Failover::builder()
///     .target(FailoverTarget::new("virginia", virginia.clone()))
///     .target(FailoverTarget::new("oregon", oregon.clone()))
///     .target(FailoverTarget::new("oregon, small model", oregon).model_id("us.amazon.nova-lite-v1:0"))
///     .build()?;
///
/// let call = failover.client().converse().model_id("us.amazon.nova-pro-v1:0");
/// let answer = failover.send(call).await?;
/// println!("{} answered: {:?}", answer.target, answer.output.output);
/// # Ok(())
/// # }
/// ```
///
/// # Failures after which a call moves on
///
/// | failure | moves on |
/// |---|---|
/// | not sent: no connection, no credentials, the [`QuotaLimiter`](crate::QuotaLimiter) of the target | yes |
/// | not sent: an invalid input, body file or header, or an expired operation timeout | no, because the next target would fail too |
/// | throttled (429), unavailable (503 of the service), model not ready, exhausted quota of the account | yes |
/// | 401 or 403 | only with [`on_access_denied`](FailoverBuilder::on_access_denied) |
/// | other 4xx, such as an invalid request | no |
/// | internal failure of the service (500) | only with [`on_server_error`](FailoverBuilder::on_server_error) |
/// | ambiguous: the service may have executed, and billed, the request | only with [`on_ambiguous`](FailoverBuilder::on_ambiguous) |
///
/// With the defaults, at most one target works on a call.
///
/// A call to an event stream moves on only before its first event, and a call with
/// [`send_streaming`](Self::send_streaming) only before its first chunk. A bidirectional call moves on only
/// before the head of its request was sent, that is, before the caller has sent an event.
///
/// # Retries and timeouts
///
/// The retries of a target come first, except after the failures in the table after which the call moves on:
/// for those, a target has only one attempt while another target is available, because the other target can
/// respond without a backoff. The last available target has all attempts of its
/// [`RetryConfig`](crate::RetryConfig).
///
/// The [operation timeout](crate::TimeoutConfig::operation) of the first call covers all targets.
///
/// # Circuit breakers
///
/// Each target has a [circuit breaker](CircuitBreakerConfig). It counts the failures after which a call moves
/// on, and also server errors and ambiguous failures that a later call may not have. It does not count failures
/// of the quota limiter. A call skips targets whose breaker is open. If no breaker admits a call, the call goes
/// to the target whose breaker will be half-open first. A bidirectional call counts at its first event, or when it
/// fails before.
///
/// # Errors
///
/// The error of a call is the error of the last target that was tried. [`Error::target`] names it, and
/// [`Error::other_targets`] and the text of the error contain the other targets. [`Error::as_service_error`] and
/// [`ServiceError::downcast_ref`](crate::ServiceError::downcast_ref) return the error of the operation.
#[derive(Clone)]
#[doc(alias("fallback", "router", "circuit breaker", "region", "target"))]
pub struct Failover(Arc<Inner>);

struct Inner {
    entries: Vec<Entry>,
    rules: FailoverRules,
}

/// A target and its circuit breaker.
struct Entry {
    target: FailoverTarget,
    breaker: CircuitBreaker,
}

/// The output of a call through a [`Failover`].
#[derive(Debug)]
#[non_exhaustive]
pub struct FailoverOutput<T> {
    /// The output of the call.
    pub output: T,
    /// The metadata of the call to the target that answered. For an event stream, the metadata at the first
    /// event: [`EventReceiver::metadata`](crate::EventReceiver::metadata) returns the metadata at its end.
    pub metadata: Metadata,
    /// The name of the target that answered.
    pub target: String,
    /// The targets before it that failed or were skipped, in the order of the list.
    pub other_targets: Vec<OtherTarget>,
}

impl<T> FailoverOutput<T> {
    /// Converts the output, and keeps everything else.
    pub(crate) fn map<U>(self, convert: impl FnOnce(T) -> U) -> FailoverOutput<U> {
        let Self { output, metadata, target, other_targets } = self;
        FailoverOutput { output: convert(output), metadata, target, other_targets }
    }
}

impl Failover {
    /// Returns a builder without targets.
    pub fn builder() -> FailoverBuilder {
        FailoverBuilder::default()
    }

    /// Returns the client of the first target. Create calls with it.
    pub fn client(&self) -> &Client {
        // The builder rejects an empty list.
        &self.0.entries[0].target.client
    }

    /// Returns the current state of each target.
    pub fn status(&self) -> Vec<TargetStatus> {
        let now = Instant::now();
        let status = |entry: &Entry| TargetStatus {
            name: entry.target.name.clone(),
            state: entry.breaker.circuit_state(now),
            last_failure: entry.breaker.last_failure(),
        };
        self.0.entries.iter().map(status).collect()
    }

    /// Sends the call to the first target that can process it, and returns its output. For an event stream,
    /// returns when the first event has arrived.
    ///
    /// A client of any target can create the call. Each target gets a copy of the call, with its own region,
    /// endpoint, credentials, timeouts and retries. Timeouts, retries, credentials and bearer tokens that were
    /// set on the call apply to all targets. A timeout or retry configuration of the call that is equal to the
    /// one of its client counts as not set.
    ///
    /// # Errors
    /// Returns the error of the last target that was tried: see [`Failover`](Self#errors).
    pub async fn send<O>(&self, call: Call<O>) -> Result<FailoverOutput<CallOutput<O>>, Error>
    where
        O: Operation,
        O::Input: Clone,
        O::Delivery: FailoverDelivery<O>,
    {
        self.run::<O, O::Delivery>(move |target| call.for_client(&target.client)).await
    }

    /// Sends the call that `build` returns for a target, like [`send`](Self::send). Use this function if the
    /// bodies of the targets differ, for example because the models have different schemas.
    ///
    /// ```no_run
    /// use invoke_model_client::{Error, Failover};
    ///
    /// # async fn run(failover: Failover) -> Result<(), Error> {
    /// let answer = failover
    ///     .send_with(|target| match target.name.as_str() {
    ///         "llama" => target.client.invoke_model().body(r#"{"prompt":"hi"}"#),
    ///         _ => target.client.invoke_model().body(r#"{"messages":[{"role":"user","content":[{"text":"hi"}]}]}"#),
    ///     })
    ///     .await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// The call must use the client of the target. The failover sets the model id of the target, if the target
    /// has one.
    ///
    /// # Errors
    /// Returns the same errors as [`send`](Self::send).
    pub async fn send_with<O, F>(&self, build: F) -> Result<FailoverOutput<CallOutput<O>>, Error>
    where
        O: Operation,
        O::Delivery: FailoverDelivery<O>,
        F: FnMut(&FailoverTarget) -> Call<O>,
    {
        self.run::<O, O::Delivery>(build).await
    }

    /// Sends the call like [`send`](Self::send), but returns when the first chunk of the payload has arrived.
    /// The caller then reads the payload in chunks.
    ///
    /// # Errors
    /// Returns the same errors as [`send`](Self::send).
    pub async fn send_streaming<O>(
        &self,
        call: Call<O>,
    ) -> Result<FailoverOutput<StreamingBodyOutput<O::Output>>, Error>
    where
        O: PayloadOutput,
        O::Input: Clone,
    {
        self.run::<O, Chunks>(move |target| call.for_client(&target.client)).await
    }

    /// Sends the call that `build` returns for a target, like [`send_with`](Self::send_with), but returns when the
    /// first chunk of the payload has arrived.
    ///
    /// # Errors
    /// Returns the same errors as [`send`](Self::send).
    pub async fn send_streaming_with<O, F>(
        &self,
        build: F,
    ) -> Result<FailoverOutput<StreamingBodyOutput<O::Output>>, Error>
    where
        O: PayloadOutput,
        F: FnMut(&FailoverTarget) -> Call<O>,
    {
        self.run::<O, Chunks>(build).await
    }
}

impl fmt::Debug for Failover {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Failover").field("targets", &self.status()).field("rules", &self.0.rules).finish()
    }
}

/// A builder of a [`Failover`].
#[derive(Clone, Debug)]
#[must_use = "the builder does nothing until `build` is called"]
pub struct FailoverBuilder {
    targets: Vec<FailoverTarget>,
    breaker: CircuitBreakerConfig,
    rules: FailoverRules,
}

impl Default for FailoverBuilder {
    fn default() -> Self {
        Self { targets: Vec::new(), breaker: CircuitBreakerConfig::default(), rules: FailoverRules::DEFAULT }
    }
}

impl FailoverBuilder {
    /// Appends a target to the list. Calls try the targets in this order.
    pub fn target(mut self, target: FailoverTarget) -> Self {
        self.targets.push(target);
        self
    }

    /// Sets the configuration of the circuit breaker of each target.
    pub fn circuit_breaker(self, breaker: CircuitBreakerConfig) -> Self {
        Self { breaker, ..self }
    }

    /// Sets the maximum number of attempts on a target before a call moves to another available target. The
    /// retry configuration of the target still limits the attempts. Default: 1.
    pub fn max_attempts_per_target(mut self, attempts: u32) -> Self {
        self.rules.max_attempts = attempts;
        self
    }

    /// Moves on if a target rejects the caller with the status 401 or 403. Default: `false`, because a missing
    /// permission would otherwise stay hidden while the next target answers. Set it if some targets may lack the
    /// access to the model.
    pub fn on_access_denied(mut self, yes: bool) -> Self {
        self.rules.on_access_denied = yes;
        self
    }

    /// Moves on if the service reports an internal failure
    /// ([`ServerError`](crate::FailureClass::ServerError)), after the retries of the target. Default: `false`.
    /// The first target may have done a part of the work before it failed.
    pub fn on_server_error(mut self, yes: bool) -> Self {
        self.rules.on_server_error = yes;
        self
    }

    /// Moves on after an [ambiguous](crate::FailureClass::Ambiguous) failure, such as a lost connection, or an
    /// error of an event stream before its first event. Default: `false`. **The work of the call may then be
    /// executed and billed by two targets.** An idempotency token does not prevent this, because targets do not
    /// share tokens.
    pub fn on_ambiguous(mut self, yes: bool) -> Self {
        self.rules.on_ambiguous = yes;
        self
    }

    /// Creates the failover.
    ///
    /// # Errors
    /// Returns a [`FailoverError`] if the list is empty, if a name is empty or occurs twice, or if a target is
    /// equal to an earlier target.
    pub fn build(self) -> Result<Failover, FailoverError> {
        if self.targets.is_empty() {
            return Err(FailoverError::NoTargets);
        }
        for (index, target) in self.targets.iter().enumerate() {
            check(target, index, &self.targets[..index])?;
        }
        let entry = |target| Entry { target, breaker: CircuitBreaker::new(self.breaker) };
        let entries = self.targets.into_iter().map(entry).collect();
        Ok(Failover(Arc::new(Inner { entries, rules: self.rules })))
    }
}

/// Compares a target with the earlier targets.
fn check(target: &FailoverTarget, index: usize, earlier: &[FailoverTarget]) -> Result<(), FailoverError> {
    if target.name.is_empty() {
        return Err(FailoverError::EmptyName { position: index + 1 });
    }
    let name = target.name.clone();
    if earlier.iter().any(|earlier| earlier.name == name) {
        return Err(FailoverError::DuplicateName { name });
    }
    let Some(same) = earlier.iter().find(|earlier| earlier.is_same(target)) else { return Ok(()) };
    let config = target.client.config();
    Err(FailoverError::DuplicateTarget {
        name,
        earlier: same.name.clone(),
        endpoint: config.endpoint_url(),
        region: config.region().map(str::to_owned),
        model_id: target.model_id.clone(),
    })
}
