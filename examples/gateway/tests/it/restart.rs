//! Tests of a gateway that is killed and started again while clients make calls.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use invoke_model_client::types::{ConverseStream, ThrottlingException};
use invoke_model_client::{
    Budget, BudgetPeriod, Client, Config, Credentials, ErrorKind, EventStreamOutput, PriceTable, QuotaError,
    QuotaLimiter, QuotaLimits, RedisQuotaStore,
};
use invoke_model_local::{ConnectionEnd, Fault, FaultPoint, When};
use tokio::sync::Notify;

use crate::platform::{CONCURRENCY, INPUT_PRICE, OUTPUT_PRICE, Platform, SEARCH, converse, converse_stream};
use crate::server::Server;

/// More than the limit of concurrent calls, so that calls wait in the gateway.
const LANES: usize = 2 * CONCURRENCY;

/// The number of successful calls of a lane.
const CALLS: usize = 25;

/// Makes calls with different texts until [`CALLS`] of them have succeeded. Returns the texts of these calls.
async fn lane(lane: usize, client: Client, successes: Arc<AtomicUsize>, notify: Arc<Notify>) -> Vec<String> {
    let mut accepted = Vec::new();
    for number in 0..100_000 {
        if accepted.len() == CALLS {
            return accepted;
        }
        let text = format!("call {number} of lane {lane}");
        match converse(&client, &text).send().await {
            Ok(_) => {
                accepted.push(text);
                if successes.fetch_add(1, Ordering::Relaxed) + 1 == LANES * CALLS / 3 {
                    notify.notify_one();
                }
            }
            // The process was killed, or has not started yet.
            Err(error) if matches!(error.kind(), ErrorKind::Transport(_) | ErrorKind::Truncated(_)) => {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            Err(error) => panic!("{error}"),
        }
    }
    panic!("the gateway does not come back");
}

#[tokio::test(flavor = "multi_thread")]
async fn budgets_and_leases_survive_a_killed_gateway() {
    let Some(mut platform) = Platform::start("budgets_and_leases_survive_a_killed_gateway").await else {
        return;
    };
    for region in [&platform.virginia, &platform.oregon] {
        let stall = Fault::new().when(When::new().prompt_contains("stall"));
        region.inject(stall.break_at(FaultPoint::BodyBytes(200), ConnectionEnd::Stall));
    }
    platform.virginia.inject(Fault::error(ThrottlingException::default()).every(3));

    let client = platform.client(SEARCH);
    let (successes, notify) = (Arc::new(AtomicUsize::new(0)), Arc::new(Notify::new()));
    let lanes: Vec<_> = (0..LANES)
        .map(|number| tokio::spawn(lane(number, client.clone(), successes.clone(), notify.clone())))
        .collect();
    // Two streams are in progress when the gateway is killed.
    let streams = stalled_streams(&client, "before", 2).await;
    notify.notified().await;
    platform.kill();
    for mut stream in streams {
        assert!(stream.events.recv().await.is_err(), "the stream is not complete");
    }
    platform.restart();

    // The calls need the leases of the killed process.
    let mut accepted = Vec::new();
    for lane in lanes {
        accepted.extend(lane.await.unwrap());
    }
    // All leases of the killed process have returned.
    drop(stalled_streams(&client, "after", CONCURRENCY).await);
    platform.terminate();
    let calls = platform.calls();
    let (status, redis) = platform.wait().await;
    assert!(status.success(), "{status}");

    let mut executions = HashMap::new();
    let mut cost = 0;
    for call in calls.iter().filter(|call| call.worked_on) {
        let body: serde_json::Value = serde_json::from_slice(&call.body).unwrap();
        let text = body["messages"][0]["content"][0]["text"].as_str().unwrap().to_owned();
        *executions.entry(text).or_insert(0) += 1;
        cost += call.input_tokens.unwrap() * INPUT_PRICE + call.output_tokens.unwrap() * OUTPUT_PRICE;
    }
    assert!(executions.values().all(|count| *count == 1), "{executions:?}");
    assert!(accepted.iter().all(|text| executions.contains_key(text)));
    assert_eq!(accepted.len(), LANES * CALLS);
    assert!(calls.iter().any(|call| call.status == 429), "no call moved to another region");

    // The killed process could not report the tokens of its calls in flight, so their reservations count. The
    // reservations of the dropped streams count, too.
    let (used, reserved) = used(&redis).await;
    let most = cost + 2 * CONCURRENCY as u64 * reserved;
    assert!((cost..=most).contains(&used), "used {used}, cost {cost}, at most {most}");
}

/// Starts streams that stop after their first event. Returns them when each has received this event, so that all of them
/// are in progress at the same time.
async fn stalled_streams(
    client: &Client,
    name: &str,
    count: usize,
) -> Vec<EventStreamOutput<ConverseStream>> {
    let mut streams = Vec::new();
    for number in 0..count {
        let mut stream = converse_stream(client, &format!("stall {name} {number}")).send().await.unwrap();
        assert!(stream.events.recv().await.unwrap().is_some());
        streams.push(stream);
    }
    streams
}

/// Returns the amount that the store has counted for the tenant, and the amount that a call reserves, in billionths.
async fn used(redis: &Server) -> (u64, u64) {
    let store = RedisQuotaStore::builder(redis.url()).wait_after_server_start(false).build().unwrap();
    let prices = r#"{"currency": "USD", "models": {"*": {"input": 0.001, "output": 0.004}}}"#;
    let none = QuotaLimits::default().budget(Budget::money(0.0, BudgetPeriod::Month));
    let limiter = QuotaLimiter::builder().store(store).key("tenant=search", none);
    let limiter = limiter.price_table(PriceTable::from_json(prices).unwrap()).build();
    let config =
        Config::builder().region("us-east-1").credentials_provider(Credentials::new("id", "secret", None));
    let client = Client::new(config.endpoint_url("http://127.0.0.1:1").quota_limiter(limiter)).unwrap();
    let error = converse(&client, &"call of a lane".repeat(5)).send().await.unwrap_err();
    match error.kind() {
        ErrorKind::Quota(QuotaError::OverBudget { used, reserved, .. }) => (*used, *reserved),
        other => panic!("{other:?}"),
    }
}
