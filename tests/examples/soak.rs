//! Makes many concurrent calls to a local endpoint that injects faults, and counts the outcomes of the calls.
//!
//! `cargo xtask soak` runs this program. The program prints the outcomes, and fails in these cases:
//! * a call has no outcome;
//! * the number of calls that the endpoint executed is smaller than the number of successful calls, or larger
//!   than the number of all calls;
//! * the number of requests that the endpoint received is larger than the number of attempts;
//! * memory grew by more than `MAX_GROWTH`;
//! * a connection or a task remains at the end.

#![allow(clippy::print_stdout, reason = "a command line tool")]
#![allow(clippy::unwrap_used, reason = "a failed check panics")]

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http::StatusCode;
use invoke_model_client::types::{
    InternalServerException, OperationError, ServiceUnavailableException, ThrottlingException,
};
use invoke_model_client::{Client, Config, Credentials, Error, RetryConfig, TimeoutConfig};
use invoke_model_local::{
    ConnectionEnd, Fault, FaultPoint, FaultRule, LocalEndpoint, RetryAfter, StreamFault,
};

const CALLS: u64 = 200_000;
const CONCURRENCY: usize = 64;

/// Maximum growth of memory after the first [`WARM_UP`] calls, in KiB.
const MAX_GROWTH: u64 = 8 * 1024;

/// Number of calls that fill the call log and the connection log of the endpoint.
const WARM_UP: u64 = 30_000;

/// Outcome of a call without an error.
const SUCCESS: &str = "success";

const MODEL: &str = "meta.llama3-8b-instruct-v1:0";
const BODY: &str = r#"{"prompt":"one two three four"}"#;

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let calls = std::env::args().nth(1).map_or(CALLS, |calls| calls.parse().unwrap());
    let local = Arc::new(LocalEndpoint::builder().fault_rules(fault_rules()).start().await.unwrap());
    let tasks = tokio::runtime::Handle::current().metrics().num_alive_tasks();
    let attempts = Arc::new(AtomicU64::new(0));
    let client = client(&local, &attempts);
    let outcomes = Mutex::new(BTreeMap::<String, u64>::new());
    let (next, baseline) = (AtomicU64::new(0), AtomicU64::new(0));

    let workers = (0..CONCURRENCY).map(|_| async {
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number >= calls {
                return;
            }
            if number == WARM_UP {
                baseline.store(resident_memory(), Ordering::Relaxed);
            }
            let outcome = if number % 3 == 0 { stream(&client).await } else { invoke(&client).await };
            *outcomes.lock().unwrap().entry(outcome).or_default() += 1;
        }
    });
    let start = tokio::time::Instant::now();
    futures_util::future::join_all(workers).await;
    let (elapsed, final_memory) = (start.elapsed(), resident_memory());
    drop(client);
    wait_for_cleanup(&local, tasks).await;

    let outcomes = outcomes.into_inner().unwrap();
    let (stats, attempts) = (local.stats(), attempts.load(Ordering::Relaxed));
    println!(
        "{calls} calls, {CONCURRENCY} concurrent, in {:.1} s; {attempts} attempts",
        elapsed.as_secs_f64()
    );
    println!(
        "endpoint: {} connections, {} requests, {} executed",
        stats.connections, stats.requests, stats.worked_on
    );
    let baseline = baseline.load(Ordering::Relaxed);
    println!("memory: {baseline} KiB after {WARM_UP} calls, {final_memory} KiB at the end");
    for (outcome, count) in &outcomes {
        println!("{count:>8}  {outcome}");
    }
    let left = local.connections().iter().filter(|connection| connection.is_open).count();
    let now = tokio::runtime::Handle::current().metrics().num_alive_tasks();
    println!("remaining: {left} connections, {} tasks", now.saturating_sub(tasks));

    let accounted: u64 = outcomes.values().sum();
    assert_eq!(accounted, calls, "every call must have an outcome");
    let succeeded = outcomes.get(SUCCESS).copied().unwrap_or_default();
    assert!(stats.worked_on >= succeeded, "the endpoint must have executed every successful call");
    assert!(
        stats.worked_on <= calls,
        "the endpoint must not execute a call twice: {} executed",
        stats.worked_on
    );
    assert!(attempts >= stats.requests, "every request must belong to an attempt");
    assert!(baseline == 0 || final_memory <= baseline + MAX_GROWTH, "memory grew");
    assert_eq!((left, now), (0, tasks), "no connection and no task may remain");
}

/// Returns the fault rules. Each rule has a different prime number as period, so the combinations of faults
/// vary.
fn fault_rules() -> Vec<FaultRule> {
    let throttled = || Fault::error(ThrottlingException::default());
    vec![
        FaultRule::reject_connection(ConnectionEnd::Reset).every(211),
        FaultRule::break_request(50, ConnectionEnd::Close).every(223),
        throttled().retry_after(RetryAfter::Milliseconds(1)).every(17),
        throttled().every(19),
        Fault::error(ServiceUnavailableException::default()).every(23),
        Fault::error(InternalServerException::default()).every(29),
        Fault::status(StatusCode::BAD_GATEWAY).body("<html>").every(31),
        Fault::garbage(Bytes::from_static(b"?\r\n\r\n")).every(37),
        Fault::new().break_at(FaultPoint::Request, ConnectionEnd::Close).every(41),
        Fault::new().break_at(FaultPoint::ResponseBytes(0), ConnectionEnd::Reset).every(43),
        Fault::new().break_at(FaultPoint::BodyBytes(20), ConnectionEnd::Close).every(47),
        Fault::new().break_at(FaultPoint::LastChunk, ConnectionEnd::Close).every(53),
        Fault::new().content_length(9999).operation("InvokeModel").every(59),
        Fault::new().drip(40, Duration::from_millis(1)).every(61),
        Fault::new().break_at(FaultPoint::Request, ConnectionEnd::Stall).every(997),
        Fault::new().break_at(FaultPoint::BodyBytes(20), ConnectionEnd::Stall).every(991),
        Fault::new()
            .break_stream(2, StreamFault::WrongChecksum)
            .operation("InvokeModelWithResponseStream")
            .every(67),
        Fault::new()
            .break_stream(3, StreamFault::Truncate { bytes: 30 })
            .operation("InvokeModelWithResponseStream")
            .every(71),
    ]
}

fn client(local: &LocalEndpoint, attempts: &Arc<AtomicU64>) -> Client {
    let credentials = Credentials::new(local.access_key_id(), local.secret_access_key(), None);
    let mut timeouts = TimeoutConfig::default();
    timeouts.first_byte = Some(Duration::from_millis(500));
    timeouts.idle = Some(Duration::from_millis(500));
    let mut retries = RetryConfig::default();
    retries.max_backoff = Duration::from_millis(5);
    let attempts = Arc::clone(attempts);
    let config = Config::builder()
        .region(local.region())
        .endpoint_url(local.url())
        .credentials_provider(credentials)
        .timeout_config(timeouts)
        .retry_config(retries)
        .on_attempt(move |_| _ = attempts.fetch_add(1, Ordering::Relaxed));
    Client::new(config).unwrap()
}

async fn invoke(client: &Client) -> String {
    let call = client.invoke_model().model_id(MODEL).body(BODY);
    call.send().await.map_or_else(|error| failure(&error), |_| SUCCESS.to_owned())
}

async fn stream(client: &Client) -> String {
    let call = client.invoke_model_with_response_stream().model_id(MODEL).body(BODY);
    let mut events = match call.send().await {
        Ok(output) => output.events,
        Err(error) => return failure(&error),
    };
    loop {
        match events.recv().await {
            Ok(Some(_)) => {}
            Ok(None) => return SUCCESS.to_owned(),
            Err(error) => return failure(&error),
        }
    }
}

/// Returns the code, the kind and the class of an error.
fn failure<E: OperationError>(error: &Error<E>) -> String {
    let kind = format!("{:?}", error.kind());
    let kind = kind.split(['(', ' ', '{']).next().unwrap_or_default();
    format!("{} ({kind}, {})", error.code().unwrap_or("without a code"), error.class())
}

/// Waits until the endpoint has closed its connections and at most `tasks` tasks are running. Gives up after
/// ten seconds.
async fn wait_for_cleanup(local: &LocalEndpoint, tasks: usize) {
    for _ in 0..200 {
        let open = local.connections().iter().any(|connection| connection.is_open);
        if !open && tokio::runtime::Handle::current().metrics().num_alive_tasks() <= tasks {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Returns the resident memory of this process in KiB (Linux only).
fn resident_memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or_default()
}
