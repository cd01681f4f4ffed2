//! `cargo xtask soak`: very many calls at once against an endpoint that breaks, every one of them accounted for.
//!
//! Says how they ended, and fails if one is missing, if more was worked on than was asked for, if memory grew, or if a
//! connection or a task was left behind.

#![allow(clippy::print_stdout, reason = "a command line tool")]
#![allow(clippy::unwrap_used, reason = "it ends where it finds what it does not expect")]

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

/// What memory may grow by, in KiB, after [`WARM`] calls.
const GROWTH: u64 = 8 * 1024;

/// By then the endpoint's log of calls and connections is as full as it gets.
const WARM: u64 = 30_000;

const MODEL: &str = "meta.llama3-8b-instruct-v1:0";
const BODY: &str = r#"{"prompt":"one two three four"}"#;

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let calls = std::env::args().nth(1).map_or(CALLS, |calls| calls.parse().unwrap());
    let local = Arc::new(LocalEndpoint::builder().faults(faults()).start().await.unwrap());
    let tasks = tokio::runtime::Handle::current().metrics().num_alive_tasks();
    let attempts = Arc::new(AtomicU64::new(0));
    let client = client(&local, &attempts);
    let outcomes = Mutex::new(BTreeMap::<String, u64>::new());
    let (next, early) = (AtomicU64::new(0), AtomicU64::new(0));

    let workers = (0..CONCURRENCY).map(|_| async {
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number >= calls {
                return;
            }
            if number == WARM {
                early.store(resident(), Ordering::Relaxed);
            }
            let outcome = if number % 3 == 0 { stream(&client).await } else { whole(&client).await };
            *outcomes.lock().unwrap().entry(outcome).or_default() += 1;
        }
    });
    let start = tokio::time::Instant::now();
    futures_util::future::join_all(workers).await;
    let (took, late) = (start.elapsed(), resident());
    drop(client);
    settled(&local, tasks).await;

    let outcomes = outcomes.into_inner().unwrap();
    let (stats, attempts) = (local.stats(), attempts.load(Ordering::Relaxed));
    println!("{calls} calls, {CONCURRENCY} at once, in {:.1} s; {attempts} attempts", took.as_secs_f64());
    println!(
        "endpoint: {} connections, {} requests, {} worked on",
        stats.connections, stats.requests, stats.worked_on
    );
    let early = early.load(Ordering::Relaxed);
    println!("memory: {early} KiB after {WARM} calls, {late} KiB at the end");
    for (outcome, times) in &outcomes {
        println!("{times:>8}  {outcome}");
    }
    let left = local.connections().iter().filter(|connection| connection.is_open).count();
    let now = tokio::runtime::Handle::current().metrics().num_alive_tasks();
    println!("left behind: {left} connections, {} tasks", now.saturating_sub(tasks));

    let accounted: u64 = outcomes.values().sum();
    assert_eq!(accounted, calls, "every call has an outcome");
    let answered = outcomes.get("answered").copied().unwrap_or_default();
    assert!(stats.worked_on >= answered, "what was answered was worked on");
    assert!(stats.worked_on <= calls, "nothing was worked on twice: {}", stats.worked_on);
    assert!(attempts >= stats.requests, "every request was an attempt");
    assert!(early == 0 || late <= early + GROWTH, "memory grew");
    assert_eq!((left, now), (0, tasks), "nothing is left behind");
}

/// Each at its own turn, so that no two calls meet the same row of them.
fn faults() -> Vec<FaultRule> {
    let throttled = || Fault::error(ThrottlingException::default());
    vec![
        FaultRule::refuse(ConnectionEnd::Reset).every(211),
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
            .break_stream(3, StreamFault::Cut { bytes: 30 })
            .operation("InvokeModelWithResponseStream")
            .every(71),
    ]
}

fn client(local: &LocalEndpoint, attempts: &Arc<AtomicU64>) -> Client {
    let credentials = Credentials::new(local.access_key_id(), local.secret_access_key(), None);
    let mut deadlines = TimeoutConfig::default();
    deadlines.first_byte = Some(Duration::from_millis(500));
    deadlines.idle = Some(Duration::from_millis(500));
    let mut retries = RetryConfig::default();
    retries.max_backoff = Duration::from_millis(5);
    let attempts = Arc::clone(attempts);
    let config = Config::builder()
        .region(local.region())
        .endpoint_url(local.url())
        .credentials_provider(credentials)
        .timeout_config(deadlines)
        .retry_config(retries)
        .on_attempt(move |_| _ = attempts.fetch_add(1, Ordering::Relaxed));
    Client::new(config).unwrap()
}

async fn whole(client: &Client) -> String {
    let call = client.invoke_model().model_id(MODEL).body(BODY);
    call.send().await.map_or_else(|error| ended(&error), |_| "answered".to_owned())
}

async fn stream(client: &Client) -> String {
    let call = client.invoke_model_with_response_stream().model_id(MODEL).body(BODY);
    let mut events = match call.send().await {
        Ok(answer) => answer.body,
        Err(error) => return ended(&error),
    };
    loop {
        match events.recv().await {
            Ok(Some(_)) => {}
            Ok(None) => return "answered".to_owned(),
            Err(error) => return ended(&error),
        }
    }
}

/// What a call ended with, and the class of that.
fn ended<E: OperationError>(error: &Error<E>) -> String {
    let kind = format!("{:?}", error.kind());
    let kind = kind.split(['(', ' ', '{']).next().unwrap_or_default();
    format!("{} ({kind}, {})", error.code().unwrap_or("without a code"), error.class())
}

/// Until the endpoint has noticed that its clients are gone.
async fn settled(local: &LocalEndpoint, tasks: usize) {
    for _ in 0..200 {
        let open = local.connections().iter().any(|connection| connection.is_open);
        if !open && tokio::runtime::Handle::current().metrics().num_alive_tasks() <= tasks {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// The memory that this process holds, in KiB, as Linux tells it.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or_default()
}
