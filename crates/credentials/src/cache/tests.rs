//! Tests the credentials cache with a scripted provider and a paused clock.

mod runtimes;

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use tokio::runtime::{Builder, Runtime};
use tokio::time::{Instant, advance, sleep};

use super::load::LoadedCredentials;
use super::*;

const HOUR: Duration = Duration::from_secs(3600);
const MINUTE: Duration = Duration::from_secs(60);

/// The result of one call to the provider.
#[derive(Clone, Copy, Debug)]
enum Step {
    /// The provider returns credentials with this lifetime. The lifetime begins at the start of the call.
    /// `None` means that the credentials do not expire.
    Succeeds(Option<Duration>),
    Fails,
    Panics,
}

use Step::{Fails, Panics, Succeeds};

/// A provider that runs its steps in order, and then repeats the last step. Each step has a delay. The access
/// key id contains the number of the call.
#[derive(Clone, Debug)]
struct Script(Arc<Mutex<State>>);

#[derive(Debug)]
struct State {
    steps: VecDeque<(Duration, Step)>,
    calls: usize,
}

impl Script {
    fn new(steps: &[(Duration, Step)]) -> Self {
        Self(Arc::new(Mutex::new(State { steps: steps.iter().copied().collect(), calls: 0 })))
    }

    fn calls(&self) -> usize {
        self.0.lock().unwrap().calls
    }

    fn next(&self) -> (usize, Duration, Step) {
        let mut state = self.0.lock().unwrap();
        state.calls += 1;
        let (delay, step) = match state.steps.len() {
            1 => state.steps[0],
            _ => state.steps.pop_front().unwrap(),
        };
        (state.calls, delay, step)
    }
}

impl ProvideCredentials for Script {
    fn provide_credentials(&self) -> CredentialsFuture<'_> {
        Box::pin(async move {
            let (call, delay, step) = self.next();
            let now = now();
            sleep(delay).await;
            match step {
                Succeeds(lifetime) => {
                    let (id, secret) = (format!("AKID{call}"), format!("secret{call}"));
                    Ok(Credentials::new(id, secret, None)
                        .with_expiry(lifetime.map(|lifetime| now + lifetime)))
                }
                Fails => Err("the scripted provider failed".into()),
                Panics => panic!("scripted panic"),
            }
        })
    }
}

/// Returns the time of tokio's clock as a `SystemTime`.
fn now() -> SystemTime {
    thread_local!(static START: Instant = Instant::now());
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_440_938_160) + START.with(Instant::elapsed)
}

fn cache(script: &Script) -> CredentialsCache {
    CredentialsCache::with_config(script.clone(), CredentialsCacheConfig::default(), TimeSource::new(now))
}

/// Returns the access key id that a call loads without waiting.
#[track_caller]
fn id_without_waiting(cache: &CredentialsCache) -> String {
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    match std::pin::pin!(cache.credentials()).poll(&mut context) {
        std::task::Poll::Ready(loaded) => loaded.unwrap().access_key_id().to_owned(),
        std::task::Poll::Pending => panic!("the call waits"),
    }
}

async fn id(cache: &CredentialsCache) -> String {
    cache.credentials().await.unwrap().access_key_id().to_owned()
}

async fn error(cache: &CredentialsCache) -> String {
    cache.credentials().await.unwrap_err().to_string()
}

/// Lets all ready tasks run.
async fn run_ready_tasks() {
    for _ in 0..8 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test(start_paused = true)]
async fn concurrent_calls_share_one_load() {
    let script = Script::new(&[(MINUTE / 6, Succeeds(Some(HOUR)))]);
    let cache = cache(&script);
    let waiting: Vec<_> = (0..64)
        .map(|_| {
            let cache = cache.clone();
            tokio::spawn(async move { id(&cache).await })
        })
        .collect();
    for waiting in waiting {
        assert_eq!(waiting.await.unwrap(), "AKID1");
    }
    assert_eq!(id_without_waiting(&cache), "AKID1");
    assert_eq!(script.calls(), 1);
}

#[tokio::test(start_paused = true)]
async fn dropping_a_waiting_call_does_not_cancel_the_load() {
    let script = Script::new(&[(Duration::from_secs(10), Succeeds(None))]);
    let cache = cache(&script);
    // The first call starts the load. The call is dropped long before the load finishes.
    tokio::time::timeout(Duration::from_secs(1), cache.credentials()).await.unwrap_err();
    let start = Instant::now();
    assert_eq!(id(&cache).await, "AKID1");
    assert_eq!(start.elapsed().as_secs(), 9);
    assert_eq!(script.calls(), 1);
}

#[tokio::test(start_paused = true)]
async fn refreshes_in_the_background_before_the_expiry() {
    let script = Script::new(&[(Duration::ZERO, Succeeds(Some(HOUR))), (MINUTE, Succeeds(Some(HOUR)))]);
    let cache = cache(&script);
    assert_eq!(id(&cache).await, "AKID1");
    // The refresh is due five minutes before the expiry, or up to one minute earlier, because the cache adds
    // a random time.
    advance(HOUR - MINUTE * 7).await;
    assert_eq!(id_without_waiting(&cache), "AKID1");
    run_ready_tasks().await;
    assert_eq!(script.calls(), 1);
    advance(MINUTE * 2).await;
    for _ in 0..64 {
        assert_eq!(id_without_waiting(&cache), "AKID1");
    }
    run_ready_tasks().await;
    assert_eq!(script.calls(), 2);
    advance(MINUTE).await;
    run_ready_tasks().await;
    assert_eq!(id_without_waiting(&cache), "AKID2");
    assert_eq!(script.calls(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_stalled_refresh_does_not_delay_calls_before_the_expiry() {
    let script = Script::new(&[(Duration::ZERO, Succeeds(Some(HOUR))), (HOUR, Succeeds(Some(HOUR)))]);
    let cache = cache(&script);
    assert_eq!(id(&cache).await, "AKID1");
    advance(HOUR - MINUTE * 5).await;
    for _ in 0..299 {
        assert_eq!(id_without_waiting(&cache), "AKID1");
        advance(Duration::from_secs(1)).await;
        run_ready_tasks().await;
    }
    // Each refresh timed out after 30 seconds, and a backoff followed.
    assert!((4..=10).contains(&script.calls()), "{}", script.calls());
    advance(Duration::from_secs(1)).await;
    assert_eq!(
        error(&cache).await,
        "no credentials: the provider did not finish within 30s; raise `load_timeout` of CredentialsCacheConfig"
    );
}

#[tokio::test(start_paused = true)]
async fn a_failed_refresh_keeps_the_credentials_and_backs_off() {
    let script = Script::new(&[(Duration::ZERO, Succeeds(Some(HOUR))), (Duration::ZERO, Fails)]);
    let cache = cache(&script);
    assert_eq!(id(&cache).await, "AKID1");
    advance(HOUR - MINUTE * 5).await;
    for _ in 0..299 {
        assert_eq!(id_without_waiting(&cache), "AKID1");
        run_ready_tasks().await;
        advance(Duration::from_secs(1)).await;
    }
    // The backoffs are between 2.5 and 5, 5 and 10, 10 and 20, 20 and 40, and then 30 and 60 seconds.
    assert!((8..=15).contains(&script.calls()), "{}", script.calls());
    advance(Duration::from_secs(1)).await;
    // The cache never returns expired credentials.
    assert_eq!(error(&cache).await, "no credentials: the scripted provider failed");
}

#[tokio::test(start_paused = true)]
async fn a_call_without_credentials_ignores_the_backoff() {
    let script =
        Script::new(&[(Duration::ZERO, Fails), (Duration::ZERO, Fails), (Duration::ZERO, Succeeds(None))]);
    let cache = cache(&script);
    assert!(cache.credentials().await.is_err());
    assert!(cache.credentials().await.is_err());
    assert_eq!(id(&cache).await, "AKID3");
}

#[tokio::test(start_paused = true)]
async fn a_panic_of_the_provider_is_an_error_and_the_next_call_retries() {
    let script = Script::new(&[(Duration::ZERO, Panics), (Duration::ZERO, Succeeds(None))]);
    let cache = cache(&script);
    assert!(matches!(cache.credentials().await, Err(CredentialsError::LoadAborted)));
    assert_eq!(id(&cache).await, "AKID2");
}

#[test]
fn loads_again_after_the_runtime_of_the_load_was_dropped() {
    let script = Script::new(&[(HOUR, Succeeds(None)), (Duration::ZERO, Succeeds(None))]);
    let (cache, first) = (cache(&script), paused());
    start_load(&first, &cache);
    drop(first);
    assert_eq!(paused().block_on(id(&cache)), "AKID2");
}

fn paused() -> Runtime {
    Builder::new_current_thread().enable_time().start_paused(true).build().unwrap()
}

/// Starts a load in `runtime`, and leaves the runtime before the load ends.
fn start_load(runtime: &Runtime, cache: &CredentialsCache) {
    runtime.block_on(async {
        tokio::select! {
            _ = cache.credentials() => unreachable!("the load takes time"),
            () = run_ready_tasks() => {}
        }
    });
}

#[tokio::test(start_paused = true)]
async fn invalidate_discards_only_the_rejected_credentials() {
    let script = Script::new(&[(Duration::ZERO, Succeeds(Some(HOUR)))]);
    let cache = cache(&script);
    let rejected = cache.credentials().await.unwrap();
    cache.invalidate(&rejected);
    assert_eq!(id(&cache).await, "AKID2");
    // Another call used the same credentials, and reports the rejection later.
    cache.invalidate(&rejected);
    assert_eq!(id_without_waiting(&cache), "AKID2");
    assert_eq!(script.calls(), 2);
}

#[tokio::test(start_paused = true)]
async fn credentials_that_expire_while_they_load_are_an_error() {
    let script = Script::new(&[(MINUTE / 4, Succeeds(Some(Duration::from_secs(10))))]);
    let error = error(&cache(&script)).await;
    assert_eq!(
        error,
        "the credentials expired at Sun, 30 Aug 2015 12:36:10 GMT, and the clock of this machine shows Sun, 30 Aug 2015 \
         12:36:15 GMT: get new credentials, or correct the clock if it is ahead"
    );
}

#[tokio::test(start_paused = true)]
async fn credentials_without_expiry_are_refreshed_and_stay_valid() {
    let script = Script::new(&[(Duration::ZERO, Succeeds(None)), (Duration::ZERO, Fails)]);
    let cache = cache(&script);
    assert_eq!(id(&cache).await, "AKID1");
    advance(MINUTE * 15).await;
    assert_eq!(id_without_waiting(&cache), "AKID1");
    run_ready_tasks().await;
    assert_eq!(script.calls(), 2);
    advance(HOUR * 24).await;
    assert_eq!(id_without_waiting(&cache), "AKID1");
}

#[tokio::test(start_paused = true)]
async fn credentials_close_to_their_expiry_are_refreshed_after_half_their_lifetime() {
    // Instance metadata returns the same credentials until it has new credentials.
    let end = now() + HOUR;
    let script = Script::new(&[(Duration::ZERO, Succeeds(Some(HOUR)))]);
    let cache = cache(&script);
    assert_eq!(id(&cache).await, "AKID1");
    let late = LoadedCredentials::new(
        Arc::new(Credentials::new("a", "b", None).with_expiry(end)),
        &CredentialsCacheConfig::default(),
        end - MINUTE,
    );
    // The refresh is due after half of the remaining minute.
    assert!(!late.is_due(end - MINUTE * 31 / 60) && late.is_due(end - MINUTE / 2));
}

#[tokio::test(start_paused = true)]
async fn dropping_the_cache_aborts_the_load() {
    let script = Script::new(&[(HOUR, Succeeds(None))]);
    let cache = cache(&script);
    tokio::time::timeout(Duration::from_secs(1), cache.credentials()).await.unwrap_err();
    let provider = Arc::downgrade(&script.0);
    drop((cache, script));
    run_ready_tasks().await;
    assert_eq!(provider.strong_count(), 0);
}

/// Returns a cache whose clock shows one hour after the Unix epoch.
fn fixed_cache(provider: impl ProvideCredentials) -> CredentialsCache {
    let time_source = TimeSource::new(|| SystemTime::UNIX_EPOCH + HOUR);
    CredentialsCache::with_config(provider, CredentialsCacheConfig::default(), time_source)
}

#[test]
fn static_credentials_need_no_runtime() {
    let load = |expiry: Option<Duration>| {
        let expiry = expiry.map(|expiry| SystemTime::UNIX_EPOCH + expiry);
        let cache = fixed_cache(Credentials::new("AKID", "secret", None).with_expiry(expiry));
        assert!(cache.is_static());
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        match std::pin::pin!(cache.credentials()).poll(&mut context) {
            std::task::Poll::Ready(loaded) => loaded,
            std::task::Poll::Pending => panic!("the call waits"),
        }
    };
    assert!(load(None).is_ok());
    assert!(load(Some(HOUR * 2)).is_ok());
    assert!(matches!(load(Some(HOUR)), Err(CredentialsError::Expired { .. })));
}

#[tokio::test(start_paused = true)]
async fn a_cache_of_a_cache_is_the_same_cache() {
    let script = Script::new(&[(Duration::ZERO, Succeeds(Some(HOUR)))]);
    let inner = cache(&script);
    let rejected = inner.credentials().await.unwrap();
    let outer = fixed_cache(SharedCredentialsProvider::new(inner.clone()));
    assert!(Arc::ptr_eq(&outer.credentials().await.unwrap(), &rejected));
    outer.invalidate(&rejected);
    assert_eq!(id(&inner).await, "AKID2");
    assert_eq!(id_without_waiting(&outer), "AKID2");
    assert_eq!(script.calls(), 2);
}

#[tokio::test(start_paused = true)]
async fn shared_providers_do_not_cache() {
    let script = Script::new(&[(Duration::ZERO, Succeeds(None))]);
    let shared = SharedCredentialsProvider::new(script.clone());
    for expected in ["AKID1", "AKID2"] {
        assert_eq!(shared.clone().provide_credentials().await.unwrap().access_key_id(), expected);
    }
    let fixed = SharedCredentialsProvider::new(Credentials::new("AKID", "secret", None));
    assert_eq!(fixed.provide_credentials().await.unwrap().access_key_id(), "AKID");
}

#[tokio::test(start_paused = true)]
async fn debug_redacts_secrets() {
    let credentials = Credentials::new("AKID", "the-secret", Some("the-token".into()));
    let cache = fixed_cache(credentials.clone());
    let shown = format!(
        "{cache:?} {:?} {:?}",
        cache.credentials().await,
        SharedCredentialsProvider::new(credentials)
    );
    assert!(
        shown.contains("AKID") && !shown.contains("the-secret") && !shown.contains("the-token"),
        "{shown}"
    );
}
