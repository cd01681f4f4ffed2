//! Several processes that call the local endpoint with shared limits. The processes are instances of this
//! test program.

use std::cell::Cell;
use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use invoke_model_client::{
    BoxFuture, Client, Config, Credentials, ErrorKind, QuotaDecision, QuotaError, QuotaLimit, QuotaLimiter,
    QuotaLimits, QuotaRequest, QuotaStore, QuotaStoreError, RedisQuotaStore, TokenEstimate,
};
use invoke_model_local::LocalEndpoint;
use tokio::sync::Notify;

use crate::server::Server;
use crate::store::builder;

const PROCESSES: usize = 8;
const CALLS: usize = 500;
const LIMIT: usize = 400;

/// The minute of these tests.
const WINDOW: Duration = Duration::from_secs(2);

const KEY_ID: &str = "AKIDEXAMPLE";
const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
const MODEL: &str = "meta.llama3-8b-instruct-v1:0";
const NO_TOKENS: TokenEstimate = TokenEstimate { input_tokens: 0, max_output_tokens: None };

/// Returns a client of a local endpoint. Its clock is ahead of the system.
pub(crate) fn client(endpoint: &str, limiter: QuotaLimiter, ahead: Duration) -> Client {
    let credentials = Credentials::new(KEY_ID, SECRET, None);
    let config = Config::builder().region("us-east-1").credentials_provider(credentials);
    let config = config.time_source(move || SystemTime::now() + ahead);
    Client::new(config.endpoint_url(endpoint).quota_limiter(limiter)).unwrap()
}

tokio::task_local! {
    /// The time at which the current call asked for its last decision.
    static ASKED: Cell<SystemTime>;
}

/// A store that records the time of each decision.
#[derive(Debug)]
struct Timed(RedisQuotaStore);

impl QuotaStore for Timed {
    fn acquire(&self, request: QuotaRequest) -> BoxFuture<Result<QuotaDecision, QuotaStoreError>> {
        ASKED.with(|asked| asked.set(SystemTime::now()));
        self.0.acquire(request)
    }
}

fn variable(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set"))
}

/// Starts a process that runs one of the ignored tests below.
fn start(test: &str, variables: &[(&str, String)]) -> Child {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", &format!("processes::{test}"), "--ignored", "--nocapture"]);
    command.envs(variables.iter().map(|(name, value)| (*name, value))).stdout(Stdio::piped()).spawn().unwrap()
}

/// Makes calls, and writes a line for each call: its id, and the time of its decision. A call that the store
/// did not admit because of an outage is made again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "runs in the processes of other tests"]
async fn calling_process() {
    let process: u64 = variable("PROCESS").parse().unwrap();
    let store = RedisQuotaStore::builder(variable("STORE")).window(WINDOW).timeout(Duration::from_secs(60));
    let limits = QuotaLimits::default().requests_per_minute(LIMIT as u32);
    let store = store.build().unwrap();
    let limiter = QuotaLimiter::builder().store(Timed(store.clone())).key("model", limits);
    let limiter = limiter.max_wait(Duration::from_secs(600)).build();
    // The clocks of the processes differ by up to 5 seconds.
    let client = client(&variable("ENDPOINT"), limiter, Duration::from_secs(5) * process as u32 / 7);
    let next = Arc::new(AtomicUsize::new(0));
    let lanes: Vec<_> = (0..4)
        .map(|_| {
            let (client, next) = (client.clone(), next.clone());
            tokio::spawn(ASKED.scope(Cell::new(UNIX_EPOCH), async move {
                let mut lines = Vec::new();
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= CALLS {
                        return lines;
                    }
                    let id = format!("call {process} {number}");
                    call(&client, &id).await;
                    let asked = ASKED.with(Cell::get).duration_since(UNIX_EPOCH).unwrap();
                    lines.push(format!("{id},{}", asked.as_micros()));
                }
            }))
        })
        .collect();
    let mut output = std::fs::File::create(variable("OUTPUT")).unwrap();
    for lane in lanes {
        for line in lane.await.unwrap() {
            writeln!(output, "{line}").unwrap();
        }
    }
    store.flush().await;
}

async fn call(client: &Client, id: &str) {
    // If the server does not come back, the process must end.
    for _ in 0..100_000 {
        let body = format!(r#"{{"prompt":"{id}","max_gen_len":1}}"#);
        match client.invoke_model().model_id(MODEL).body(body).send().await.map_err(|error| error.into_kind())
        {
            Ok(_) => return,
            Err(ErrorKind::Quota(QuotaError::Store(error))) if error.is_temporary() => {}
            Err(other) => panic!("{other:?}"),
        }
    }
    panic!("the store is not available");
}

/// A call that the endpoint received.
struct Received {
    /// A time before the decision of the store.
    asked: u64,
    arrived: u64,
}

/// Runs all processes, and checks every minute that the endpoint saw. `interrupt` runs after a quarter of all
/// calls.
async fn run_processes(server: &mut Server, interrupt: impl FnOnce(&mut Server)) {
    let (count, quarter) = (AtomicUsize::new(0), Arc::new(Notify::new()));
    let notified = quarter.clone();
    let observe = move |_: &_| {
        if count.fetch_add(1, Ordering::Relaxed) + 1 == PROCESSES * CALLS / 4 {
            notified.notify_one();
        }
    };
    let local = LocalEndpoint::builder().max_recorded_calls(2 * PROCESSES * CALLS).on_call(observe);
    // The endpoint verifies the signatures, which contain the wrong time of the clients.
    let local = local.credentials(KEY_ID, SECRET, None).start().await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let output = |process: usize| folder.path().join(process.to_string());
    let children: Vec<_> = (0..PROCESSES)
        .map(|process| {
            let variables = [
                ("PROCESS", process.to_string()),
                ("STORE", server.url()),
                ("ENDPOINT", local.url()),
                ("OUTPUT", output(process).to_str().unwrap().to_owned()),
            ];
            start("calling_process", &variables)
        })
        .collect();
    let mut outputs = tokio::task::spawn_blocking(|| {
        let outputs = children.into_iter().map(|child| child.wait_with_output().unwrap());
        outputs.collect::<Vec<_>>()
    });
    tokio::select! {
        () = quarter.notified() => interrupt(server),
        outputs = &mut outputs => panic!("the processes made too few calls: {outputs:?}"),
    }
    for output in outputs.await.unwrap() {
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    }
    let arrivals: HashMap<String, u64> = local
        .calls()
        .into_iter()
        .map(|call| {
            assert_eq!((call.status, call.error_code), (200, None));
            let body: serde_json::Value = serde_json::from_slice(&call.body).unwrap();
            let arrived = call.time.duration_since(UNIX_EPOCH).unwrap().as_micros();
            (body["prompt"].as_str().unwrap().to_owned(), arrived as u64)
        })
        .collect();
    assert_eq!(arrivals.len(), PROCESSES * CALLS);
    let calls: Vec<Received> =
        (0..PROCESSES).flat_map(|process| received(&output(process), &arrivals)).collect();
    assert_eq!(calls.len(), PROCESSES * CALLS);
    let most = most_in_a_window(&calls);
    assert!(most <= LIMIT, "{most} requests in {WINDOW:?}, but the limit is {LIMIT}");
}

fn received(file: &Path, arrivals: &HashMap<String, u64>) -> Vec<Received> {
    let text = std::fs::read_to_string(file).unwrap();
    let call = |line: &str| {
        let (id, asked) = line.split_once(',').unwrap();
        Received { asked: asked.parse().unwrap(), arrived: arrivals[id] }
    };
    text.lines().map(call).collect()
}

/// Returns the largest number of requests that were certainly admitted in the same window. A request is
/// admitted after it asked, and before it arrives. The duration between both depends on the load of the
/// machine, so this function does not count arrivals alone.
fn most_in_a_window(calls: &[Received]) -> usize {
    let window = WINDOW.as_micros() as u64;
    let in_window =
        |start: u64| calls.iter().filter(|call| call.asked >= start && call.arrived < start + window).count();
    calls.iter().map(|call| in_window(call.asked)).max().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn eight_processes_never_exceed_the_limit() {
    let Some(mut server) = Server::start("eight_processes_never_exceed_the_limit") else { return };
    run_processes(&mut server, |_| {}).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_server_does_not_forget_requests() {
    let Some(mut server) = Server::start("a_killed_server_does_not_forget_requests") else { return };
    run_processes(&mut server, |server| {
        server.kill();
        server.restart();
    })
    .await;
}

/// Acquires a permit, writes a line, and keeps the permit until the process is killed.
#[tokio::test]
#[ignore = "runs in the process of another test"]
async fn holding_process() {
    let store = RedisQuotaStore::builder(variable("STORE")).wait_after_server_start(false);
    let store = store.timeout(Duration::from_secs(60)).lease(Duration::from_secs(2)).build().unwrap();
    let _permit = single(store, Duration::from_secs(60)).acquire(NO_TOKENS).await.unwrap();
    println!("\nholding");
    std::future::pending::<()>().await;
}

/// Returns a limiter for one concurrent request.
fn single(store: RedisQuotaStore, max_wait: Duration) -> QuotaLimiter {
    QuotaLimiter::builder().store(store).max_concurrency(1).max_wait(max_wait).build()
}

#[tokio::test]
async fn the_lease_of_a_killed_process_returns() {
    let Some(server) = Server::start("the_lease_of_a_killed_process_returns") else { return };
    let mut child = start("holding_process", &[("STORE", server.url())]);
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap() == "holding"));
    let store = builder(&server).build().unwrap();
    // The process renews its lease, so this request waits as long as the process runs.
    let error = single(store.clone(), Duration::from_secs(3)).acquire(NO_TOKENS).await.unwrap_err();
    assert!(matches!(error, QuotaError::TimedOut { limit: Some(QuotaLimit::Concurrency), .. }), "{error:?}");
    child.kill().unwrap();
    child.wait().unwrap();
    drop(single(store, Duration::from_secs(600)).acquire(NO_TOKENS).await.unwrap());
}
