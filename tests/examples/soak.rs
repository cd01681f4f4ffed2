//! Makes many concurrent calls to a local endpoint that injects faults, drops some of the calls at random
//! points, and counts the outcomes of the calls. Each call has a number in its body.
//!
//! `cargo xtask soak` runs this program. The program prints the outcomes, and fails in these cases:
//! * a call has no outcome;
//! * the endpoint executed a call twice;
//! * the endpoint did not execute a call that succeeded, or executed a call whose error states that the service
//!   did no work;
//! * the number of requests that the endpoint received is larger than the number of attempts;
//! * memory grew by more than `MAX_GROWTH`;
//! * a connection, a task or a quota permit remains at the end.

#![allow(clippy::print_stdout, reason = "a command line tool")]
#![allow(clippy::unwrap_used, reason = "a failed check panics")]

use std::collections::BTreeMap;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::task::Poll;
use std::time::Duration;

use bytes::Bytes;
use http::StatusCode;
use invoke_model_client::types::{
    InternalServerException, OperationError, ServiceUnavailableException, ThrottlingException,
};
use invoke_model_client::{
    Client, Config, Credentials, Error, FailureClass, HyperTransport, QuotaLimiter, RetryConfig,
    TimeoutConfig,
};
use invoke_model_local::{
    CallRecord, ConnectionEnd, Fault, FaultPoint, FaultRule, LocalEndpoint, RetryAfter, StreamFault,
};

const CALLS: u64 = 200_000;
const CONCURRENCY: usize = 64;

/// Maximum growth of memory after the first [`WARM_UP`] calls, in KiB.
const MAX_GROWTH: u64 = 8 * 1024;

/// Number of calls that fill the call log and the connection log of the endpoint.
const WARM_UP: u64 = 30_000;

/// Maximum number of connections. It is smaller than [`CONCURRENCY`], so that calls also wait for connections.
const CONNECTIONS: usize = 24;

/// Outcome of a call without an error.
const SUCCESS: &str = "success";

/// Outcome of a call that was dropped.
const DROPPED: &str = "dropped";

const MODEL: &str = "meta.llama3-8b-instruct-v1:0";

/// Returns the body of a call.
fn body(number: u64) -> String {
    format!(r#"{{"prompt":"call {number} one two three four"}}"#)
}

/// Returns the number of the call that the endpoint has received.
fn number(call: &CallRecord) -> Option<usize> {
    let text = std::str::from_utf8(&call.body).ok()?;
    text.split_once("call ")?.1.split_once(' ')?.0.parse().ok()
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let calls = std::env::args().nth(1).map_or(CALLS, |calls| calls.parse().unwrap());
    let executions: Arc<Vec<AtomicU8>> = Arc::new((0..calls).map(|_| AtomicU8::new(0)).collect());
    let executed = Arc::clone(&executions);
    let observe = move |call: &CallRecord| {
        if let Some(number) = number(call).filter(|_| call.worked_on) {
            executed[number].fetch_add(1, Ordering::Relaxed);
        }
    };
    let local = LocalEndpoint::builder().fault_rules(fault_rules()).on_call(observe).start().await;
    let local = Arc::new(local.unwrap());
    let tasks = tokio::runtime::Handle::current().metrics().num_alive_tasks();
    let attempts = Arc::new(AtomicU64::new(0));
    let limiter = QuotaLimiter::builder().max_concurrency(48).build();
    let client = client(&local, &attempts, &limiter);
    let outcomes = Mutex::new(BTreeMap::<String, u64>::new());
    // The numbers of the calls whose outcome states that the endpoint has executed the call, or has not.
    let (succeeded, not_executed) = (Mutex::new(Vec::new()), Mutex::new(Vec::new()));
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
            let call = async {
                if number % 3 == 0 { stream(&client, number).await } else { invoke(&client, number).await }
            };
            let outcome = drop_some(number, call).await;
            match outcome {
                Outcome::Success => succeeded.lock().unwrap().push(number),
                Outcome::Failure(_, FailureClass::NotSent | FailureClass::Rejected) => {
                    not_executed.lock().unwrap().push(number);
                }
                Outcome::Failure(..) | Outcome::Dropped => {}
            }
            *outcomes.lock().unwrap().entry(outcome.into_text()).or_default() += 1;
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
    let executions: Vec<u8> = executions.iter().map(|number| number.load(Ordering::Relaxed)).collect();
    let executed: u64 = executions.iter().copied().map(u64::from).sum();
    assert_eq!(executed, stats.worked_on, "the endpoint must report every call that it executed");
    let of = |calls: Mutex<Vec<u64>>, executed: u8| {
        let calls = calls.into_inner().unwrap().into_iter();
        calls.filter(|call| executions[*call as usize] == executed).collect::<Vec<_>>()
    };
    let twice: Vec<_> = (0..calls).filter(|call| executions[*call as usize] > 1).collect();
    assert!(twice.is_empty(), "the endpoint must not execute a call twice: {twice:?}");
    let lost = of(succeeded, 0);
    assert!(lost.is_empty(), "the endpoint must have executed every successful call: {lost:?}");
    let hidden = of(not_executed, 1);
    assert!(hidden.is_empty(), "an error states that an executed call was not executed: {hidden:?}");
    let usage = limiter.usage();
    assert_eq!((usage.in_flight, usage.waiting), (0, 0), "no quota permit may remain");
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
        // Gateways also respond without an error code after the service has done the work.
        Fault::status(StatusCode::SERVICE_UNAVAILABLE).body("<html>").worked_on(true).every(73),
        Fault::status(StatusCode::SERVICE_UNAVAILABLE).body("").worked_on(true).every(79),
        Fault::status(StatusCode::INTERNAL_SERVER_ERROR).body("").worked_on(true).every(83),
        Fault::status(StatusCode::INTERNAL_SERVER_ERROR).body("{}").worked_on(true).every(89),
        Fault::status(StatusCode::INTERNAL_SERVER_ERROR)
            .body(r#"{"error":"upstream reset"}"#)
            .worked_on(true)
            .every(97),
        Fault::status(StatusCode::GATEWAY_TIMEOUT).body("").every(101),
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

fn client(local: &LocalEndpoint, attempts: &Arc<AtomicU64>, limiter: &QuotaLimiter) -> Client {
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
        .transport(HyperTransport::builder().max_connections_per_host(CONNECTIONS).build())
        .quota_limiter(limiter.clone())
        .timeout_config(timeouts)
        .retry_config(retries)
        .on_attempt(move |_| _ = attempts.fetch_add(1, Ordering::Relaxed));
    Client::new(config).unwrap()
}

/// The outcome of a call.
enum Outcome {
    Success,
    /// The code, the kind and the class of the error.
    Failure(String, FailureClass),
    Dropped,
}

impl Outcome {
    fn failure<E: OperationError>(error: &Error<E>) -> Self {
        let kind = format!("{:?}", error.kind());
        let kind = kind.split(['(', ' ', '{']).next().unwrap_or_default();
        let code = error.code().unwrap_or("without a code");
        Self::Failure(format!("{code} ({kind}, {})", error.class()), error.class())
    }

    fn into_text(self) -> String {
        match self {
            Self::Success => SUCCESS.to_owned(),
            Self::Failure(text, _) => text,
            Self::Dropped => DROPPED.to_owned(),
        }
    }
}

async fn invoke(client: &Client, number: u64) -> Outcome {
    let call = client.invoke_model().model_id(MODEL).body(body(number));
    call.send().await.map_or_else(|error| Outcome::failure(&error), |_| Outcome::Success)
}

async fn stream(client: &Client, number: u64) -> Outcome {
    let call = client.invoke_model_with_response_stream().model_id(MODEL).body(body(number));
    let mut events = match call.send().await {
        Ok(output) => output.events,
        Err(error) => return Outcome::failure(&error),
    };
    loop {
        match events.recv().await {
            Ok(Some(_)) => {}
            Ok(None) => return Outcome::Success,
            Err(error) => return Outcome::failure(&error),
        }
    }
}

/// Drops a quarter of the calls, each after a random number of polls.
async fn drop_some(number: u64, call: impl Future<Output = Outcome>) -> Outcome {
    let random = random(number);
    let mut polls = if random % 4 == 0 { 1 + (random >> 8) % 8 } else { u64::MAX };
    let mut call = pin!(call);
    poll_fn(|cx| match call.as_mut().poll(cx) {
        Poll::Ready(outcome) => Poll::Ready(outcome),
        Poll::Pending if polls == 1 => Poll::Ready(Outcome::Dropped),
        Poll::Pending => {
            polls -= 1;
            Poll::Pending
        }
    })
    .await
}

/// Returns a number that looks random. The same seed always returns the same number.
/// <https://prng.di.unimi.it/splitmix64.c>
fn random(seed: u64) -> u64 {
    let z = seed.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
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
