//! Client-side limits for concurrent requests, requests per minute and tokens per minute, and budgets.

mod budget;
mod builder;
mod error;
mod fallback;
mod limits;
mod memory;
mod permit;
mod prices;
#[cfg(feature = "redis")]
mod redis;
mod store;
mod tagged;
#[cfg(test)]
mod tests;
mod window;

use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use invoke_model_families::TokenEstimate;
use tokio::sync::Notify;
use tokio::sync::futures::Notified;
use tokio::time::{Instant, timeout_at};

#[cfg(feature = "redis")]
pub use self::redis::{RedisQuotaStore, RedisQuotaStoreBuilder};
pub use budget::{Budget, BudgetPeriod, BudgetUnit};
pub use builder::QuotaLimiterBuilder;
pub use error::{QuotaError, QuotaStoreError};
pub use fallback::FallbackQuotaStore;
pub use limits::{QuotaKey, QuotaLimit, QuotaLimits};
pub use memory::MemoryQuotaStore;
pub use permit::QuotaPermit;
pub use prices::{PriceTable, PriceTableError};
pub use store::{QuotaDecision, QuotaOutcome, QuotaRequest, QuotaReservation, QuotaStore};

use memory::NotAdmitted;
use permit::Reservation;
use prices::Price;
use tagged::{TagKey, TaggedLimiters};

use crate::random::random_fraction;

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
    settings: Arc<Settings>,
    keys: Arc<[QuotaKey]>,
    backend: Backend,
    /// The limiters for calls with tags that have keys.
    tagged: Mutex<TaggedLimiters>,
    /// A fair lock. The request that holds the lock is admitted next. All other requests wait for the lock.
    queue: tokio::sync::Mutex<()>,
    /// The number of requests in the queue, including the holder of the lock.
    waiting: AtomicUsize,
    /// The limit that blocks the first request in the queue: see [`State::blocked_by`].
    blocked_by: AtomicUsize,
}

/// The settings that a limiter shares with its limiters for tags.
struct Settings {
    tag_keys: Vec<TagKey>,
    prices: Option<PriceTable>,
    output_token_weight: u32,
    default_output_tokens: u64,
    max_wait: Duration,
    /// The name in the metrics.
    #[cfg(feature = "opentelemetry")]
    name: Arc<str>,
    /// `true` if the metrics contain this limiter.
    #[cfg(feature = "opentelemetry")]
    is_observed: std::sync::atomic::AtomicBool,
}

/// A request that asks for admission.
#[derive(Clone, Copy)]
struct Asked {
    tokens: u64,
    /// The cost in billionths of the currency.
    cost: u64,
    /// The price of the model, if a key has a budget in money.
    price: Option<Price>,
}

/// The store of a limiter. A store in memory decides without a future.
#[derive(Debug)]
enum Backend {
    Memory { store: MemoryQuotaStore, slots: Box<[usize]> },
    Shared { store: Arc<dyn QuotaStore>, in_flight: AtomicUsize, request_ended: Notify },
}

/// The result of one decision.
enum Decision {
    Admitted(Reservation),
    /// A limit of the key with this index blocks the request. `until` is the time at which the limiter asks
    /// again, or `None` if it asks again after another request has ended.
    Blocked {
        key: usize,
        limit: QuotaLimit,
        until: Option<Instant>,
    },
    /// The budget of the key with this index does not admit the request.
    OverBudget {
        key: usize,
        used: u64,
    },
    /// The store cannot decide yet.
    Restarted(QuotaStoreError, Instant),
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
        self.acquire_for_model(None, estimate).await
    }

    /// Waits like [`acquire`](Self::acquire). A budget in money needs the model id for the price.
    pub(crate) async fn acquire_for_model(
        &self,
        model_id: Option<&str>,
        estimate: TokenEstimate,
    ) -> Result<QuotaPermit, QuotaError> {
        let input = estimate.input_tokens;
        let output = estimate.max_output_tokens.unwrap_or(self.0.settings.default_output_tokens);
        self.0.keys.iter().try_for_each(|key| key.check(input, output))?;
        let price = match self.limits_money() {
            true => Some(self.0.price(model_id)?),
            false => None,
        };
        let cost = price.map_or(0, |price| price.estimate(input, output));
        let asked = Asked { tokens: input.saturating_add(output), cost, price };
        let waiting = WaitingGuard::new(&self.0.waiting);
        let result = self.acquire_in_order(asked).await;
        drop(waiting);
        result.map_err(|error| error.unwrap_or_else(|| self.0.timed_out()))
    }

    /// Returns `true` if tokens are limited. In this case, [`acquire`](Self::acquire) needs the
    /// [`TokenEstimate`] of the body. Otherwise, a default estimate is sufficient.
    pub fn limits_tokens(&self) -> bool {
        let limits_tokens =
            |limits: &QuotaLimits| limits.tokens_per_minute.is_some() || limits.budget.is_some();
        self.0.keys.iter().any(|key| limits_tokens(&key.limits))
    }

    /// Returns `true` if a key has a budget in money.
    pub(crate) fn limits_money(&self) -> bool {
        self.0.keys.iter().any(|key| key.limits.budget.is_some_and(|budget| budget.unit == BudgetUnit::Money))
    }

    fn new(settings: Arc<Settings>, keys: Arc<[QuotaKey]>, backend: Backend) -> Self {
        Self(Arc::new(State {
            settings,
            keys,
            backend,
            tagged: Mutex::default(),
            queue: tokio::sync::Mutex::new(()),
            waiting: AtomicUsize::new(0),
            blocked_by: AtomicUsize::new(0),
        }))
    }

    /// Returns the current usage of the first key. If the limiter uses a shared store, the requests and
    /// tokens are 0, and the other numbers do not include other limiters.
    pub fn usage(&self) -> QuotaUsage {
        let tagged = self.0.tagged.lock().unwrap_or_else(PoisonError::into_inner);
        let of_tagged: Vec<QuotaUsage> = tagged.values().map(Self::usage).collect();
        drop(tagged);
        let waiting = self.0.waiting.load(Ordering::Relaxed);
        let waiting = of_tagged.iter().fold(waiting, |sum, usage| sum + usage.waiting);
        match &self.0.backend {
            Backend::Memory { store, slots } => {
                let mut windows = store.windows();
                let window = windows.window(slots[0], Instant::now());
                let (in_flight, requests, tokens) = (window.in_flight(), window.requests(), window.tokens());
                QuotaUsage { in_flight, waiting, requests, tokens }
            }
            Backend::Shared { in_flight, .. } => {
                let in_flight = u32::try_from(in_flight.load(Ordering::Relaxed)).unwrap_or(u32::MAX);
                let in_flight =
                    of_tagged.iter().fold(in_flight, |sum, usage| sum.saturating_add(usage.in_flight));
                QuotaUsage { in_flight, waiting, ..QuotaUsage::default() }
            }
        }
    }

    /// Waits for the previous requests in the queue. Then waits until the limits admit the request. Returns
    /// `Err(None)` if the request was not admitted in time.
    async fn acquire_in_order(&self, asked: Asked) -> Result<QuotaPermit, Option<QuotaError>> {
        // An instant cannot represent every duration. A request never waits for longer than a year.
        let deadline = Instant::now() + self.0.settings.max_wait.min(Duration::from_secs(365 * 24 * 60 * 60));
        let _first = timeout_at(deadline, self.0.queue.lock()).await.map_err(|_| None)?;
        loop {
            // The limiter must not miss a request that ends while the store decides.
            let request_ended = self.0.request_ended();
            let until = match self.0.decide(asked).await.map_err(|error| Some(error.into()))? {
                Decision::Admitted(reservation) => {
                    self.0.set_blocked_by(None);
                    return Ok(QuotaPermit::new(self.0.clone(), reservation, asked.tokens, asked.price));
                }
                Decision::Blocked { key, limit, until } => {
                    self.0.set_blocked_by(Some((key, limit)));
                    until
                }
                Decision::OverBudget { key, used } => {
                    self.0.set_blocked_by(None);
                    return Err(self.0.over_budget(key, used, asked));
                }
                Decision::Restarted(error, _) if Instant::now() >= deadline => {
                    return Err(Some(error.into()));
                }
                Decision::Restarted(_, until) => Some(until),
            };
            if Instant::now() >= deadline {
                return Err(None);
            }
            // Try again at this time, or earlier if a request ends.
            let until = until.map_or(deadline, |until| until.min(deadline));
            drop(timeout_at(until, request_ended).await);
        }
    }
}

#[cfg(feature = "opentelemetry")]
impl QuotaLimiter {
    /// Returns the name of the limiter in the metrics.
    pub(crate) fn name(&self) -> &str {
        &self.0.settings.name
    }

    /// Returns `true` if no other client has added this limiter to its metrics. A provider of metrics keeps a
    /// gauge forever, so each client that shares the limiter must not add another gauge.
    pub(crate) fn mark_observed(&self) -> bool {
        !self.0.settings.is_observed.swap(true, Ordering::Relaxed)
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

impl Backend {
    fn memory(store: MemoryQuotaStore, keys: &[QuotaKey]) -> Self {
        let slots = store.windows().slots(keys);
        Self::Memory { store, slots }
    }

    fn shared(store: Arc<dyn QuotaStore>) -> Self {
        Self::Shared { store, in_flight: AtomicUsize::new(0), request_ended: Notify::new() }
    }
}

impl State {
    /// Decides about one request.
    ///
    /// There is no await point between the reservation and the creation of the permit. Therefore a dropped
    /// future never leaves a reservation without a permit.
    async fn decide(&self, asked: Asked) -> Result<Decision, QuotaStoreError> {
        let request = QuotaRequest { cost: asked.cost, ..QuotaRequest::new(self.keys.clone(), asked.tokens) };
        let (store, in_flight) = match &self.backend {
            Backend::Memory { store, slots } => {
                let decision = store.windows().try_admit(&request, slots, store.now());
                return Ok(match decision {
                    Ok(id) => Decision::Admitted(Reservation::Memory(id)),
                    Err(NotAdmitted::Blocked(key, blocked)) => {
                        Decision::Blocked { key, limit: blocked.limit, until: blocked.until }
                    }
                    Err(NotAdmitted::OverBudget { key, used }) => Decision::OverBudget { key, used },
                });
            }
            Backend::Shared { store, in_flight, .. } => (store, in_flight),
        };
        let until = |wait: Duration| {
            // Processes that wait for the same request to expire must not ask at the same time. A request
            // of another process may end early, so the limiter asks at least once a second.
            let wait = wait.min(Duration::from_secs(1));
            Instant::now() + wait + wait.min(Duration::from_millis(100)).mul_f64(random_fraction())
        };
        match store.acquire(request).await {
            Ok(QuotaDecision::Admitted(reservation)) => {
                in_flight.fetch_add(1, Ordering::Relaxed);
                Ok(Decision::Admitted(Reservation::Shared(Some(reservation))))
            }
            Ok(QuotaDecision::Blocked { key, limit, retry_after }) => {
                Ok(Decision::Blocked { key, limit, until: Some(until(retry_after)) })
            }
            Ok(QuotaDecision::OverBudget { key, used }) => Ok(Decision::OverBudget { key, used }),
            Err(QuotaStoreError::Restarted { remaining, store }) => {
                let error = QuotaStoreError::Restarted { remaining, store };
                Ok(Decision::Restarted(error, until(remaining)))
            }
            Err(error) => Err(error),
        }
    }

    fn request_ended(&self) -> Notified<'_> {
        match &self.backend {
            Backend::Memory { store, .. } => store.request_ended(),
            Backend::Shared { request_ended, .. } => request_ended.notified(),
        }
    }

    /// Stores the index of the key and the limit that block the first request in the queue.
    fn set_blocked_by(&self, blocked_by: Option<(usize, QuotaLimit)>) {
        let code = blocked_by.map_or(0, |(key, limit)| key * LIMITS.len() + limit as usize + 1);
        self.blocked_by.store(code, Ordering::Relaxed);
    }

    /// Returns the price of a model.
    fn price(&self, model_id: Option<&str>) -> Result<Price, QuotaError> {
        let price = self.settings.prices.as_ref().zip(model_id).and_then(|(prices, id)| prices.price(id));
        price.ok_or_else(|| QuotaError::NoPrice { model_id: model_id.map(Arc::from) })
    }

    /// Returns the error of a request that a budget does not admit. Returns `None` for a key that does not exist.
    fn over_budget(&self, key: usize, used: u64, asked: Asked) -> Option<QuotaError> {
        let key = self.keys.get(key)?;
        let budget = key.limits.budget?;
        let reserved = match budget.unit {
            BudgetUnit::Tokens => asked.tokens,
            BudgetUnit::Money => asked.cost,
        };
        let currency = self.settings.prices.as_ref().map(PriceTable::shared_currency);
        Some(QuotaError::OverBudget { key: key.name.clone(), budget, used, reserved, currency })
    }

    /// Returns the error of a request that was not admitted in time.
    fn timed_out(&self) -> QuotaError {
        let code = self.blocked_by.load(Ordering::Relaxed).checked_sub(1);
        let key = code.and_then(|code| self.keys.get(code / LIMITS.len()));
        QuotaError::TimedOut {
            waited: self.settings.max_wait,
            limit: code.map(|code| LIMITS[code % LIMITS.len()]),
            key: key.and_then(QuotaKey::shown),
            of_tag: key.is_some_and(|key| key.of_tag),
            waiting: self.waiting.load(Ordering::Relaxed),
        }
    }
}

/// All limits, in the order of their declaration.
const LIMITS: [QuotaLimit; 3] =
    [QuotaLimit::Concurrency, QuotaLimit::RequestsPerMinute, QuotaLimit::TokensPerMinute];

impl fmt::Debug for QuotaLimiter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("QuotaLimiter")
            .field("keys", &self.0.keys)
            .field("backend", &self.0.backend)
            .field("tag_keys", &self.0.settings.tag_keys)
            .field("output_token_weight", &self.0.settings.output_token_weight)
            .field("default_output_tokens", &self.0.settings.default_output_tokens)
            .field("max_wait", &self.0.settings.max_wait)
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
