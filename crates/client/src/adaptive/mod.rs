//! The adaptive retry mode's part that is not in the standard one: after a throttle, requests are sent no faster than
//! the service has shown to take.
//!
//! As in the AWS SDKs: <https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html>. Until the first
//! throttle nothing waits. From then on each request takes a token from a bucket; its rate falls to seven tenths of the
//! measured one with each throttle and comes back along a CUBIC curve, never above twice what is measured.

mod bucket;
mod cubic;
mod limiter;
mod measured;
#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Mutex as Line, Notify};
use tokio::time::{Instant, timeout};

use limiter::{Acquired, RateLimiter};

/// A rate of requests that is learnt from throttles. Clones share it; so should all that share a quota.
///
/// [`ready`](Self::ready) stands before each attempt, first ones and retries, and [`answered`](Self::answered) after
/// each. The time is that of tokio's clock.
#[derive(Clone)]
pub struct AdaptiveRateLimiter(Arc<Shared>);

struct Shared {
    start: Instant,
    limiter: Mutex<RateLimiter>,
    /// Who holds it is the next to be let through; the others stand in line, first come, first served.
    line: Line<()>,
    /// The rate has changed since the next one was told how long to wait.
    changed: Notify,
}

impl AdaptiveRateLimiter {
    /// Nothing is limited until the first throttle.
    pub fn new() -> Self {
        Self(Arc::new(Shared {
            start: Instant::now(),
            limiter: Mutex::new(RateLimiter::new()),
            line: Line::new(()),
            changed: Notify::new(),
        }))
    }

    /// Waits until a request may be sent. Whoever came first goes first.
    ///
    /// The wait has no bound of its own: the deadline of the call bounds it. Dropping the future takes nothing.
    pub async fn ready(&self) {
        let _first = self.0.line.lock().await;
        loop {
            let now = self.now();
            let acquired = self.limiter().acquire(now);
            match acquired {
                Acquired::Ready => return,
                // Either way it asks again: time has passed, or the rate has changed.
                Acquired::Wait(time) => drop(timeout(time, self.0.changed.notified()).await),
            }
        }
    }

    /// An attempt has ended: throttled by the service (429, or an error that the model marks as throttling), or
    /// otherwise, well or not.
    pub fn answered(&self, throttled: bool) {
        let now = self.now();
        self.limiter().update(now, throttled);
        self.0.changed.notify_one();
    }

    /// Attempts a second that are let through; `None` before the first throttle.
    pub fn limit(&self) -> Option<f64> {
        self.limiter().limit()
    }

    /// Attempts a second that were answered, smoothed over half seconds.
    pub fn measured(&self) -> f64 {
        self.limiter().measured()
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
            .field("measured", &self.measured())
            .finish()
    }
}
