//! Client-side limits for concurrent requests, requests per minute and tokens per minute.

mod builder;
mod error;
mod limits;
mod permit;
#[cfg(test)]
mod tests;
mod window;

use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use invoke_model_families::TokenEstimate;
use tokio::sync::Notify;
use tokio::time::{Instant, timeout, timeout_at};

pub use builder::QuotaLimiterBuilder;
pub use error::QuotaError;
pub use limits::QuotaLimit;
pub use permit::QuotaPermit;

use limits::QuotaLimits;
use window::{Blocked, SlidingWindow};

/// A limiter that delays requests before they are sent, so that the service does not throttle them. Clones
/// share the limits. Use one limiter for all clients that share a quota.
///
/// ```
/// use std::time::Duration;
///
/// use invoke_model_client::{Config, QuotaLimiter};
///
/// let limiter = QuotaLimiter::builder()
///     .max_concurrency(16)
///     .requests_per_minute(200)
///     .tokens_per_minute(400_000)
///     .max_wait(Duration::from_secs(30))
///     .build();
/// let config = Config::builder().region("us-east-1").quota_limiter(limiter.clone());
/// # config.build().unwrap();
/// assert_eq!(limiter.usage().requests, 0);
/// ```
///
/// Each attempt of a call acquires a [`QuotaPermit`] for its [`TokenEstimate`]. Requests are admitted in
/// arrival order, so that small requests do not starve a large request. Per-minute limits apply to every
/// sliding 60-second window.
///
/// The limiter uses the clock of tokio.
#[derive(Clone)]
#[doc(alias("rate limit", "throttle", "semaphore", "quota"))]
pub struct QuotaLimiter(Arc<State>);

struct State {
    limits: QuotaLimits,
    output_token_weight: u32,
    default_output_tokens: u64,
    max_wait: Duration,
    window: Mutex<SlidingWindow>,
    /// A fair lock. The request that holds the lock is admitted next. All other requests wait for the lock.
    queue: tokio::sync::Mutex<()>,
    /// The number of requests in the queue, including the holder of the lock.
    waiting: AtomicUsize,
    /// Notified when a request has ended.
    request_ended: Notify,
    /// The name in the metrics.
    #[cfg(feature = "opentelemetry")]
    name: Arc<str>,
    /// `true` if the metrics contain this limiter.
    #[cfg(feature = "opentelemetry")]
    is_observed: std::sync::atomic::AtomicBool,
}

/// The current usage of a [`QuotaLimiter`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct QuotaUsage {
    /// The number of requests in flight. It is equal to the number of current permits.
    pub in_flight: u32,
    /// The number of requests that wait for a permit.
    pub waiting: usize,
    /// The number of requests in the last minute, or 0 if there is no per-minute limit.
    pub requests: usize,
    /// The number of reserved or used tokens in the last minute, or 0 if there is no per-minute limit.
    pub tokens: u64,
}

impl QuotaLimiter {
    /// Returns a builder without limits.
    pub fn builder() -> QuotaLimiterBuilder {
        QuotaLimiterBuilder::default()
    }

    /// Waits until a request with this estimate may be sent. Cancel safe: if the future is dropped, the
    /// request leaves the queue and does not count against the limits.
    ///
    /// # Errors
    /// Returns an error immediately if the limits can never admit the request. Otherwise, returns an error if
    /// the request is not admitted within [`max_wait`](QuotaLimiterBuilder::max_wait).
    pub async fn acquire(&self, estimate: TokenEstimate) -> Result<QuotaPermit, QuotaError> {
        let input = estimate.input_tokens;
        let output = estimate.max_output_tokens.unwrap_or(self.0.default_output_tokens);
        self.0.limits.check(input, output)?;
        let waiting = WaitingGuard::new(&self.0.waiting);
        let permit = timeout(self.0.max_wait, self.acquire_in_order(input.saturating_add(output))).await;
        drop(waiting);
        permit.map_err(|_| QuotaError::TimedOut {
            waited: self.0.max_wait,
            limit: self.0.window().blocked_by(),
            waiting: self.0.waiting.load(Ordering::Relaxed),
        })
    }

    /// Returns `true` if tokens are limited. In this case, [`acquire`](Self::acquire) needs the
    /// [`TokenEstimate`] of the body. Otherwise, a default estimate is sufficient.
    pub fn limits_tokens(&self) -> bool {
        self.0.limits.tokens.is_some()
    }

    /// Returns the current usage.
    pub fn usage(&self) -> QuotaUsage {
        let mut window = self.0.window();
        window.remove_expired(Instant::now());
        QuotaUsage {
            in_flight: window.in_flight(),
            waiting: self.0.waiting.load(Ordering::Relaxed),
            requests: window.requests(),
            tokens: window.tokens(),
        }
    }

    /// Waits for the previous requests in the queue. Then waits until the limits admit the request.
    ///
    /// There is no await point between the reservation and the creation of the permit. Therefore a dropped
    /// future never leaves a reservation without a permit.
    async fn acquire_in_order(&self, tokens: u64) -> QuotaPermit {
        let _first = self.0.queue.lock().await;
        loop {
            let admitted = self.0.window().try_admit(Instant::now(), tokens);
            match admitted {
                Ok(id) => return QuotaPermit::new(self.0.clone(), id, tokens),
                Err(Blocked { until: Some(until), .. }) => {
                    // Try again at this time, or earlier if a request ends.
                    drop(timeout_at(until, self.0.request_ended.notified()).await);
                }
                Err(Blocked { until: None, .. }) => self.0.request_ended.notified().await,
            }
        }
    }
}

#[cfg(feature = "opentelemetry")]
impl QuotaLimiter {
    /// Returns the name of the limiter in the metrics.
    pub(crate) fn name(&self) -> &str {
        &self.0.name
    }

    /// Returns `true` if no other client has added this limiter to its metrics. A provider of metrics keeps a
    /// gauge forever, so each client that shares the limiter must not add another gauge.
    pub(crate) fn mark_observed(&self) -> bool {
        !self.0.is_observed.swap(true, Ordering::Relaxed)
    }

    pub(crate) fn downgrade(&self) -> WeakQuotaLimiter {
        WeakQuotaLimiter(Arc::downgrade(&self.0))
    }
}

/// A reference that does not keep the limiter alive.
#[cfg(feature = "opentelemetry")]
pub(crate) struct WeakQuotaLimiter(std::sync::Weak<State>);

#[cfg(feature = "opentelemetry")]
impl WeakQuotaLimiter {
    pub(crate) fn upgrade(&self) -> Option<QuotaLimiter> {
        self.0.upgrade().map(QuotaLimiter)
    }
}

impl State {
    fn window(&self) -> MutexGuard<'_, SlidingWindow> {
        self.window.lock().unwrap_or_else(PoisonError::into_inner)
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
            .field("usage", &self.usage())
            .finish()
    }
}

/// A guard that counts a request in the queue. Dropping this guard removes the request from the count.
struct WaitingGuard<'a>(&'a AtomicUsize);

impl<'a> WaitingGuard<'a> {
    fn new(count: &'a AtomicUsize) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(count)
    }
}

impl Drop for WaitingGuard<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
