//! The interface of a store that several processes share.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use invoke_model_transport::BoxFuture;

use super::budget::BudgetUnit;
use super::error::QuotaStoreError;
use super::limits::{QuotaKey, QuotaLimit};

/// A store that counts the requests of a [`QuotaLimiter`](super::QuotaLimiter). Implement this trait to share
/// the limits in another way than with Redis.
///
/// The limiter checks the limits for values that never admit a request, and makes requests wait in arrival
/// order. The store decides about one request at a time of each limiter.
pub trait QuotaStore: fmt::Debug + Send + Sync + 'static {
    /// Decides if the limits of all keys admit a request. If one limit does not admit it, the request counts
    /// against no key.
    ///
    /// The store must decide or fail within a short time, for example with a timeout of its own. The limiter
    /// waits for the decision even if [`max_wait`](super::QuotaLimiterBuilder::max_wait) is zero. If the
    /// future is dropped, the request must not count.
    fn acquire(&self, request: QuotaRequest) -> BoxFuture<Result<QuotaDecision, QuotaStoreError>>;
}

impl<S: QuotaStore + ?Sized> QuotaStore for Arc<S> {
    fn acquire(&self, request: QuotaRequest) -> BoxFuture<Result<QuotaDecision, QuotaStoreError>> {
        (**self).acquire(request)
    }
}

/// A request that asks a [`QuotaStore`] for admission.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct QuotaRequest {
    /// The keys against which the request counts.
    pub keys: Arc<[QuotaKey]>,
    /// The number of tokens that the request reserves.
    pub tokens: u64,
    /// The cost that the request reserves, in billionths of the currency. It is 0 if no key has a budget in money.
    pub cost: u64,
}

impl QuotaRequest {
    /// Returns a request that reserves `tokens` and no cost.
    pub fn new(keys: Arc<[QuotaKey]>, tokens: u64) -> Self {
        Self { keys, tokens, cost: 0 }
    }

    /// Returns the amount that the request reserves of a budget.
    pub fn reserved(&self, unit: BudgetUnit) -> u64 {
        match unit {
            BudgetUnit::Tokens => self.tokens,
            BudgetUnit::Money => self.cost,
        }
    }
}

/// The decision of a [`QuotaStore`].
#[derive(Debug)]
#[non_exhaustive]
pub enum QuotaDecision {
    /// All limits admit the request.
    Admitted(QuotaReservation),
    /// A limit does not admit the request now.
    Blocked {
        /// The index of the key in [`QuotaRequest::keys`].
        key: usize,
        /// The limit of the key that blocks the request for the longest time.
        limit: QuotaLimit,
        /// The time after which the limiter asks again. The limiter asks earlier if one of its own requests
        /// ends.
        retry_after: Duration,
    },
    /// The budget of a key does not admit the request in this period. The request fails without waiting.
    OverBudget {
        /// The index of the key in [`QuotaRequest::keys`].
        key: usize,
        /// The used and reserved amount of the period.
        used: u64,
    },
}

/// An admitted request in a [`QuotaStore`]. If this value is dropped before [`end`](Self::end), the request
/// was not sent.
#[must_use = "a dropped reservation does not count"]
pub struct QuotaReservation(Option<Box<dyn FnOnce(QuotaOutcome) + Send + Sync>>);

impl QuotaReservation {
    /// Returns a reservation that calls `end` with the outcome of the request. `end` must not block, because
    /// async code calls it.
    pub fn new(end: impl FnOnce(QuotaOutcome) + Send + Sync + 'static) -> Self {
        Self(Some(Box::new(end)))
    }

    /// Ends the request.
    pub fn end(mut self, outcome: QuotaOutcome) {
        if let Some(end) = self.0.take() {
            end(outcome);
        }
    }
}

impl Drop for QuotaReservation {
    fn drop(&mut self) {
        if let Some(end) = self.0.take() {
            end(QuotaOutcome::NotSent);
        }
    }
}

impl fmt::Debug for QuotaReservation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("QuotaReservation").finish_non_exhaustive()
    }
}

/// The outcome of an admitted request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum QuotaOutcome {
    /// The request ended.
    Used {
        /// The number of used tokens.
        tokens: u64,
        /// The cost of the request, in billionths of the currency. It is 0 if no key has a budget in money.
        cost: u64,
    },
    /// The request was certainly not sent. It no longer counts.
    NotSent,
    /// The number of used tokens is unknown. The reservation remains.
    Unknown,
}
