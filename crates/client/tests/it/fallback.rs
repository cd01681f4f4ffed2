//! A quota store that goes on in memory while another store is not available.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::SeqCst;
use std::time::Duration;

use invoke_model_client::{
    BoxFuture, Budget, BudgetPeriod, FallbackQuotaStore, QuotaDecision, QuotaError, QuotaLimiter,
    QuotaLimits, QuotaOutcome, QuotaRequest, QuotaReservation, QuotaStore, QuotaStoreError, TokenEstimate,
};
use tokio::time::advance;

/// A store that admits all requests, or is not available.
#[derive(Debug, Default)]
struct Switched {
    is_down: AtomicBool,
}

fn outage() -> QuotaStoreError {
    QuotaStoreError::Unavailable { store: "test".to_owned(), reason: "switched off".to_owned() }
}

impl QuotaStore for Switched {
    fn acquire(&self, _: QuotaRequest) -> BoxFuture<Result<QuotaDecision, QuotaStoreError>> {
        let result = match self.is_down.load(SeqCst) {
            true => Err(outage()),
            false => Ok(QuotaDecision::Admitted(QuotaReservation::new(|_: QuotaOutcome| {}))),
        };
        Box::pin(async { result })
    }
}

/// Returns a store that can be switched off, and a store that falls back to memory.
fn stores(processes: u32) -> (Arc<Switched>, FallbackQuotaStore<Arc<Switched>>) {
    let store = Arc::new(Switched::default());
    (store.clone(), FallbackQuotaStore::new(store, NonZeroU32::new(processes).unwrap()))
}

/// Returns a limiter whose requests never wait.
fn limiter(store: &FallbackQuotaStore<Arc<Switched>>, limits: QuotaLimits) -> QuotaLimiter {
    QuotaLimiter::builder().store(store.clone()).key("model", limits).max_wait(Duration::ZERO).build()
}

/// A request that reserves one token.
fn token() -> TokenEstimate {
    TokenEstimate { input_tokens: 1, max_output_tokens: None }
}

/// Starts up to 100 requests at the same time. Returns the number of requests that were admitted, and the error of the
/// next request.
async fn admitted(limiter: &QuotaLimiter) -> (u32, QuotaError) {
    let mut permits = Vec::new();
    loop {
        match limiter.acquire(token()).await {
            Ok(permit) => permits.push(permit),
            Err(error) => {
                let count = u32::try_from(permits.len()).unwrap();
                // The requests stay in the counts of the last minute.
                permits.into_iter().for_each(|permit| permit.complete(usage()));
                return (count, error);
            }
        }
        assert!(permits.len() < 100, "there is no limit");
    }
}

fn usage() -> invoke_model_client::Usage {
    let mut usage = invoke_model_client::Usage::default();
    (usage.input_tokens, usage.output_tokens) = (Some(1), Some(0));
    usage
}

type Limits = fn(u32) -> QuotaLimits;

const LIMITS: [Limits; 3] = [
    |limit| QuotaLimits::default().requests_per_minute(limit),
    |limit| QuotaLimits::default().tokens_per_minute(limit.into()),
    |limit| QuotaLimits::default().max_concurrency(limit),
];

#[tokio::test(start_paused = true)]
async fn all_processes_together_stay_within_each_limit() {
    for (kind, limits) in LIMITS.iter().enumerate() {
        for (limit, processes) in (1..=12).flat_map(|limit| (1..=5).map(move |processes| (limit, processes)))
        {
            let (store, fallback) = stores(processes);
            store.is_down.store(true, SeqCst);
            let (count, error) = admitted(&limiter(&fallback, limits(limit))).await;
            let case = format!("kind {kind}, limit {limit}, {processes} processes: {error}");
            assert_eq!(count, limit / processes, "{case}");
            assert!(fallback.is_in_outage());
            // A part of zero never admits a request, so the request fails with the error of the store.
            match count {
                0 => assert_eq!(error, QuotaError::Store(outage()), "{case}"),
                _ => assert!(matches!(error, QuotaError::TimedOut { .. }), "{case}"),
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn requests_before_an_outage_count_in_it() {
    for limits in &LIMITS[..2] {
        let (store, fallback) = stores(2);
        let limiter = limiter(&fallback, limits(8));
        for _ in 0..3 {
            limiter.acquire(token()).await.unwrap().complete(usage());
        }
        store.is_down.store(true, SeqCst);
        assert_eq!(admitted(&limiter).await.0, 1);
        // After a minute, none of them counts.
        advance(Duration::from_secs(61)).await;
        assert_eq!(admitted(&limiter).await.0, 4);
    }
}

#[tokio::test(start_paused = true)]
async fn a_request_with_a_budget_fails_during_an_outage() {
    for budget in [Budget::tokens(1_000, BudgetPeriod::Day), Budget::tokens(1_000, BudgetPeriod::Total)] {
        let (store, fallback) = stores(2);
        let with_budget = limiter(&fallback, QuotaLimits::default().requests_per_minute(8).budget(budget));
        let without = limiter(&fallback, QuotaLimits::default().requests_per_minute(8));
        drop(with_budget.acquire(token()).await.unwrap());
        store.is_down.store(true, SeqCst);
        for _ in 0..3 {
            let error = with_budget.acquire(token()).await.unwrap_err();
            assert_eq!(error, QuotaError::Store(outage()));
            drop(without.acquire(token()).await.unwrap());
        }
        store.is_down.store(false, SeqCst);
        // The next attempt to reach the store is a second after the last one.
        advance(Duration::from_secs(1)).await;
        drop(with_budget.acquire(token()).await.unwrap());
        assert!(!fallback.is_in_outage());
    }
}
