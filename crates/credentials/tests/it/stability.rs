//! Static stability: credentials of instance metadata stay in use after their expiry.

use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use invoke_model_credentials::{
    CredentialsCache, CredentialsCacheConfig, DefaultCredentialsChainBuilder, ProvideCredentials, TimeSource,
};

use crate::fake::{Fake, Step};
use crate::home::{Home, now};
use crate::responses::{FAR, instance_response};

const HOUR: Duration = Duration::from_secs(3600);
const MINUTE: Duration = Duration::from_secs(60);

/// A clock that the test sets.
#[derive(Clone)]
struct Clock(Arc<Mutex<SystemTime>>);

impl Clock {
    fn new() -> Self {
        Self(Arc::new(Mutex::new(now())))
    }

    fn advance(&self, duration: Duration) {
        *self.0.lock().unwrap() += duration;
    }

    fn now(&self) -> SystemTime {
        *self.0.lock().unwrap()
    }

    fn source(&self) -> TimeSource {
        let clock = self.clone();
        TimeSource::new(move || clock.now())
    }
}

/// The steps of a load of credentials that expire at 13:00, 24 minutes after the start of the test.
fn load(id: &str, expiry: &str) -> Vec<Step> {
    let response = instance_response(id).replace(FAR, expiry);
    ["the-token", "role-name", &response].map(|body| Step::responds(200, body)).into()
}

fn chain(fake: &Fake, clock: &Clock) -> DefaultCredentialsChainBuilder {
    Home::new().unset("AWS_EC2_METADATA_DISABLED").chain(fake).time_source(clock.source())
}

fn cache(fake: &Fake, clock: &Clock) -> CredentialsCache {
    let chain = chain(fake, clock).build();
    CredentialsCache::with_config(chain, CredentialsCacheConfig::default(), clock.source())
}

fn outage() -> [Step; 3] {
    [503; 3].map(|status| Step::responds(status, ""))
}

#[tokio::test(start_paused = true)]
async fn expired_credentials_of_instance_metadata_are_used() {
    let (fake, clock) = (Fake::with_steps(load("ASIAOLD", "2015-08-30T12:00:00Z")), Clock::new());
    let credentials = cache(&fake, &clock).credentials().await.unwrap();
    assert_eq!(credentials.access_key_id(), "ASIAOLD");
    let extension = credentials.expiry().unwrap().duration_since(now()).unwrap();
    assert!((MINUTE * 10..=MINUTE * 15).contains(&extension), "{extension:?}");
}

#[tokio::test(start_paused = true)]
async fn an_outage_of_instance_metadata_does_not_end_the_use_of_credentials() {
    let (fake, clock) = (Fake::with_steps(load("ASIAOLD", "2015-08-30T13:00:00Z")), Clock::new());
    let cache = cache(&fake, &clock);
    let id = async || cache.credentials().await.unwrap().access_key_id().to_owned();
    assert_eq!(id().await, "ASIAOLD");
    for _ in 0..3 {
        clock.advance(HOUR);
        fake.add(outage());
        assert_eq!(id().await, "ASIAOLD");
    }
    // Instance metadata still returns the old credentials.
    clock.advance(HOUR);
    fake.add(load("ASIAOLD", "2015-08-30T13:00:00Z"));
    assert_eq!(id().await, "ASIAOLD");
    clock.advance(HOUR);
    fake.add(load("ASIANEW", FAR));
    assert_eq!(id().await, "ASIANEW");
}

#[tokio::test(start_paused = true)]
async fn a_service_that_rejects_expired_credentials_causes_one_reload() {
    let (fake, clock) = (Fake::with_steps(load("ASIAOLD", "2015-08-30T12:00:00Z")), Clock::new());
    let cache = cache(&fake, &clock);
    let rejected = cache.credentials().await.unwrap();
    cache.invalidate(&rejected);
    fake.add(load("ASIANEW", FAR));
    assert_eq!(cache.credentials().await.unwrap().access_key_id(), "ASIANEW");
}

/// The cache keeps valid credentials after a failed refresh. It needs the error for its backoff.
#[tokio::test(start_paused = true)]
async fn a_failed_refresh_before_the_expiry_is_an_error() {
    let (fake, clock) = (Fake::with_steps(load("ASIAOLD", "2015-08-30T13:00:00Z")), Clock::new());
    let chain = chain(&fake, &clock).build();
    chain.provide_credentials().await.unwrap();
    fake.add(outage());
    let error = chain.provide_credentials().await.unwrap_err().to_string();
    assert!(error.contains("HTTP 503"), "{error}");
    clock.advance(HOUR);
    fake.add(outage());
    assert_eq!(chain.provide_credentials().await.unwrap().access_key_id(), "ASIAOLD");
}

#[tokio::test(start_paused = true)]
async fn without_earlier_credentials_an_outage_is_an_error() {
    let (fake, clock) = (Fake::with_steps(outage()), Clock::new());
    let error = cache(&fake, &clock).credentials().await.unwrap_err().to_string();
    assert!(error.contains("HTTP 503"), "{error}");
}
