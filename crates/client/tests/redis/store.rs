//! Decisions, leases and errors of a store.

use std::time::Duration;

use invoke_model_client::{
    Budget, BudgetPeriod, ErrorKind, FailureClass, QuotaDecision, QuotaError, QuotaKey, QuotaLimit,
    QuotaLimiter, QuotaLimits, QuotaOutcome, QuotaRequest, QuotaStore, QuotaStoreError, RedisQuotaStore,
    RedisQuotaStoreBuilder, TokenEstimate, Usage,
};
use invoke_model_local::LocalEndpoint;
use redis::Commands;

use crate::processes::client;
use crate::server::Server;

pub(crate) fn builder(server: &Server) -> RedisQuotaStoreBuilder {
    // A busy machine must not cause an error.
    RedisQuotaStore::builder(server.url()).wait_after_server_start(false).timeout(Duration::from_secs(60))
}

fn store(server: &Server) -> RedisQuotaStore {
    builder(server).build().unwrap()
}

/// Returns a limiter whose requests never wait.
fn limiter(store: &RedisQuotaStore, keys: &[(&str, QuotaLimits)]) -> QuotaLimiter {
    let builder = QuotaLimiter::builder().store(store.clone()).max_wait(Duration::ZERO);
    keys.iter().fold(builder, |builder, (name, limits)| builder.key(*name, *limits)).build()
}

fn limits() -> QuotaLimits {
    QuotaLimits::default()
}

fn tokens(input_tokens: u64) -> TokenEstimate {
    TokenEstimate { input_tokens, max_output_tokens: None }
}

/// Returns the limit and the key that block a request.
fn blocked_by(error: &QuotaError) -> (Option<QuotaLimit>, Option<&str>) {
    match error {
        QuotaError::TimedOut { limit, key, .. } => (*limit, key.as_deref()),
        other => panic!("{other}"),
    }
}

#[tokio::test]
async fn stores_of_two_processes_share_their_limits() {
    let Some(server) = Server::start("stores_of_two_processes_share_their_limits") else { return };
    let (first, second) = (store(&server), store(&server));
    let keys = [("model", limits().tokens_per_minute(100))];
    let (left, right) = (limiter(&first, &keys), limiter(&second, &keys));
    let permit = left.acquire(tokens(80)).await.unwrap();
    assert_eq!((left.usage().in_flight, right.usage().in_flight), (1, 0));
    let error = right.acquire(tokens(21)).await.unwrap_err();
    assert_eq!(blocked_by(&error), (Some(QuotaLimit::TokensPerMinute), Some("model")));
    let mut usage = Usage::default();
    (usage.input_tokens, usage.output_tokens) = (Some(10), Some(20));
    permit.complete(usage);
    first.flush().await;
    // 30 used tokens have replaced 80 reserved tokens.
    right.acquire(tokens(71)).await.unwrap_err();
    let permit = right.acquire(tokens(70)).await.unwrap();
    permit.release();
    second.flush().await;
    left.acquire(tokens(70)).await.unwrap().fail(FailureClass::Rejected);
    first.flush().await;
    drop(right.acquire(tokens(70)).await.unwrap());
    second.flush().await;
    right.acquire(tokens(1)).await.unwrap_err();
    // Another namespace has other limits.
    let other = builder(&server).namespace("other").build().unwrap();
    drop(limiter(&other, &keys).acquire(tokens(100)).await.unwrap());
}

#[tokio::test]
async fn all_keys_admit_a_request_or_none_counts_it() {
    let Some(server) = Server::start("all_keys_admit_a_request_or_none_counts_it") else { return };
    let store = store(&server);
    let account = ("account", limits().requests_per_minute(3));
    let first = limiter(&store, &[account, ("tenant 1", limits().requests_per_minute(1))]);
    let second = limiter(&store, &[account, ("tenant 2", limits().max_concurrency(1))]);
    drop(first.acquire(tokens(0)).await.unwrap());
    for _ in 0..5 {
        let error = first.acquire(tokens(0)).await.unwrap_err();
        assert_eq!(blocked_by(&error), (Some(QuotaLimit::RequestsPerMinute), Some("tenant 1")));
    }
    let held = second.acquire(tokens(0)).await.unwrap();
    let error = second.acquire(tokens(0)).await.unwrap_err();
    assert_eq!(blocked_by(&error), (Some(QuotaLimit::Concurrency), Some("tenant 2")));
    let text = "because of max_concurrency of the key `tenant 2`: send fewer requests";
    assert!(error.to_string().contains(text), "{error}");
    drop(held);
    store.flush().await;
    drop(second.acquire(tokens(0)).await.unwrap());
    store.flush().await;
    let error = second.acquire(tokens(0)).await.unwrap_err();
    assert_eq!(blocked_by(&error), (Some(QuotaLimit::RequestsPerMinute), Some("account")));
}

#[tokio::test]
async fn a_waiting_request_is_admitted_when_another_process_ends_its_request() {
    let name = "a_waiting_request_is_admitted_when_another_process_ends_its_request";
    let Some(server) = Server::start(name) else { return };
    let keys = |store: &RedisQuotaStore| {
        let builder = QuotaLimiter::builder().store(store.clone()).max_wait(Duration::from_secs(600));
        builder.key("model", limits().max_concurrency(1)).build()
    };
    let (first, second) = (keys(&store(&server)), keys(&store(&server)));
    let held = first.acquire(tokens(0)).await.unwrap();
    let waiting = tokio::spawn(async move { second.acquire(tokens(0)).await.map(drop) });
    let mut connection = server.client().get_connection().unwrap();
    // Waits until the server has blocked the other request at least once.
    while scripts(&mut connection) < 3 {
        tokio::task::yield_now().await;
    }
    assert!(!waiting.is_finished());
    drop(held);
    waiting.await.unwrap().unwrap();
}

/// Returns the number of scripts that the server ran.
fn scripts(connection: &mut redis::Connection) -> u64 {
    let statistics: String = redis::cmd("INFO").arg("commandstats").query(connection).unwrap();
    let line = statistics.lines().find_map(|line| line.strip_prefix("cmdstat_evalsha:calls="));
    line.and_then(|line| line.split(',').next()).map_or(0, |calls| calls.parse().unwrap())
}

#[tokio::test]
async fn a_decision_is_one_round_trip() {
    let Some(server) = Server::start("a_decision_is_one_round_trip") else { return };
    let store = store(&server);
    let keys = [("account", limits().requests_per_minute(1_000)), ("tenant", limits().max_concurrency(10))];
    let limiter = limiter(&store, &keys);
    drop(limiter.acquire(tokens(0)).await.unwrap());
    store.flush().await;
    let mut connection = server.client().get_connection().unwrap();
    let before = scripts(&mut connection);
    for _ in 0..100 {
        drop(limiter.acquire(tokens(5)).await.unwrap());
    }
    store.flush().await;
    // 100 decisions, and the ends of 100 requests, for which no request waits.
    assert_eq!(scripts(&mut connection) - before, 200);
}

#[tokio::test]
async fn a_running_request_renews_its_lease() {
    let Some(server) = Server::start("a_running_request_renews_its_lease") else { return };
    let store = builder(&server).lease(Duration::from_millis(300)).build().unwrap();
    let limiter = limiter(&store, &[("model", limits().max_concurrency(1))]);
    let permit = limiter.acquire(tokens(0)).await.unwrap();
    let mut connection = server.client().get_connection().unwrap();
    let leases = "{invoke-model-quota}:model:leases";
    let mut expiry = || -> Option<u64> {
        let leases: Vec<(String, f64)> = connection.zrange_withscores(leases, 0, -1).unwrap();
        leases.first().map(|(_, expiry)| *expiry as u64)
    };
    let first = expiry().unwrap();
    while expiry().is_some_and(|expiry| expiry < first + 1_000_000) {}
    drop(permit);
    store.flush().await;
    assert_eq!(expiry(), None);
}

#[tokio::test]
async fn processes_share_a_budget_that_survives_them() {
    let Some(server) = Server::start("processes_share_a_budget_that_survives_them") else { return };
    let keys = [("tenant", limits().budget(Budget::tokens(100, BudgetPeriod::Total)))];
    let first = store(&server);
    let ended = limiter(&first, &keys).acquire(tokens(60)).await.unwrap();
    let error = limiter(&store(&server), &keys).acquire(tokens(41)).await.unwrap_err();
    assert!(matches!(error, QuotaError::OverBudget { used: 60, reserved: 41, .. }), "{error}");
    let mut usage = Usage::default();
    usage.input_tokens = Some(20);
    ended.complete(usage);
    // The process ends before this request, so its reservation remains.
    std::mem::forget(limiter(&first, &keys).acquire(tokens(30)).await.unwrap());
    first.flush().await;
    let next = limiter(&store(&server), &keys);
    let error = next.acquire(tokens(51)).await.unwrap_err();
    assert!(matches!(error, QuotaError::OverBudget { used: 50, .. }), "{error}");
    next.acquire(tokens(50)).await.unwrap().release();
}

#[tokio::test]
async fn a_dropped_decision_does_not_count() {
    let Some(server) = Server::start("a_dropped_decision_does_not_count") else { return };
    let store = store(&server);
    let keys: [QuotaKey; 1] = [QuotaKey::new("model", limits().requests_per_minute(1).max_concurrency(1))];
    let request = QuotaRequest::new(keys.into(), 0);
    let mut acquire = store.acquire(request.clone());
    // The first poll starts the decision.
    let first = std::future::poll_fn(|cx| std::task::Poll::Ready(acquire.as_mut().poll(cx))).await;
    assert!(first.is_pending());
    drop(acquire);
    store.flush().await;
    match store.acquire(request).await.unwrap() {
        QuotaDecision::Admitted(reservation) => reservation.end(QuotaOutcome::Used { tokens: 0, cost: 0 }),
        blocked => panic!("{blocked:?}"),
    }
}

/// Closes all other connections to the server.
fn close_connections(connection: &mut redis::Connection) {
    let () = redis::cmd("CLIENT").arg(&["KILL", "TYPE", "normal"]).query(connection).unwrap();
}

#[tokio::test]
async fn a_closed_connection_does_not_fail_a_request() {
    let Some(server) = Server::start("a_closed_connection_does_not_fail_a_request") else { return };
    let (store, mut connection) = (store(&server), server.client().get_connection().unwrap());
    let limits = limits().max_concurrency(1).requests_per_minute(2).tokens_per_minute(100);
    let limiter = limiter(&store, &[("model", limits)]);
    for _ in 0..3 {
        let permit = limiter.acquire(tokens(60)).await.unwrap();
        close_connections(&mut connection);
        permit.release();
        store.flush().await;
        close_connections(&mut connection);
    }
    drop(limiter.acquire(tokens(60)).await.unwrap());
    store.flush().await;
    let error = limiter.acquire(tokens(41)).await.unwrap_err();
    assert_eq!(blocked_by(&error), (Some(QuotaLimit::TokensPerMinute), Some("model")));
    drop(limiter.acquire(tokens(40)).await.unwrap());
}

#[tokio::test]
async fn a_lost_script_is_loaded_again() {
    let Some(server) = Server::start("a_lost_script_is_loaded_again") else { return };
    let (store, mut connection) = (store(&server), server.client().get_connection().unwrap());
    let limiter = limiter(&store, &[("model", limits().max_concurrency(1))]);
    for _ in 0..3 {
        let permit = limiter.acquire(tokens(0)).await.unwrap();
        let () = redis::cmd("SCRIPT").arg("FLUSH").query(&mut connection).unwrap();
        drop(permit);
        store.flush().await;
    }
}

#[tokio::test]
async fn a_shorter_lease_of_another_process_keeps_the_longer_leases() {
    let name = "a_shorter_lease_of_another_process_keeps_the_longer_leases";
    let Some(server) = Server::start(name) else { return };
    let long = builder(&server).lease(Duration::from_secs(3_600)).build().unwrap();
    let keys = [("model", limits().max_concurrency(3).requests_per_minute(10))];
    let held = limiter(&long, &keys).acquire(tokens(0)).await.unwrap();
    drop(limiter(&store(&server), &keys).acquire(tokens(0)).await.unwrap());
    let mut connection = server.client().get_connection().unwrap();
    for part in ["counts", "requests", "leases"] {
        let seconds: i64 = connection.ttl(format!("{{invoke-model-quota}}:model:{part}")).unwrap();
        assert!(seconds > 1_800, "{part} expires after {seconds} s");
    }
    drop(held);
}

/// Makes a call that the store does not admit, and returns the error. Checks that the endpoint received no
/// request.
async fn failed_call(limiter: QuotaLimiter) -> (String, QuotaStoreError) {
    let local = LocalEndpoint::start().await.unwrap();
    let client = client(&local.url(), limiter, Duration::ZERO);
    let call = client.invoke_model().model_id("meta.llama3-8b-instruct-v1:0").body(r#"{"prompt":"one"}"#);
    let error = call.send().await.unwrap_err();
    assert_eq!(error.class(), FailureClass::NotSent);
    assert!(local.calls().is_empty());
    let text = error.to_string();
    match error.into_kind() {
        ErrorKind::Quota(QuotaError::Store(error)) => (text, error),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn state_of_another_version_fails_the_call() {
    let Some(server) = Server::start("state_of_another_version_fails_the_call") else { return };
    let mut connection = server.client().get_connection().unwrap();
    let counts = "{invoke-model-quota}:tenant:counts";
    let () = connection.hset(counts, "version", "2").unwrap();
    let keys = [("model", limits().max_concurrency(1)), ("tenant", limits().max_concurrency(1))];
    let (text, error) = failed_call(limiter(&store(&server), &keys)).await;
    assert!(matches!(&error, QuotaStoreError::Version { key, .. } if &**key == "tenant"), "{error:?}");
    let expected = "contains version `2` of the state of the key `tenant`, and this program uses version `1`: use \
                    the same version in all programs, or another namespace";
    assert!(
        text.contains("request not sent: the quota store 127.0.0.1:") && text.contains(expected),
        "{text}"
    );
}

#[tokio::test]
async fn an_error_of_the_script_fails_the_call() {
    let Some(server) = Server::start("an_error_of_the_script_fails_the_call") else { return };
    let mut connection = server.client().get_connection().unwrap();
    let () = connection.set("{invoke-model-quota}:model:counts", "text").unwrap();
    let keys = [("model", limits().max_concurrency(1))];
    let (text, error) = failed_call(limiter(&store(&server), &keys)).await;
    assert!(matches!(error, QuotaStoreError::Failed { .. }), "{error:?}");
    assert!(text.contains("WRONGTYPE"), "{text}");
}

#[tokio::test]
async fn a_rejected_password_is_not_in_the_error() {
    let Some(server) = Server::start("a_rejected_password_is_not_in_the_error") else { return };
    let url = server.url().replace("://", "://user:hunter2@");
    let store = RedisQuotaStore::builder(url).timeout(Duration::from_secs(60)).build().unwrap();
    assert!(!format!("{store:?}").contains("hunter2"));
    let (text, error) = failed_call(limiter(&store, &[("model", limits().max_concurrency(1))])).await;
    assert!(matches!(error, QuotaStoreError::Failed { .. }), "{error:?}");
    assert!(!text.contains("hunter2"), "{text}");
}

#[test]
fn settings_are_checked() {
    let check = |builder: RedisQuotaStoreBuilder, expected: &str| {
        let text = builder.build().unwrap_err().to_string();
        assert!(text.contains(expected) && !text.contains("hunter2"), "{text}");
    };
    let valid = || RedisQuotaStore::builder("redis://127.0.0.1");
    check(RedisQuotaStore::builder("http://user:hunter2@host"), "url: expected `redis://");
    let tls = || RedisQuotaStore::builder("rediss://user:hunter2@host");
    assert!(tls().build().is_ok());
    check(tls().root_certificates_pem("text"), "root_certificates_pem: needs a `rediss://` URL");
    check(valid().root_certificates_pem(""), "root_certificates_pem: needs a `rediss://` URL");
    check(valid().namespace(""), "namespace: must not be empty");
    check(valid().namespace("a}b"), "namespace: must not be empty or contain braces");
    check(valid().lease(Duration::ZERO), "lease: must not be zero");
    check(valid().timeout(Duration::ZERO), "timeout, lease: must not be zero");
    assert!(valid().build().is_ok());
}
