//! A storm of calls that are dropped at random points. Afterwards, the client must hold no connection, slot or
//! quota of a dropped call.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use futures_util::future::join_all;
use http::StatusCode;
use invoke_model_client::types::ThrottlingException;
use invoke_model_client::{
    Client, Credentials, CredentialsFuture, HyperTransport, ProvideCredentials, QuotaLimiter,
};
use invoke_model_local::{ConnectionEnd, Fault, FaultPoint, LocalEndpoint};

use crate::end_to_end::config;

const LANES: u64 = 32;
const CALLS: u64 = 24;
const CONNECTIONS: usize = 4;

const MODEL: &str = "meta.llama3-8b-instruct-v1:0";
const BODY: &str = r#"{"prompt":"one two three four"}"#;

/// A provider that is pending several times before it returns.
#[derive(Clone)]
struct Pending(Credentials);

impl ProvideCredentials for Pending {
    fn provide_credentials(&self) -> CredentialsFuture<'_> {
        Box::pin(async {
            for _ in 0..4 {
                tokio::task::yield_now().await;
            }
            Ok(self.0.clone())
        })
    }
}

/// Returns a number that looks random. The same seed always returns the same number.
/// <https://prng.di.unimi.it/splitmix64.c>
fn random(seed: u64) -> u64 {
    let z = seed.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// Polls `call` at most `polls` times, and then drops it. Returns `true` if it has ended.
async fn drop_after<F: Future>(polls: u64, call: F) -> bool {
    let (mut call, mut left) = (pin!(call), polls);
    poll_fn(|cx| match call.as_mut().poll(cx) {
        Poll::Ready(_) => Poll::Ready(true),
        Poll::Pending if left == 0 => Poll::Ready(false),
        Poll::Pending => {
            left -= 1;
            Poll::Pending
        }
    })
    .await
}

async fn invoke(client: &Client, provider: Option<Pending>) -> Result<(), String> {
    let mut call = client.invoke_model().model_id(MODEL).body(BODY);
    if let Some(provider) = provider {
        call = call.credentials_provider(provider);
    }
    call.send().await.map(drop).map_err(|error| error.to_string())
}

async fn stream(client: &Client) -> Result<(), String> {
    let call = client.invoke_model_with_response_stream().model_id(MODEL).body(BODY);
    let mut events = call.send().await.map_err(|error| error.to_string())?.events;
    while events.recv().await.map_err(|error| error.to_string())?.is_some() {}
    Ok(())
}

async fn storm(client: Client, provider: Pending) {
    let lane = async |lane: u64| {
        let mut dropped = 0;
        for number in 0..CALLS {
            let random = random(lane * CALLS + number);
            let polls = random % 9;
            let ended = match random >> 8 & 3 {
                0 => drop_after(polls, stream(&client)).await,
                1 => drop_after(polls, invoke(&client, Some(provider.clone()))).await,
                _ => drop_after(polls, invoke(&client, None)).await,
            };
            dropped += u32::from(!ended);
        }
        dropped
    };
    let dropped: u32 = join_all((0..LANES).map(lane)).await.into_iter().sum();
    assert!(dropped > 100, "only {dropped} calls were dropped");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dropped_calls_hold_no_connection_slot_or_quota() {
    // The faults end before the last calls.
    let faults = [
        Fault::error(ThrottlingException::default()).first(40),
        Fault::status(StatusCode::BAD_GATEWAY).body("<html>").first(80),
        Fault::new().break_at(FaultPoint::BodyBytes(20), ConnectionEnd::Close).first(120),
    ];
    let local = Arc::new(LocalEndpoint::builder().fault_rules(faults).start().await.unwrap());
    let provider = Pending(Credentials::new(local.access_key_id(), local.secret_access_key(), None));
    let limiter = QuotaLimiter::builder().max_concurrency(8).build();
    let transport = HyperTransport::builder().max_connections_per_host(CONNECTIONS).build();
    let settings = config(&local).credentials_provider(provider.clone());
    let client = Client::new(settings.quota_limiter(limiter.clone()).transport(transport.clone())).unwrap();

    tokio::spawn(storm(client.clone(), provider)).await.unwrap();
    let usage = limiter.usage();
    assert_eq!((usage.in_flight, usage.waiting), (0, 0), "a dropped call holds a quota permit");

    let outcomes = join_all((0..64).map(|number| {
        let client = &client;
        async move { if number % 2 == 0 { invoke(client, None).await } else { stream(client).await } }
    }));
    let failures: Vec<_> = outcomes.await.into_iter().filter_map(Result::err).collect();
    assert_eq!(failures, Vec::<String>::new());

    // All slots can be used at the same time.
    let heads = (0..CONNECTIONS).map(|_| {
        let call = client.invoke_model_with_response_stream().model_id(MODEL).body(BODY);
        call.send()
    });
    let open = join_all(heads).await.into_iter().map(Result::unwrap).collect::<Vec<_>>();
    assert_eq!(limiter.usage().in_flight as usize, CONNECTIONS);
    drop(open);
    assert_eq!(limiter.usage().in_flight, 0);

    drop((client, transport));
    let closed = async {
        while local.connections().iter().any(|connection| connection.is_open) {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), closed).await.expect("a connection is still open");
}
