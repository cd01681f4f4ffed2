//! A quota store in the memory of the process.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use invoke_model_credentials::TimeSource;
use tokio::sync::Notify;
use tokio::sync::futures::Notified;
use tokio::time::Instant;

use super::budget::{BudgetPeriod, BudgetUnit};
use super::limits::QuotaKey;
use super::store::{QuotaDecision, QuotaOutcome, QuotaRequest, QuotaReservation};
use super::window::{Blocked, ReservationId, SlidingWindow, WINDOW};

/// The time after which the limiter asks again about a request that a concurrency limit blocks.
const CONCURRENCY_INTERVAL: Duration = Duration::from_millis(100);

/// A store that counts requests in the memory of the process. Clones share the counts. This is the default
/// store of a [`QuotaLimiter`](super::QuotaLimiter).
///
/// Set this store to let several limiters of one process share a key:
///
/// ```
/// use invoke_model_client::{MemoryQuotaStore, QuotaLimiter, QuotaLimits};
///
/// let (store, account) = (MemoryQuotaStore::default(), QuotaLimits::default().requests_per_minute(1_000));
/// let limiter = |tenant: &str| {
///     let tenant_limits = QuotaLimits::default().requests_per_minute(100);
///     QuotaLimiter::builder().memory_store(&store).key("account", account).key(tenant, tenant_limits).build()
/// };
/// let (first, second) = (limiter("tenant 1"), limiter("tenant 2"));
/// # drop((first, second));
/// ```
///
/// The store uses the clock of tokio, and the system clock for the periods of [budgets](super::Budget). It keeps the counts of a key until the store is dropped.
#[derive(Clone)]
pub struct MemoryQuotaStore(Arc<Memory>);

struct Memory {
    windows: Mutex<Windows>,
    /// Notified when a request has ended.
    request_ended: Notify,
    /// The clock that determines the period of a budget.
    time_source: TimeSource,
}

/// The windows of all keys. One lock protects them, so that a decision about several keys is atomic.
#[derive(Debug)]
pub(super) struct Windows {
    slots: HashMap<Arc<str>, usize>,
    windows: Vec<SlidingWindow>,
    /// The budgets of each window. A window has several budgets only if limiters set different budgets for its key.
    budgets: Vec<Vec<UsedBudget>>,
    next_id: ReservationId,
}

/// The used amount of a budget in the current period.
#[derive(Debug)]
struct UsedBudget {
    unit: BudgetUnit,
    period: BudgetPeriod,
    /// The number of the current period.
    number: u64,
    used: u64,
    /// The reserved amounts of the requests of this period that have not ended.
    reserved: HashMap<ReservationId, u64>,
}

/// The reason why a request is not admitted now.
#[derive(Clone, Copy, Debug)]
pub(super) enum NotAdmitted {
    /// A limit of the key with this index blocks the request.
    Blocked(usize, Blocked),
    /// The budget of the key with this index does not admit the request. `used` is the used and reserved amount.
    OverBudget { key: usize, used: u64 },
}

/// The time of a decision.
#[derive(Clone, Copy, Debug)]
pub(super) struct Now {
    pub(super) instant: Instant,
    /// The time since 1970, for the period of a budget.
    pub(super) since_epoch: Duration,
}

impl MemoryQuotaStore {
    /// Returns a store with another clock for the periods of budgets.
    pub fn with_time_source(now: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        Self::new(TimeSource::new(now))
    }

    fn new(time_source: TimeSource) -> Self {
        let windows = Windows {
            slots: HashMap::new(),
            windows: Vec::new(),
            budgets: Vec::new(),
            next_id: ReservationId(0),
        };
        Self(Arc::new(Memory { windows: Mutex::new(windows), request_ended: Notify::new(), time_source }))
    }

    /// Decides about a request immediately, like [`QuotaStore::acquire`](super::QuotaStore::acquire). Use this method to
    /// share the store with other processes.
    ///
    /// A [`QuotaLimiter`](super::QuotaLimiter) creates the request, after it has checked that the limits can admit it.
    pub fn decide(&self, request: &QuotaRequest) -> QuotaDecision {
        let (mut windows, now) = (self.windows(), self.now());
        let slots = windows.slots(&request.keys);
        let decision = windows.try_admit(request, &slots, now);
        drop(windows);
        match decision {
            Ok(id) => {
                let store = self.clone();
                QuotaDecision::Admitted(QuotaReservation::new(move |outcome| store.end(&slots, id, outcome)))
            }
            Err(NotAdmitted::Blocked(key, blocked)) => {
                let retry_after = blocked.until.map_or(CONCURRENCY_INTERVAL, |until| until - now.instant);
                QuotaDecision::Blocked { key, limit: blocked.limit, retry_after }
            }
            Err(NotAdmitted::OverBudget { key, used }) => QuotaDecision::OverBudget { key, used },
        }
    }

    pub(super) fn now(&self) -> Now {
        let since_epoch = self.0.time_source.now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        Now { instant: Instant::now(), since_epoch }
    }

    pub(super) fn windows(&self) -> MutexGuard<'_, Windows> {
        self.0.windows.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns a future that ends when a request ends after this call.
    pub(super) fn request_ended(&self) -> Notified<'_> {
        self.0.request_ended.notified()
    }

    /// Ends a request.
    pub(super) fn end(&self, slots: &[usize], id: ReservationId, outcome: QuotaOutcome) {
        self.windows().end(slots, id, outcome);
        self.0.request_ended.notify_waiters();
    }
}

impl Default for MemoryQuotaStore {
    fn default() -> Self {
        Self::new(TimeSource::default())
    }
}

impl fmt::Debug for MemoryQuotaStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryQuotaStore").field("keys", &self.windows().windows.len()).finish()
    }
}

impl Windows {
    /// Returns the indices of the windows of these keys. Adds a window for each new key.
    pub(super) fn slots(&mut self, keys: &[QuotaKey]) -> Box<[usize]> {
        let slots = keys.iter().map(|key| {
            *self.slots.entry(key.name.clone()).or_insert_with(|| {
                self.windows.push(SlidingWindow::new(WINDOW));
                self.budgets.push(Vec::new());
                self.windows.len() - 1
            })
        });
        slots.collect()
    }

    pub(super) fn window(&mut self, slot: usize, now: Instant) -> &SlidingWindow {
        let window = &mut self.windows[slot];
        window.remove_expired(now);
        window
    }

    /// Admits a request, or returns the index of the key and the limit that do not admit it.
    ///
    /// `slots` are the windows of the keys. The tokens of the request must not exceed a limit for one minute. `now` must not be
    /// before the time of the last admission.
    pub(super) fn try_admit(
        &mut self,
        request: &QuotaRequest,
        slots: &[usize],
        now: Now,
    ) -> Result<ReservationId, NotAdmitted> {
        let keys = request.keys.iter().zip(slots).enumerate();
        for (index, (key, slot)) in keys.clone() {
            let Some(budget) = key.limits.budget else { continue };
            let used = self.budget(*slot, budget.unit, budget.period, now).used;
            if !budget.admits(used, request.reserved(budget.unit)) {
                return Err(NotAdmitted::OverBudget { key: index, used });
            }
        }
        let mut longest: Option<(usize, Blocked)> = None;
        for (index, (key, slot)) in keys {
            let blocked = self.window(*slot, now.instant).blocked(&key.limits, request.tokens);
            let Some(blocked) = blocked else { continue };
            // The end of another request has no known time, so it is later than every other time.
            let is_longer = |other: Blocked| match (blocked.until, other.until) {
                (_, None) => false,
                (None, _) => true,
                (Some(until), Some(other)) => until >= other,
            };
            if longest.is_none_or(|(_, other)| is_longer(other)) {
                longest = Some((index, blocked));
            }
        }
        match longest {
            Some((key, blocked)) => Err(NotAdmitted::Blocked(key, blocked)),
            None => Ok(self.admit(request, slots, now)),
        }
    }

    /// Counts a request, even if the limits do not admit it.
    pub(super) fn admit(&mut self, request: &QuotaRequest, slots: &[usize], now: Now) -> ReservationId {
        let id = self.next_id;
        self.next_id = ReservationId(id.0 + 1);
        for (key, slot) in request.keys.iter().zip(slots) {
            self.windows[*slot].admit(id, now.instant, request.tokens, key.limits.has_per_minute());
            if let Some(budget) = key.limits.budget {
                let reserved = request.reserved(budget.unit);
                let state = self.budget(*slot, budget.unit, budget.period, now);
                state.used = state.used.saturating_add(reserved);
                state.reserved.insert(id, reserved);
            }
        }
        id
    }

    /// Returns the state of a budget in the current period.
    fn budget(&mut self, slot: usize, unit: BudgetUnit, period: BudgetPeriod, now: Now) -> &mut UsedBudget {
        let (budgets, number) = (&mut self.budgets[slot], period.number(now.since_epoch));
        let known = budgets.iter().position(|budget| budget.unit == unit && budget.period == period);
        let index = known.unwrap_or_else(|| {
            budgets.push(UsedBudget { unit, period, number, used: 0, reserved: HashMap::new() });
            budgets.len() - 1
        });
        let budget = &mut budgets[index];
        // If the clock is set back, the current period goes on.
        if number > budget.number {
            *budget = UsedBudget { unit, period, number, used: 0, reserved: HashMap::new() };
        }
        budget
    }

    /// Ends a request.
    pub(super) fn end(&mut self, slots: &[usize], id: ReservationId, outcome: QuotaOutcome) {
        for slot in slots {
            self.windows[*slot].end(id, outcome);
            for budget in &mut self.budgets[*slot] {
                // The amounts of an earlier period no longer count.
                let Some(reserved) = budget.reserved.remove(&id) else { continue };
                let used = match (outcome, budget.unit) {
                    (QuotaOutcome::Unknown, _) => reserved,
                    (QuotaOutcome::NotSent, _) => 0,
                    (QuotaOutcome::Used { tokens, .. }, BudgetUnit::Tokens) => tokens,
                    (QuotaOutcome::Used { cost, .. }, BudgetUnit::Money) => cost,
                };
                budget.used = (budget.used - reserved).saturating_add(used);
            }
        }
    }
}
