//! Limits on what is sent, kept before it is sent: calls at a time, requests and tokens in a minute.

mod builder;
mod error;
mod estimate;
mod ledger;
mod limits;
mod permit;
mod stated;
#[cfg(test)]
mod tests;
mod token_estimate;
mod usage;

use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Mutex as Line, Notify};
use tokio::time::{Instant, timeout};

pub use builder::QuotaLimiterBuilder;
pub use error::QuotaError;
pub use limits::QuotaLimit;
pub use permit::QuotaPermit;
pub use token_estimate::TokenEstimate;

use ledger::{Blocked, Ledger};
use limits::Limits;

/// Limits that hold before a request is sent. Clones share them; give one to all clients that share a quota.
///
/// Each attempt asks for a [`QuotaPermit`] with its [`TokenEstimate`]. Whoever came first goes first: a call that needs much is not
/// overtaken by calls that need little. What is counted in a minute is counted in any 60 seconds, wherever they begin.
///
/// The time is that of tokio's clock.
#[derive(Clone)]
pub struct QuotaLimiter(Arc<Shared>);

struct Shared {
    limits: Limits,
    output_token_weight: u32,
    default_output_tokens: u64,
    max_wait: Duration,
    ledger: Mutex<Ledger>,
    /// Who holds it is the next to be admitted; the others stand in line behind.
    line: Line<()>,
    /// Calls that stand in line, the first one too.
    waiting: AtomicUsize,
    /// A permit has ended since the first in line looked.
    changed: Notify,
}

/// What an [`QuotaLimiter`] has let through.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct QuotaUsage {
    /// Permits that are held.
    pub in_flight: u32,
    /// Calls that wait for one.
    pub waiting: usize,
    /// Requests of the last minute; 0 if no limit is per minute.
    pub requests: usize,
    /// Tokens of the last minute, reserved or used; 0 if no limit is per minute.
    pub tokens: u64,
}

impl QuotaLimiter {
    /// No limits, until they are set.
    pub fn builder() -> QuotaLimiterBuilder {
        QuotaLimiterBuilder::default()
    }

    /// Waits until a request with this demand may be sent. Dropping the future leaves the line, and takes nothing.
    ///
    /// # Errors
    /// At once for what is never admitted, else after [`max_wait`](QuotaLimiterBuilder::max_wait). Nothing was sent.
    pub async fn admit(&self, demand: TokenEstimate) -> Result<QuotaPermit, QuotaError> {
        let input = demand.input_tokens;
        let output = demand.max_output_tokens.unwrap_or(self.0.default_output_tokens);
        self.0.limits.check(input, output)?;
        let waiting = Waiting::new(&self.0.waiting);
        let admitted = timeout(self.0.max_wait, self.first_in_line(input.saturating_add(output))).await;
        drop(waiting);
        admitted.map_err(|_| QuotaError::TimedOut {
            waited: self.0.max_wait,
            limit: self.0.ledger().held_up_by(),
            others: self.0.waiting.load(Ordering::Relaxed),
        })
    }

    /// Whether tokens are limited, so that the [`TokenEstimate`] of a body makes a difference.
    pub fn counts_tokens(&self) -> bool {
        self.0.limits.tokens.is_some()
    }

    /// What is let through now.
    pub fn load(&self) -> QuotaUsage {
        let mut ledger = self.0.ledger();
        ledger.forget(Instant::now());
        QuotaUsage {
            in_flight: ledger.in_flight(),
            waiting: self.0.waiting.load(Ordering::Relaxed),
            requests: ledger.requests(),
            tokens: ledger.tokens(),
        }
    }

    /// Stands in line, and asks until there is room. The permit is made in the same step as the entry, so that a future
    /// that is dropped has either both or none.
    async fn first_in_line(&self, reserved: u64) -> QuotaPermit {
        let _first = self.0.line.lock().await;
        loop {
            let entered = self.0.ledger().enter(Instant::now(), reserved);
            match entered {
                Ok(entry) => return QuotaPermit::new(self.0.clone(), entry, reserved),
                Err(Blocked { until: Some(until), .. }) => {
                    // Either way it asks again: time has passed, or a permit has ended.
                    drop(tokio::time::timeout_at(until, self.0.changed.notified()).await);
                }
                Err(Blocked { until: None, .. }) => self.0.changed.notified().await,
            }
        }
    }
}

impl Shared {
    fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for QuotaLimiter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("QuotaLimiter")
            .field("max_concurrency", &self.0.limits.concurrency)
            .field("requests_per_minute", &self.0.limits.requests)
            .field("tokens_per_minute", &self.0.limits.tokens)
            .field("output_token_weight", &self.0.output_token_weight)
            .field("default_output_tokens", &self.0.default_output_tokens)
            .field("max_wait", &self.0.max_wait)
            .field("load", &self.load())
            .finish()
    }
}

/// Counts a call that stands in line, until it is dropped.
struct Waiting<'a>(&'a AtomicUsize);

impl<'a> Waiting<'a> {
    fn new(count: &'a AtomicUsize) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(count)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
