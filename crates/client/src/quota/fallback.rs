//! A quota store that goes on in memory while another store is not available.

use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use invoke_model_transport::BoxFuture;
use tokio::time::Instant;

use super::error::QuotaStoreError;
use super::limits::QuotaKey;
use super::memory::MemoryQuotaStore;
use super::store::{QuotaDecision, QuotaRequest, QuotaReservation, QuotaStore};

/// The time between two attempts to reach the store.
const RETRY_INTERVAL: Duration = Duration::from_secs(1);

/// A store that uses another store, and goes on in memory with a part of each limit while the other store is
/// not available.
///
/// While the other store fails with a [temporary error](QuotaStoreError::is_temporary), each process may use
/// its part of each limit: the limit divided by the number of processes, rounded down. The requests of this
/// process in the last minute count against this part. All other errors are returned. A request with a
/// [budget](super::Budget) fails during an outage, because the processes together would exceed the budget.
///
/// During an outage, one request a second asks the other store. In the minute after the start and after the
/// end of an outage, the processes together can exceed a limit, because a store does not know the requests
/// that the other store admitted.
///
/// The store writes a log event at the start and at the end of an outage.
#[derive(Clone, Debug)]
pub struct FallbackQuotaStore<S>(Arc<State<S>>);

#[derive(Debug)]
struct State<S> {
    store: S,
    processes: NonZeroU32,
    /// The requests of this process. Requests that the other store admitted are included.
    memory: MemoryQuotaStore,
    outage: Mutex<Option<Outage>>,
}

#[derive(Clone, Debug)]
struct Outage {
    error: QuotaStoreError,
    /// The time of the next attempt to reach the store.
    retry_at: Instant,
}

impl<S: QuotaStore> FallbackQuotaStore<S> {
    /// Returns a store that uses `store`, and `1 / processes` of each limit during an outage.
    pub fn new(store: S, processes: NonZeroU32) -> Self {
        let (memory, outage) = (MemoryQuotaStore::default(), Mutex::new(None));
        Self(Arc::new(State { store, processes, memory, outage }))
    }

    /// Returns `true` during an outage.
    pub fn is_in_outage(&self) -> bool {
        self.0.outage().is_some()
    }
}

impl<S: QuotaStore> QuotaStore for FallbackQuotaStore<S> {
    fn acquire(&self, request: QuotaRequest) -> BoxFuture<Result<QuotaDecision, QuotaStoreError>> {
        let state = self.0.clone();
        Box::pin(async move {
            if let Some(error) = state.postponed() {
                return state.decide_in_memory(&request, error);
            }
            match state.store.acquire(request.clone()).await {
                Err(error) if error.is_temporary() => {
                    state.start_outage(&error);
                    state.decide_in_memory(&request, error)
                }
                Err(error) => Err(error),
                Ok(decision) => {
                    state.end_outage();
                    Ok(state.record(&request, decision))
                }
            }
        })
    }
}

impl<S: QuotaStore> State<S> {
    fn outage(&self) -> MutexGuard<'_, Option<Outage>> {
        self.outage.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the error of the last attempt if the time of the next attempt has not come. Otherwise,
    /// postpones the attempts of other requests.
    fn postponed(&self) -> Option<QuotaStoreError> {
        let (mut outage, now) = (self.outage(), Instant::now());
        let outage = outage.as_mut()?;
        if now < outage.retry_at {
            return Some(outage.error.clone());
        }
        outage.retry_at = now + RETRY_INTERVAL;
        None
    }

    fn start_outage(&self, error: &QuotaStoreError) {
        let outage = Outage { error: error.clone(), retry_at: Instant::now() + RETRY_INTERVAL };
        if self.outage().replace(outage).is_none() {
            let processes = self.processes;
            tracing::warn!(%error, "quota limits apply to this process alone, divided by {processes}");
        }
    }

    fn end_outage(&self) {
        if self.outage().take().is_some() {
            tracing::info!("the quota store is available again");
        }
    }

    /// Counts a request that the other store admitted.
    fn record(&self, request: &QuotaRequest, decision: QuotaDecision) -> QuotaDecision {
        let QuotaDecision::Admitted(reservation) = decision else { return decision };
        let mut windows = self.memory.windows();
        let slots = windows.slots(&request.keys);
        let id = windows.admit(request, &slots, self.memory.now());
        drop(windows);
        let memory = self.memory.clone();
        QuotaDecision::Admitted(QuotaReservation::new(move |outcome| {
            reservation.end(outcome);
            memory.end(&slots, id, outcome);
        }))
    }

    /// Decides with a part of the limits. Returns `error` if this part never admits the request, or if a key has a
    /// budget. The processes would exceed a budget, because they do not know what the others have used.
    fn decide_in_memory(
        &self,
        request: &QuotaRequest,
        error: QuotaStoreError,
    ) -> Result<QuotaDecision, QuotaStoreError> {
        let divided = |key: &QuotaKey| QuotaKey::new(key.name.clone(), key.limits.divided(self.processes));
        let keys: Arc<[QuotaKey]> = request.keys.iter().map(divided).collect();
        let fails = |key: &QuotaKey| key.limits.budget.is_some() || key.check(request.tokens, 0).is_err();
        if keys.iter().any(fails) {
            return Err(error);
        }
        Ok(self.memory.decide(&QuotaRequest { keys, ..request.clone() }))
    }
}
