//! Quotas of requests and tokens for each model.
//!
//! <https://docs.aws.amazon.com/bedrock/latest/userguide/quotas-token-burndown.html>

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use invoke_model_types::ThrottlingException;
use serde::{Deserialize, Serialize};
use tokio::time::Instant;

/// Quotas of each base model. A used quota is refilled at a constant rate. The refill uses Tokio's clock.
///
/// Quotas work as in the service. When a call starts, it reserves its input tokens and the maximum number of
/// output tokens that its body allows. When the call ends, the reservation is replaced by the tokens that
/// the call used. Used output tokens are multiplied by the burndown rate of the model. The rate is 5 for
/// Claude 3.7 and later, and 1 for other models. A call that exceeds a quota fails with
/// `ThrottlingException` and uses no tokens.
#[doc(alias = "rate limit")]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Quotas {
    /// Requests per minute. Unlimited by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub requests_per_minute: Option<u64>,
    /// Tokens per minute. Unlimited by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tokens_per_minute: Option<u64>,
    /// Tokens per day. Unlimited by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tokens_per_day: Option<u64>,
}

/// The remaining quota of each model.
#[derive(Debug)]
pub(crate) struct QuotaMeters(Mutex<Meters>);

#[derive(Debug)]
struct Meters {
    quotas: Quotas,
    models: BTreeMap<&'static str, QuotaMeter>,
}

#[derive(Debug)]
struct QuotaMeter {
    requests: Option<Bucket>,
    tokens: Option<Bucket>,
    daily_tokens: Option<Bucket>,
}

/// Tokens that a call has reserved. When this value is dropped, the reservation is replaced by the tokens
/// that the call used.
pub(crate) struct Reservation {
    meters: Arc<QuotaMeters>,
    model: &'static str,
    /// Reserved tokens minus used tokens.
    surplus: i128,
}

impl QuotaMeters {
    pub(crate) fn new(quotas: Quotas) -> Self {
        Self(Mutex::new(Meters { quotas, models: BTreeMap::new() }))
    }

    pub(crate) fn quotas(&self) -> Quotas {
        self.lock().quotas
    }

    /// Replaces the quotas. The new quotas are unused.
    pub(crate) fn replace(&self, quotas: Quotas) {
        *self.lock() = Meters { quotas, models: BTreeMap::new() };
    }

    /// Reserves the tokens that a call may use. Returns `None` if there are no quotas.
    pub(crate) fn reserve(
        self: &Arc<Self>,
        model: &'static str,
        max_tokens: u64,
        used_tokens: u64,
    ) -> Result<Option<Reservation>, ThrottlingException> {
        if self.is_unlimited() {
            return Ok(None);
        }
        self.with(model, |meter| meter.take(max_tokens, Instant::now()))?;
        let surplus = i128::from(max_tokens) - i128::from(used_tokens);
        Ok(Some(Reservation { meters: Arc::clone(self), model, surplus }))
    }

    fn with<T>(&self, model: &'static str, then: impl FnOnce(&mut QuotaMeter) -> T) -> T {
        let Meters { quotas, models } = &mut *self.lock();
        then(models.entry(model).or_insert_with(|| QuotaMeter::new(quotas)))
    }

    fn is_unlimited(&self) -> bool {
        let Quotas { requests_per_minute, tokens_per_minute, tokens_per_day } = self.quotas();
        requests_per_minute.or(tokens_per_minute).or(tokens_per_day).is_none()
    }

    fn lock(&self) -> MutexGuard<'_, Meters> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        self.meters.with(self.model, |meter| {
            for bucket in [&mut meter.tokens, &mut meter.daily_tokens].into_iter().flatten() {
                bucket.give(self.surplus);
            }
        });
    }
}

impl QuotaMeter {
    fn new(quotas: &Quotas) -> Self {
        const MINUTE: Duration = Duration::from_secs(60);
        const DAY: Duration = Duration::from_secs(24 * 60 * 60);
        Self {
            requests: quotas.requests_per_minute.map(|quota| Bucket::new(quota, MINUTE)),
            tokens: quotas.tokens_per_minute.map(|quota| Bucket::new(quota, MINUTE)),
            daily_tokens: quotas.tokens_per_day.map(|quota| Bucket::new(quota, DAY)),
        }
    }

    /// Takes a request and its tokens from all quotas. If a quota is exceeded, returns an error and does not
    /// change the quotas.
    fn take(&mut self, tokens: u64, now: Instant) -> Result<(), ThrottlingException> {
        let buckets = [
            (&mut self.requests, 1, "Too many requests, please wait before trying again."),
            (&mut self.daily_tokens, tokens, "Too many tokens per day, please wait before trying again."),
            (&mut self.tokens, tokens, "Too many tokens, please wait before trying again."),
        ];
        let mut charges = buckets.map(|(bucket, amount, message)| (bucket.as_mut(), amount, message));
        for (bucket, amount, message) in &mut charges {
            if bucket.as_mut().is_some_and(|bucket| bucket.available(now) < i128::from(*amount)) {
                let mut error = ThrottlingException::default();
                error.message = Some((*message).to_owned());
                return Err(error);
            }
        }
        for (bucket, amount, _) in &mut charges {
            if let Some(bucket) = bucket {
                bucket.give(-i128::from(*amount));
            }
        }
        Ok(())
    }
}

/// The token bucket of one quota.
#[derive(Debug)]
struct Bucket {
    quota: u64,
    window: Duration,
    /// The remaining amount, multiplied by the window in nanoseconds. This scale makes the refill exact. The
    /// amount can be negative after a call that used more tokens than it had reserved.
    remaining: i128,
    updated: Option<Instant>,
}

impl Bucket {
    fn new(quota: u64, window: Duration) -> Self {
        let mut bucket = Self { quota, window, remaining: 0, updated: None };
        bucket.remaining = bucket.scaled(quota.into());
        bucket
    }

    /// Refills the bucket and returns the amount that is available.
    fn available(&mut self, now: Instant) -> i128 {
        let since = self.updated.replace(now).map_or(Duration::ZERO, |before| now.duration_since(before));
        let elapsed = i128::try_from(since.as_nanos()).unwrap_or(i128::MAX);
        let refill = elapsed.saturating_mul(self.quota.into());
        self.remaining = self.remaining.saturating_add(refill);
        self.give(0);
        self.remaining / self.scaled(1)
    }

    /// Adds an amount, up to the quota. A negative amount is taken from the bucket.
    fn give(&mut self, amount: i128) {
        let full = self.scaled(self.quota.into());
        self.remaining = self.remaining.saturating_add(self.scaled(amount)).min(full);
    }

    fn scaled(&self, amount: i128) -> i128 {
        amount.saturating_mul(i128::try_from(self.window.as_nanos()).unwrap_or(i128::MAX))
    }
}
