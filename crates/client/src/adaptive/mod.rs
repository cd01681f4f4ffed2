//! The rate limiter of the adaptive retry mode. After a throttling error, it limits the request rate to the
//! rate that the service accepts.
//!
//! The AWS SDKs use the same algorithm:
//! <https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html>. Before the first throttling
//! error, requests do not wait. After that error, each request takes a token from a bucket. Each throttling
//! error reduces the fill rate of the bucket to 70 % of the measured rate or of the current fill rate,
//! whichever is lower. The fill rate then recovers along a CUBIC curve, up to twice the measured rate.

mod bucket;
mod cubic;
mod limiter;
#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{Instant, timeout};

use limiter::{Acquired, RateLimiter};

/// A client-side rate limiter that delays requests after the service has throttled a request. Clones share
/// the rate. Use one limiter for all clients that share a quota.
///
/// The client calls [`ready`](Self::ready) before each attempt, including retries. It calls
/// [`record_outcome`](Self::record_outcome) after each attempt. The limiter uses the clock of tokio.
///
/// ```
/// use invoke_model_client::{AdaptiveRateLimiter, Config};
///
/// let limiter = AdaptiveRateLimiter::new();
/// let config = Config::builder().region("us-east-1").adaptive_rate_limiter(limiter.clone());
/// # config.build().unwrap();
/// assert_eq!(limiter.limit(), None);
/// ```
#[derive(Clone)]
#[doc(alias("rate limit", "throttle", "adaptive"))]
pub struct AdaptiveRateLimiter(Arc<State>);

struct State {
    start: Instant,
    limiter: Mutex<RateLimiter>,
    /// A fair lock, so that requests get their tokens in arrival order. Only the task that holds the lock
    /// waits for a token.
    queue: tokio::sync::Mutex<()>,
    /// Notified after each change of the rate.
    rate_changed: Notify,
}

impl AdaptiveRateLimiter {
    /// Returns a limiter that does not delay requests before the first throttling error.
    pub fn new() -> Self {
        Self(Arc::new(State {
            start: Instant::now(),
            limiter: Mutex::new(RateLimiter::new()),
            queue: tokio::sync::Mutex::new(()),
            rate_changed: Notify::new(),
        }))
    }

    /// Waits until a request may be sent. Requests are admitted in arrival order.
    ///
    /// This function has no timeout. If the client calls it for an attempt, the operation timeout limits the
    /// wait. The function is cancel safe: a dropped future does not take a token.
    pub async fn ready(&self) {
        let _first = self.0.queue.lock().await;
        loop {
            let now = self.now();
            let acquired = self.limiter().acquire(now);
            match acquired {
                Acquired::Ready => return,
                // Try again after `time`, or earlier if the rate changes.
                Acquired::Wait(time) => drop(timeout(time, self.0.rate_changed.notified()).await),
            }
        }
    }

    /// Records the outcome of an attempt. `throttled` is `true` if the service responded with status 429 or
    /// with an error that the model marks as throttling.
    pub fn record_outcome(&self, throttled: bool) {
        let now = self.now();
        self.limiter().update(now, throttled);
        self.0.rate_changed.notify_one();
    }

    /// Returns the limit in attempts per second, or `None` before the first throttling error.
    pub fn limit(&self) -> Option<f64> {
        self.limiter().limit()
    }

    /// Returns the measured rate in attempts per second. The limiter measures the rate every half second, and
    /// smooths it.
    pub fn measured_rate(&self) -> f64 {
        self.limiter().measured_rate()
    }

    fn now(&self) -> Duration {
        self.0.start.elapsed()
    }

    fn limiter(&self) -> MutexGuard<'_, RateLimiter> {
        self.0.limiter.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for AdaptiveRateLimiter {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for AdaptiveRateLimiter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AdaptiveRateLimiter")
            .field("limit", &self.limit())
            .field("measured_rate", &self.measured_rate())
            .finish()
    }
}
