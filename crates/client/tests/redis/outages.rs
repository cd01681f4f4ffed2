//! A store that is not available, does not respond, or has just started.

use std::num::NonZeroU32;
use std::time::Duration;

use invoke_model_client::{
    FallbackQuotaStore, QuotaError, QuotaLimit, QuotaLimiter, QuotaLimits, QuotaStore, QuotaStoreError,
    RedisQuotaStore, TokenEstimate,
};
use tokio::net::TcpListener;

use crate::server::Server;
use crate::store::builder;

const NO_TOKENS: TokenEstimate = TokenEstimate { input_tokens: 0, max_output_tokens: None };

fn limiter(store: impl QuotaStore, limits: QuotaLimits, max_wait: Duration) -> QuotaLimiter {
    QuotaLimiter::builder().store(store).key("model", limits).max_wait(max_wait).build()
}

async fn store_error(limiter: &QuotaLimiter) -> QuotaStoreError {
    match limiter.acquire(NO_TOKENS).await.unwrap_err() {
        QuotaError::Store(error) => error,
        other => panic!("{other}"),
    }
}

#[tokio::test]
async fn a_store_that_does_not_respond_fails_the_request() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("redis://{}", listener.local_addr().unwrap());
    let timeout = Duration::from_millis(20);
    let store = RedisQuotaStore::builder(url).timeout(timeout).build().unwrap();
    let limits = QuotaLimits::default().max_concurrency(4);
    let error = store_error(&limiter(store.clone(), limits, Duration::ZERO)).await;
    assert!(matches!(error, QuotaStoreError::TimedOut { .. }), "{error:?}");
    assert!(error.to_string().ends_with("did not respond within 20ms"), "{error}");
    // One of two processes uses half of the limit.
    let fallback = FallbackQuotaStore::new(store, NonZeroU32::new(2).unwrap());
    let limiter = limiter(fallback.clone(), limits, Duration::ZERO);
    let held = (limiter.acquire(NO_TOKENS).await.unwrap(), limiter.acquire(NO_TOKENS).await.unwrap());
    assert!(fallback.is_in_outage());
    let error = limiter.acquire(NO_TOKENS).await.unwrap_err();
    assert!(matches!(error, QuotaError::TimedOut { limit: Some(QuotaLimit::Concurrency), .. }), "{error:?}");
    drop(held);
}

#[tokio::test]
async fn a_fallback_ends_when_the_server_is_back() {
    let Some(mut server) = Server::start("a_fallback_ends_when_the_server_is_back") else { return };
    let store = builder(&server).build().unwrap();
    let fallback = FallbackQuotaStore::new(store.clone(), NonZeroU32::new(4).unwrap());
    let limits = QuotaLimits::default().requests_per_minute(8);
    let shared = limiter(fallback.clone(), limits, Duration::ZERO);
    drop(shared.acquire(NO_TOKENS).await.unwrap());
    server.kill();
    let error = store_error(&limiter(store.clone(), limits, Duration::ZERO)).await;
    assert!(matches!(error, QuotaStoreError::Unavailable { .. }), "{error:?}");
    // A quarter of the limit are two requests. The first was before the outage.
    drop(shared.acquire(NO_TOKENS).await.unwrap());
    assert!(fallback.is_in_outage());
    let error = shared.acquire(NO_TOKENS).await.unwrap_err();
    assert!(
        matches!(error, QuotaError::TimedOut { limit: Some(QuotaLimit::RequestsPerMinute), .. }),
        "{error:?}"
    );
    server.restart();
    let waiting = limiter(fallback.clone(), limits, Duration::from_secs(600));
    drop(waiting.acquire(NO_TOKENS).await.unwrap());
    assert!(!fallback.is_in_outage());
}

#[tokio::test]
async fn a_server_that_has_just_started_admits_nothing_for_a_minute() {
    let name = "a_server_that_has_just_started_admits_nothing_for_a_minute";
    let Some(server) = Server::start(name) else { return };
    let minute = builder(&server).wait_after_server_start(true).window(Duration::from_secs(3_600));
    let limits = QuotaLimits::default().max_concurrency(1);
    let error = store_error(&limiter(minute.build().unwrap(), limits, Duration::ZERO)).await;
    assert!(matches!(error, QuotaStoreError::Restarted { .. }), "{error:?}");
    assert!(error.to_string().contains("has no counts of earlier requests: wait "), "{error}");
    let second = builder(&server).wait_after_server_start(true).window(Duration::from_secs(1));
    drop(
        limiter(second.build().unwrap(), limits, Duration::from_secs(600)).acquire(NO_TOKENS).await.unwrap(),
    );
}
