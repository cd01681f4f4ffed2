//! A quota store in the memory of the process.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::sync::futures::Notified;
use tokio::time::Instant;

use super::limits::QuotaKey;
use super::store::QuotaOutcome;
use super::window::{Blocked, MINUTE, ReservationId, SlidingWindow};

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
/// The store uses the clock of tokio. It keeps the counts of a key until the store is dropped.
#[derive(Clone)]
pub struct MemoryQuotaStore(Arc<Memory>);

struct Memory {
    windows: Mutex<Windows>,
    /// Notified when a request has ended.
    request_ended: Notify,
}

/// The windows of all keys. One lock protects them, so that a decision about several keys is atomic.
#[derive(Debug)]
pub(super) struct Windows {
    length: Duration,
    slots: HashMap<Arc<str>, usize>,
    windows: Vec<SlidingWindow>,
    next_id: ReservationId,
}

impl MemoryQuotaStore {
    /// Returns a store whose minute has another length.
    pub(super) fn with_window(length: Duration) -> Self {
        let windows =
            Windows { length, slots: HashMap::new(), windows: Vec::new(), next_id: ReservationId(0) };
        Self(Arc::new(Memory { windows: Mutex::new(windows), request_ended: Notify::new() }))
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
        Self::with_window(MINUTE)
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
                self.windows.push(SlidingWindow::new(self.length));
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

    /// Admits a request that reserves `tokens`, or returns the index of the key and the limit that block it.
    ///
    /// `slots` are the windows of `keys`. `tokens` must not exceed a limit for one minute. `now` must not be
    /// before the time of the last admission.
    pub(super) fn try_admit(
        &mut self,
        keys: &[QuotaKey],
        slots: &[usize],
        now: Instant,
        tokens: u64,
    ) -> Result<ReservationId, (usize, Blocked)> {
        let mut longest: Option<(usize, Blocked)> = None;
        for (index, (key, slot)) in keys.iter().zip(slots).enumerate() {
            let Some(blocked) = self.window(*slot, now).blocked(&key.limits, tokens) else { continue };
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
            Some(blocked) => Err(blocked),
            None => Ok(self.admit(keys, slots, now, tokens)),
        }
    }

    /// Counts a request, even if the limits do not admit it.
    pub(super) fn admit(
        &mut self,
        keys: &[QuotaKey],
        slots: &[usize],
        now: Instant,
        tokens: u64,
    ) -> ReservationId {
        let id = self.next_id;
        self.next_id = ReservationId(id.0 + 1);
        for (key, slot) in keys.iter().zip(slots) {
            self.windows[*slot].admit(id, now, tokens, key.limits.has_per_minute());
        }
        id
    }

    /// Ends a request.
    pub(super) fn end(&mut self, slots: &[usize], id: ReservationId, outcome: QuotaOutcome) {
        slots.iter().for_each(|slot| self.windows[*slot].end(id, outcome));
    }
}
