//! The cache, over a provider that answers from a script, in virtual time.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use tokio::time::{Instant, advance, sleep};

use super::*;
use crate::config::Clock;

const HOUR: Duration = Duration::from_secs(3600);
const MINUTE: Duration = Duration::from_secs(60);

/// What a provider does when it is asked, after a delay.
#[derive(Clone, Copy, Debug)]
enum Answer {
    /// Credentials that live so long from when it was asked; those without are good for ever.
    Good(Option<Duration>),
    Fails,
    Panics,
}

use Answer::{Fails, Good, Panics};

/// Gives its answers in order, and the last one for ever; the secret tells how often it was asked.
#[derive(Clone, Debug)]
struct Script(Arc<Mutex<State>>);

#[derive(Debug)]
struct State {
    answers: VecDeque<(Duration, Answer)>,
    asked: usize,
}

impl Script {
    fn new(answers: &[(Duration, Answer)]) -> Self {
        Self(Arc::new(Mutex::new(State { answers: answers.iter().copied().collect(), asked: 0 })))
    }

    fn asked(&self) -> usize {
        self.0.lock().unwrap().asked
    }

    fn next(&self) -> (usize, Duration, Answer) {
        let mut state = self.0.lock().unwrap();
        state.asked += 1;
        let (delay, answer) = match state.answers.len() {
            1 => state.answers[0],
            _ => state.answers.pop_front().unwrap(),
        };
        (state.asked, delay, answer)
    }
}

impl ProvideCredentials for Script {
    fn provide_credentials(&self) -> CredentialsFuture<'_> {
        Box::pin(async move {
            let (asked, delay, answer) = self.next();
            let now = now();
            sleep(delay).await;
            match answer {
                Good(life) => {
                    let (id, secret) = (format!("AKID{asked}"), format!("secret{asked}"));
                    Ok(Credentials::new(id, secret, None).with_expiry(life.map(|life| now + life)))
                }
                Fails => Err("the script says so".into()),
                Panics => panic!("the script says so"),
            }
        })
    }
}

/// The time of tokio's clock as a time of day.
fn now() -> SystemTime {
    thread_local!(static START: Instant = Instant::now());
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_440_938_160) + START.with(Instant::elapsed)
}

fn cache(script: &Script) -> CredentialsCache {
    CredentialsCache::new(Arc::new(script.clone()), CredentialsCacheConfig::default(), Clock::new(now))
}

/// The id of the credentials that a call gets at once, without waiting for anything.
#[track_caller]
fn at_once(cache: &CredentialsCache) -> String {
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    match std::pin::pin!(cache.load()).poll(&mut context) {
        std::task::Poll::Ready(loaded) => loaded.unwrap().credentials.access_key_id().to_owned(),
        std::task::Poll::Pending => panic!("a call waits"),
    }
}

async fn id(cache: &CredentialsCache) -> String {
    cache.load().await.unwrap().credentials.access_key_id().to_owned()
}

async fn words(cache: &CredentialsCache) -> String {
    cache.load().await.unwrap_err().to_string()
}

/// Lets tasks that are ready run.
async fn settle() {
    for _ in 0..8 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test(start_paused = true)]
async fn sixty_four_that_wait_wait_for_one_flight() {
    let script = Script::new(&[(MINUTE / 6, Good(Some(HOUR)))]);
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
    assert_eq!(at_once(&cache), "AKID1");
    assert_eq!(script.asked(), 1);
}

#[tokio::test(start_paused = true)]
async fn who_gives_up_takes_nothing_from_the_others() {
    let script = Script::new(&[(Duration::from_secs(10), Good(None))]);
    let cache = cache(&script);
    // The first one starts the flight, and is gone long before it lands.
    tokio::time::timeout(Duration::from_secs(1), cache.load()).await.unwrap_err();
    let start = Instant::now();
    assert_eq!(id(&cache).await, "AKID1");
    assert_eq!(start.elapsed().as_secs(), 9);
    assert_eq!(script.asked(), 1);
}

#[tokio::test(start_paused = true)]
async fn what_is_about_to_expire_is_loaded_beside_the_calls() {
    let script = Script::new(&[(Duration::ZERO, Good(Some(HOUR))), (MINUTE, Good(Some(HOUR)))]);
    let cache = cache(&script);
    assert_eq!(id(&cache).await, "AKID1");
    // A fifth of the five minutes is added at random.
    advance(HOUR - MINUTE * 7).await;
    assert_eq!(at_once(&cache), "AKID1");
    settle().await;
    assert_eq!(script.asked(), 1);
    advance(MINUTE * 2).await;
    for _ in 0..64 {
        assert_eq!(at_once(&cache), "AKID1");
    }
    settle().await;
    assert_eq!(script.asked(), 2);
    advance(MINUTE).await;
    settle().await;
    assert_eq!(at_once(&cache), "AKID2");
    assert_eq!(script.asked(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_refresh_that_stalls_stalls_no_call_until_the_very_end() {
    let script = Script::new(&[(Duration::ZERO, Good(Some(HOUR))), (HOUR, Good(Some(HOUR)))]);
    let cache = cache(&script);
    assert_eq!(id(&cache).await, "AKID1");
    advance(HOUR - MINUTE * 5).await;
    for _ in 0..299 {
        assert_eq!(at_once(&cache), "AKID1");
        advance(Duration::from_secs(1)).await;
        settle().await;
    }
    // Each try ended after its 30 seconds, and then the provider was left alone for a while.
    assert!((4..=10).contains(&script.asked()), "{}", script.asked());
    advance(Duration::from_secs(1)).await;
    assert_eq!(
        words(&cache).await,
        "no credentials: the provider was not done after 30s; a longer `timeout` in CredentialsCacheConfig waits longer"
    );
}

#[tokio::test(start_paused = true)]
async fn after_a_refresh_that_failed_the_old_ones_stay_and_the_provider_is_left_alone() {
    let script = Script::new(&[(Duration::ZERO, Good(Some(HOUR))), (Duration::ZERO, Fails)]);
    let cache = cache(&script);
    assert_eq!(id(&cache).await, "AKID1");
    advance(HOUR - MINUTE * 5).await;
    for _ in 0..299 {
        assert_eq!(at_once(&cache), "AKID1");
        settle().await;
        advance(Duration::from_secs(1)).await;
    }
    // 2.5..5, 5..10, 10..20, 20..40, then 30..60 seconds apart.
    assert!((8..=15).contains(&script.asked()), "{}", script.asked());
    advance(Duration::from_secs(1)).await;
    // Expired ones are never used.
    assert_eq!(words(&cache).await, "no credentials: the script says so");
}

#[tokio::test(start_paused = true)]
async fn a_call_that_finds_nothing_always_asks() {
    let script =
        Script::new(&[(Duration::ZERO, Fails), (Duration::ZERO, Fails), (Duration::ZERO, Good(None))]);
    let cache = cache(&script);
    assert!(cache.load().await.is_err());
    assert!(cache.load().await.is_err());
    assert_eq!(id(&cache).await, "AKID3");
}

#[tokio::test(start_paused = true)]
async fn the_provider_s_panic_is_an_error_and_the_next_call_asks_again() {
    let script = Script::new(&[(Duration::ZERO, Panics), (Duration::ZERO, Good(None))]);
    let cache = cache(&script);
    assert!(matches!(cache.load().await, Err(CredentialsError::Abandoned)));
    assert_eq!(id(&cache).await, "AKID2");
}

#[test]
fn a_cache_outlives_the_runtime_that_its_flight_was_in() {
    let runtime = || tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let script = Script::new(&[(HOUR, Good(None)), (Duration::ZERO, Good(None))]);
    let cache = cache(&script);
    let first = runtime();
    first.block_on(async {
        tokio::select! {
            _ = cache.load() => unreachable!("it takes an hour"),
            () = settle() => {}
        }
    });
    drop(first);
    assert_eq!(runtime().block_on(id(&cache)), "AKID2");
}

#[tokio::test(start_paused = true)]
async fn refused_ones_are_forgotten_and_only_those() {
    let script = Script::new(&[(Duration::ZERO, Good(Some(HOUR)))]);
    let cache = cache(&script);
    let refused = cache.load().await.unwrap();
    cache.invalidate(&refused);
    assert_eq!(id(&cache).await, "AKID2");
    // Another call was refused with the same ones, and says so late.
    cache.invalidate(&refused);
    assert_eq!(at_once(&cache), "AKID2");
    assert_eq!(script.asked(), 2);
}

#[tokio::test(start_paused = true)]
async fn those_that_come_expired_are_refused() {
    let script = Script::new(&[(MINUTE / 4, Good(Some(Duration::from_secs(10))))]);
    let error = words(&cache(&script)).await;
    assert!(error.starts_with("the credentials expired at Sun, 30 Aug 2015 12:36:10 GMT: "), "{error}");
}

#[tokio::test(start_paused = true)]
async fn those_without_expiry_are_loaded_anew_now_and_then() {
    let script = Script::new(&[(Duration::ZERO, Good(None)), (Duration::ZERO, Fails)]);
    let cache = cache(&script);
    assert_eq!(id(&cache).await, "AKID1");
    advance(MINUTE * 15).await;
    assert_eq!(at_once(&cache), "AKID1");
    settle().await;
    assert_eq!(script.asked(), 2);
    advance(HOUR * 24).await;
    assert_eq!(at_once(&cache), "AKID1");
}

#[tokio::test(start_paused = true)]
async fn a_provider_that_gives_what_is_due_already_is_not_asked_by_every_call() {
    // As instance metadata does, until it has new ones itself.
    let end = now() + HOUR;
    let script = Script::new(&[(Duration::ZERO, Good(Some(HOUR)))]);
    let cache = cache(&script);
    assert_eq!(id(&cache).await, "AKID1");
    let late = Loaded::renewable(
        Credentials::new("a", "b", None).with_expiry(end),
        &CredentialsCacheConfig::default(),
        end - MINUTE,
    );
    // Half of what is left.
    assert!(!late.is_due(end - MINUTE * 31 / 60) && late.is_due(end - MINUTE / 2));
}

#[tokio::test(start_paused = true)]
async fn a_cache_that_is_dropped_ends_its_flight() {
    let script = Script::new(&[(HOUR, Good(None))]);
    let cache = cache(&script);
    tokio::time::timeout(Duration::from_secs(1), cache.load()).await.unwrap_err();
    let provider = Arc::downgrade(&script.0);
    drop((cache, script));
    settle().await;
    assert_eq!(provider.strong_count(), 0);
}

#[test]
fn fixed_ones_need_no_runtime_and_are_never_loaded() {
    let identity = |expiry| {
        let given = Given::new(Credentials::new("AKID", "secret", None).with_expiry(expiry));
        assert!(matches!(given, Given::Fixed(_)));
        Identity::new(given, CredentialsCacheConfig::default(), Clock::new(|| SystemTime::UNIX_EPOCH + HOUR))
    };
    let load = |identity: Identity| {
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        match std::pin::pin!(identity.load()).poll(&mut context) {
            std::task::Poll::Ready(loaded) => loaded,
            std::task::Poll::Pending => panic!("a call waits"),
        }
    };
    assert!(load(identity(None)).is_ok());
    assert!(load(identity(Some(SystemTime::UNIX_EPOCH + HOUR * 2))).is_ok());
    assert!(matches!(
        load(identity(Some(SystemTime::UNIX_EPOCH + HOUR))),
        Err(CredentialsError::Expired { .. })
    ));
    assert!(matches!(load(Identity::None), Err(CredentialsError::NotGiven)));
}

#[test]
fn nothing_secret_is_shown() {
    let given = Credentials::new("AKID", "the-secret", Some("the-token".into()));
    let shown = format!("{:?}", Loaded::fixed(given));
    assert!(
        shown.contains("AKID") && !shown.contains("the-secret") && !shown.contains("the-token"),
        "{shown}"
    );
}
