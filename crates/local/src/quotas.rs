//! How much may be asked of a model in a time.
//!
//! <https://docs.aws.amazon.com/bedrock/latest/userguide/quotas-token-burndown.html>

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use invoke_model_types::ThrottlingException;
use serde::Deserialize;
use tokio::time::Instant;

use crate::endpoint::Endpoint;

/// How much may be asked of each base model. What is used comes back evenly, by Tokio's clock; unused, there is never more
/// than the quota.
///
/// As the service does, a call takes its input and the most output that its body allows when it begins, and what it has
/// used in truth when it ends: then output counts as often as the model's burndown rate says, five times for Claude 3.7
/// and later. A call that does not fit is refused with `ThrottlingException`, and takes no tokens.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Quotas {
    /// Requests in a minute. Any number by default.
    pub requests_per_minute: Option<u64>,
    /// Tokens in a minute. Any number by default.
    pub tokens_per_minute: Option<u64>,
    /// Tokens in a day. Any number by default.
    pub tokens_per_day: Option<u64>,
}

/// What is left of the quotas of each model.
#[derive(Debug)]
pub(crate) struct Meters {
    quotas: Quotas,
    models: Mutex<BTreeMap<&'static str, Meter>>,
}

#[derive(Debug)]
struct Meter {
    requests: Option<Bucket>,
    tokens: Option<Bucket>,
    daily: Option<Bucket>,
}

/// Tokens that a call has taken, until it ends.
pub(crate) struct Reservation {
    endpoint: Arc<Endpoint>,
    model: &'static str,
    /// How many more were taken than were used.
    surplus: i128,
}

impl Meters {
    pub(crate) fn new(quotas: Quotas) -> Self {
        Self { quotas, models: Mutex::default() }
    }

    fn with<T>(&self, model: &'static str, then: impl FnOnce(&mut Meter) -> T) -> T {
        let mut models = self.models.lock().unwrap_or_else(PoisonError::into_inner);
        then(models.entry(model).or_insert_with(|| Meter::new(&self.quotas)))
    }

    fn is_empty(&self) -> bool {
        let Quotas { requests_per_minute, tokens_per_minute, tokens_per_day } = self.quotas;
        requests_per_minute.or(tokens_per_minute).or(tokens_per_day).is_none()
    }
}

impl Reservation {
    /// Takes what a call may need, where there is so much.
    pub(crate) fn take(
        endpoint: &Arc<Endpoint>,
        model: &'static str,
        most: u64,
        used: u64,
    ) -> Result<Option<Self>, ThrottlingException> {
        if endpoint.meters.is_empty() {
            return Ok(None);
        }
        endpoint.meters.with(model, |meter| meter.take(most, Instant::now()))?;
        let surplus = i128::from(most) - i128::from(used);
        Ok(Some(Self { endpoint: Arc::clone(endpoint), model, surplus }))
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        self.endpoint.meters.with(self.model, |meter| {
            for bucket in [&mut meter.tokens, &mut meter.daily].into_iter().flatten() {
                bucket.give(self.surplus);
            }
        });
    }
}

impl Meter {
    fn new(quotas: &Quotas) -> Self {
        const MINUTE: Duration = Duration::from_secs(60);
        const DAY: Duration = Duration::from_secs(24 * 60 * 60);
        Self {
            requests: quotas.requests_per_minute.map(|quota| Bucket::new(quota, MINUTE)),
            tokens: quotas.tokens_per_minute.map(|quota| Bucket::new(quota, MINUTE)),
            daily: quotas.tokens_per_day.map(|quota| Bucket::new(quota, DAY)),
        }
    }

    fn take(&mut self, tokens: u64, now: Instant) -> Result<(), ThrottlingException> {
        let buckets = [
            (&mut self.requests, 1, "Too many requests, please wait before trying again."),
            (&mut self.daily, tokens, "Too many tokens per day, please wait before trying again."),
            (&mut self.tokens, tokens, "Too many tokens, please wait before trying again."),
        ];
        let mut asked = buckets.map(|(bucket, amount, words)| (bucket.as_mut(), amount, words));
        for (bucket, amount, words) in &mut asked {
            if bucket.as_mut().is_some_and(|bucket| bucket.at(now) < i128::from(*amount)) {
                let mut error = ThrottlingException::default();
                error.message = Some((*words).to_owned());
                return Err(error);
            }
        }
        for (bucket, amount, _) in &mut asked {
            if let Some(bucket) = bucket {
                bucket.give(-i128::from(*amount));
            }
        }
        Ok(())
    }
}

/// What is left of one quota.
#[derive(Debug)]
struct Bucket {
    quota: u64,
    window: Duration,
    /// In parts of which a window has as many as nanoseconds, so that nothing is rounded. Below zero after a call that used
    /// more than it took.
    left: i128,
    at: Option<Instant>,
}

impl Bucket {
    fn new(quota: u64, window: Duration) -> Self {
        let mut bucket = Self { quota, window, left: 0, at: None };
        bucket.left = bucket.parts(quota.into());
        bucket
    }

    /// How much is left at a time.
    fn at(&mut self, now: Instant) -> i128 {
        let since = self.at.replace(now).map_or(Duration::ZERO, |before| now.duration_since(before));
        let elapsed = i128::try_from(since.as_nanos()).unwrap_or(i128::MAX);
        let back = elapsed.saturating_mul(self.quota.into());
        self.left = self.left.saturating_add(back);
        self.give(0);
        self.left / self.parts(1)
    }

    /// Gives back, or takes where it is less than zero.
    fn give(&mut self, amount: i128) {
        let full = self.parts(self.quota.into());
        self.left = self.left.saturating_add(self.parts(amount)).min(full);
    }

    fn parts(&self, amount: i128) -> i128 {
        amount.saturating_mul(i128::try_from(self.window.as_nanos()).unwrap_or(i128::MAX))
    }
}
