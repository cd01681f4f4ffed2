//! The rate limiter of the adaptive retry mode: after a throttle, requests are sent no faster than the
//! service accepts.
//!
//! The algorithm is that of the AWS SDKs:
//! <https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html>. Before the first throttle
//! nothing waits. From then on each request takes a token from a bucket. With each throttle its rate falls to
//! 70 % of the measured rate, and then recovers along a CUBIC curve, up to twice the measured rate.

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

/// Limits the rate of requests after the service has throttled. Clones share the rate: use one limiter for
/// all clients that share a quota.
///
/// The client calls [`ready`](Self::ready) before each attempt, including retries, and
/// [`record_outcome`](Self::record_outcome) after it. Uses the clock of tokio.
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
    /// A fair lock: its holder is next to be admitted, the others queue.
    queue: tokio::sync::Mutex<()>,
    /// Notified when the rate has changed.
    rate_changed: Notify,
}

impl AdaptiveRateLimiter {
    /// Creates a limiter that limits nothing until the first throttle.
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
    /// There is no maximum wait: the operation timeout of the call limits it. Cancel safe: if the future is
    /// dropped, no token is taken.
    pub async fn ready(&self) {
        let _first = self.0.queue.lock().await;
        loop {
            let now = self.now();
            let acquired = self.limiter().acquire(now);
            match acquired {
                Acquired::Ready => return,
                // Try again in either case: the time has come, or the rate has changed.
                Acquired::Wait(time) => drop(timeout(time, self.0.rate_changed.notified()).await),
            }
        }
    }

    /// Records the outcome of an attempt: throttled by the service (429, or an error that the model marks as
    /// throttling), or any other.
    pub fn record_outcome(&self, throttled: bool) {
        let now = self.now();
        self.limiter().update(now, throttled);
        self.0.rate_changed.notify_one();
    }

    /// Returns the limit in attempts per second; `None` before the first throttle.
    pub fn limit(&self) -> Option<f64> {
        self.limiter().limit()
    }

    /// Returns the measured rate in attempts per second, smoothed over half seconds.
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
