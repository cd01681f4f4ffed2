//! Tests of clients that are used in several tokio runtimes.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use invoke_model_client::{
    Client, ConfigBuilder, Credentials, CredentialsCacheConfig, CredentialsFuture, ProvideCredentials,
    RetryConfig, TimeoutConfig,
};
use invoke_model_local::LocalEndpoint;
use tokio::runtime::{Builder, Runtime};
use tokio::time::{Instant, sleep};

use crate::end_to_end::config;

const TITAN: &str = "amazon.titan-embed-text-v2:0";

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

/// Starts an endpoint in its own runtime. The runtime must be kept.
fn endpoint() -> (Runtime, LocalEndpoint) {
    let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let local = runtime.block_on(LocalEndpoint::start()).unwrap();
    (runtime, local)
}

async fn call(client: &Client) -> Result<(), String> {
    let call = client.invoke_model().model_id(TITAN).body(r#"{"inputText":"a"}"#);
    call.send().await.map(drop).map_err(|error| error.to_string())
}

/// A provider whose loads take a time. Counts its calls.
#[derive(Clone)]
struct Slow {
    credentials: Credentials,
    delay: Duration,
    calls: Arc<AtomicUsize>,
}

impl Slow {
    fn new(local: &LocalEndpoint, delay: Duration) -> Self {
        let credentials = Credentials::new(local.access_key_id(), local.secret_access_key(), None);
        Self { credentials, delay, calls: Arc::default() }
    }

    fn calls(&self) -> usize {
        self.calls.load(Ordering::Relaxed)
    }
}

impl ProvideCredentials for Slow {
    fn provide_credentials(&self) -> CredentialsFuture<'_> {
        Box::pin(async {
            self.calls.fetch_add(1, Ordering::Relaxed);
            sleep(self.delay).await;
            Ok(self.credentials.clone())
        })
    }
}

fn client(settings: ConfigBuilder) -> Client {
    // Without retries, a lost call is an error.
    Client::new(settings.retry_config(RetryConfig::disabled())).unwrap()
}

#[test]
fn a_runtime_per_call_on_many_threads_loses_no_call() {
    let (_server, local) = endpoint();
    let provider = Slow::new(&local, Duration::from_millis(1));
    let client = client(config(&local).credentials_provider(provider.clone()));
    let failures = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for _ in 0..25 {
                    if let Err(error) = runtime().block_on(call(&client)) {
                        failures.lock().unwrap().push(error);
                    }
                }
            });
        }
    });
    assert_eq!(failures.into_inner().unwrap(), Vec::<String>::new());
    assert_eq!(local.stats().worked_on, 200);
    assert_eq!(provider.calls(), 1);
}

#[test]
fn calls_alternate_between_runtimes_that_are_not_polled_meanwhile() {
    let (_server, local) = endpoint();
    let client = client(config(&local));
    let runtimes = [(); 4].map(|()| runtime());
    for _ in 0..3 {
        for runtime in &runtimes {
            runtime.block_on(call(&client)).unwrap();
        }
    }
    // Each runtime has one connection.
    assert_eq!(local.stats().connections, 4);
}

#[test]
fn a_call_succeeds_while_a_load_waits_in_a_runtime_that_is_not_polled() {
    let (_server, local) = endpoint();
    let provider = Slow::new(&local, Duration::from_millis(1));
    let cache = CredentialsCacheConfig::default().load_timeout(Duration::from_millis(500));
    let client = client(config(&local).credentials_provider(provider.clone()).credentials_cache(cache));
    let unpolled = runtime();
    let dropped = unpolled.block_on(async {
        tokio::select! {
            biased;
            result = call(&client) => Some(result),
            () = tokio::task::yield_now() => None,
        }
    });
    assert!(dropped.is_none(), "the load takes longer");
    runtime().block_on(call(&client)).unwrap();
}

#[test]
fn the_operation_timeout_of_a_call_ends_its_wait_for_another_runtime() {
    let (_server, local) = endpoint();
    let provider = Slow::new(&local, Duration::from_secs(3600));
    let timeouts =
        TimeoutConfig::default().operation(Duration::from_millis(500)).operation_includes_credentials(true);
    let client = client(config(&local).credentials_provider(provider.clone()).timeout_config(timeouts));
    let unpolled = runtime();
    unpolled.block_on(async {
        tokio::select! {
            biased;
            _ = call(&client) => unreachable!("the load takes an hour"),
            () = tokio::task::yield_now() => {}
        }
    });
    let paused = Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
    let start = paused.block_on(async { Instant::now() });
    let error = paused.block_on(call(&client)).unwrap_err();
    assert!(error.contains("operation timed out"), "{error}");
    assert_eq!(paused.block_on(async { start.elapsed() }).as_millis(), 500);
}
