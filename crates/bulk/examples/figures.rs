//! Measures `invoke-model bulk` against a local endpoint: kills and restarts it, and measures memory, speed and quotas.
//!
//! `cargo xtask bulk` builds the command and runs this program. The program prints the rows of a table. It fails if a
//! record is lost or is sent twice, or if a quota is exceeded. The arguments are the path of `invoke-model`, the number of
//! kills, the number of records of the large run, and a Python interpreter with aioboto3 for the comparison.
#![allow(clippy::print_stdout, reason = "a command line tool")]
#![allow(clippy::unwrap_used, reason = "a failed check panics")]
#![expect(clippy::disallowed_methods, reason = "the program measures time")]

use std::fs::{self, File};
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime};

use http::StatusCode;
use invoke_model_local::{Fault, LocalEndpoint};
use serde_json::Value;
use tempfile::TempDir;

const MODEL: &str = "amazon.titan-embed-text-v2:0";

/// The number of tokens that the endpoint reports for each record.
const TOKENS: u64 = 5;

#[tokio::main]
async fn main() {
    let mut arguments = std::env::args().skip(1);
    let program = PathBuf::from(arguments.next().expect("the path of invoke-model"));
    let mut number = || arguments.next().expect("two numbers").parse().unwrap();
    let (number_of_kills, records) = (number(), number());
    let python = PathBuf::from(arguments.next().expect("the path of Python"));
    kills(&program, number_of_kills).await;
    concurrency(&program, &python).await;
    quotas(&program).await;
    memory(&program, records).await;
}

/// An endpoint with a fixed response, and the folder of a run.
struct Setup {
    local: LocalEndpoint,
    folder: TempDir,
    /// The times of the calls.
    times: Arc<Mutex<Vec<SystemTime>>>,
    program: PathBuf,
}

/// The outcome of a command.
struct Ended {
    code: Option<i32>,
    duration: Duration,
    /// The largest resident memory in bytes.
    memory: u64,
    /// The processor time in seconds.
    processor: f64,
}

impl Setup {
    /// Writes an input with this number of records.
    async fn new(program: &Path, records: u64, delay: Duration) -> Self {
        let times = Arc::new(Mutex::new(Vec::new()));
        let counted = times.clone();
        let local = LocalEndpoint::builder().max_recorded_calls(0);
        let local = local.on_call(move |call| counted.lock().unwrap().push(call.time));
        let local = local.start().await.unwrap();
        let body = format!(r#"{{"embedding":[0.25,0.5],"inputTextTokenCount":{TOKENS}}}"#);
        let name = "x-amzn-bedrock-input-token-count".parse().unwrap();
        let fault =
            Fault::status(StatusCode::OK).body(body).header(name, TOKENS.to_string().parse().unwrap());
        local.inject(if delay.is_zero() { fault } else { fault.delay(delay) });
        let folder = tempfile::tempdir().unwrap();
        let mut input = BufWriter::new(File::create(folder.path().join("in.jsonl")).unwrap());
        for index in 0..records {
            writeln!(input, r#"{{"recordId":"{index}","modelInput":{{"inputText":"text {index}"}}}}"#)
                .unwrap();
        }
        input.into_inner().unwrap();
        Self { local, folder, times, program: program.to_owned() }
    }

    /// Starts `invoke-model bulk`.
    fn start(&self, arguments: &[&str]) -> Child {
        let mut command = Command::new(&self.program);
        command.args(["bulk", "-m", MODEL]).arg(self.folder.path().join("in.jsonl"));
        command.arg(self.folder.path().join("out")).args(["--endpoint-url", &self.local.url()]);
        self.spawn(command.args(arguments))
    }

    fn spawn(&self, command: &mut Command) -> Child {
        command.env_clear().env("AWS_REGION", self.local.region());
        command.env("AWS_DEFAULT_REGION", self.local.region());
        command.env("AWS_ACCESS_KEY_ID", self.local.access_key_id());
        command.env("AWS_SECRET_ACCESS_KEY", self.local.secret_access_key());
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
    }

    /// Runs `invoke-model bulk` until its end.
    async fn run(&self, arguments: &[&str]) -> Ended {
        let start = Instant::now();
        self.wait(self.start(arguments), start).await
    }

    /// Waits for the end of a program. Reads its memory and its processor time in `/proc`.
    async fn wait(&self, mut child: Child, start: Instant) -> Ended {
        let (mut memory, mut ticks) = (0, 0);
        loop {
            if let Some(status) = child.try_wait().unwrap() {
                self.local.wait_for_calls().await;
                let (duration, processor) = (start.elapsed(), ticks as f64 / 100.0);
                return Ended { code: status.code(), duration, memory, processor };
            }
            let read = |file: &str| fs::read_to_string(format!("/proc/{}/{file}", child.id()));
            let status = read("status").unwrap_or_default();
            let kib = status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.strip_suffix("kB"));
            memory = kib.map_or(memory, |kib| kib.trim().parse::<u64>().unwrap() * 1024);
            // The name of the program, in parentheses, can contain spaces. 11 fields follow before the user time.
            let stat = read("stat").unwrap_or_default();
            let times = stat.rsplit(')').next().unwrap_or_default().split_whitespace().skip(11).take(2);
            ticks = times.map(|time| time.parse::<u64>().unwrap()).sum::<u64>().max(ticks);
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// Returns the numbers of outputs and of ambiguous records, after a check that each record occurs once, in the
    /// order of the input.
    fn rows(&self, records: u64) -> (u64, u64) {
        let file = File::open(self.folder.path().join("out/in.jsonl.out")).unwrap();
        let (mut outputs, mut ambiguous, mut number) = (0, 0, 0);
        for line in BufReader::new(file).lines() {
            let row: Value = serde_json::from_str(&line.unwrap()).unwrap();
            assert_eq!(row["recordId"].as_str().unwrap(), number.to_string());
            number += 1;
            outputs += u64::from(row["modelOutput"].is_object());
            ambiguous += u64::from(row["error"]["errorCode"] == 0);
        }
        assert_eq!((number, outputs + ambiguous), (records, records));
        (outputs, ambiguous)
    }
}

/// Kills the command at many moments, and continues the run.
async fn kills(program: &Path, kills: u64) {
    const RECORDS: u64 = 20_000;
    let setup = Setup::new(program, RECORDS, Duration::from_millis(3)).await;
    let concurrency = ["--max-concurrency", "32"];
    let mut random = 1_u64;
    for _ in 0..kills {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let (requests, micros) = (random >> 33 & 63, random >> 40 & 8191);
        let before = setup.local.stats().requests;
        let mut child = setup.start(&concurrency);
        while setup.local.stats().requests < before + requests && child.try_wait().unwrap().is_none() {
            tokio::time::sleep(Duration::from_micros(200)).await;
        }
        tokio::time::sleep(Duration::from_micros(micros)).await;
        child.kill().unwrap();
        child.wait().unwrap();
    }
    setup.run(&concurrency).await;
    let (outputs, ambiguous) = setup.rows(RECORDS);
    let before = setup.local.stats().requests;
    assert!(before <= RECORDS, "{before} requests: a record was sent twice without --retry-ambiguous");
    let ended = setup.run(&[&concurrency[..], &["--retry-ambiguous"]].concat()).await;
    assert_eq!((ended.code, setup.rows(RECORDS)), (Some(0), (RECORDS, 0)));
    let after = setup.local.stats().requests;
    assert_eq!(after - before, ambiguous, "each ambiguous record is sent once");
    println!(
        "| {kills} kills at random moments in a run of {RECORDS} records | each record once in the output, {RECORDS} calls \
         plus those in flight at the kills | {outputs} outputs, {ambiguous} ambiguous records, {before} calls; then \
         `--retry-ambiguous`: {RECORDS} outputs, {ambiguous} more calls |"
    );
}

/// Compares the duration with that of 64 calls that always run, and with programs that use boto3 and aioboto3.
async fn concurrency(program: &Path, python: &Path) {
    const RECORDS: u64 = 10_000;
    let print = |title: &str, target: &str, ended: &Ended| {
        let (ideal, seconds) = (RECORDS as f64 / 64.0 * 0.05, ended.duration.as_secs_f64());
        println!(
            "| {RECORDS} records with calls of 50 ms, 64 at once{title} | {target} | {:.1} %: {seconds:.2} s instead of \
             {ideal:.2} s; {:.2} s of processor time; {:.0} MB |",
            ideal / seconds * 100.0,
            ended.processor,
            ended.memory as f64 / 1e6
        );
    };
    let setup = Setup::new(program, RECORDS, Duration::from_millis(50)).await;
    let ended = setup.run(&["--max-concurrency", "64"]).await;
    assert_eq!((ended.code, setup.rows(RECORDS).0), (Some(0), RECORDS));
    print("", "95 % of the ideal speed", &ended);
    for (name, title) in
        [("boto3", ": boto3, a pool of 64 threads"), ("aioboto3", ": aioboto3, a semaphore of 64")]
    {
        let setup = Setup::new(program, RECORDS, Duration::from_millis(50)).await;
        let folder = setup.folder.path();
        fs::create_dir(folder.join("out")).unwrap();
        let mut command = Command::new(python);
        command
            .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/peers.py"))
            .args([name, &setup.local.url()]);
        command.arg(folder.join("in.jsonl")).arg(folder.join("out/in.jsonl.out"));
        let start = Instant::now();
        let child = setup.spawn(&mut command);
        let ended = setup.wait(child, start).await;
        assert_eq!((ended.code, setup.rows(RECORDS).0), (Some(0), RECORDS));
        print(title, "", &ended);
    }
}

/// Counts the requests and the tokens in each period of 60 seconds.
async fn quotas(program: &Path) {
    const RECORDS: u64 = 1_500;
    const LIMIT: u64 = 600;
    let setup = Setup::new(program, RECORDS, Duration::ZERO).await;
    let tokens = LIMIT * TOKENS;
    let limits = ["--requests-per-minute", &LIMIT.to_string(), "--tokens-per-minute", &tokens.to_string()];
    let ended = setup.run(&limits).await;
    assert_eq!((ended.code, setup.rows(RECORDS).0), (Some(0), RECORDS));
    let mut times = setup.times.lock().unwrap().clone();
    times.sort();
    let window = |(index, start): (usize, &SystemTime)| {
        times.partition_point(|time| *time < *start + Duration::from_secs(60)) - index
    };
    let most = times.iter().enumerate().map(window).max().unwrap() as u64;
    assert!(most <= LIMIT, "{most} requests in 60 seconds");
    println!(
        "| {RECORDS} records of {TOKENS} tokens, {LIMIT} requests and {tokens} tokens a minute | at most these in any 60 s at \
         the endpoint | {most} requests, {} tokens; {:.0} s for the run |",
        most * TOKENS,
        ended.duration.as_secs_f64()
    );
}

/// Measures the memory of a large run.
async fn memory(program: &Path, records: u64) {
    let setup = Setup::new(program, records, Duration::ZERO).await;
    let ended = setup.run(&["--max-concurrency", "64"]).await;
    assert_eq!((ended.code, setup.rows(records).0), (Some(0), records));
    println!(
        "| {records} records | 100 MB of resident memory | {:.0} MB; {:.0} s, {:.0} us of processor time a record |",
        ended.memory as f64 / 1e6,
        ended.duration.as_secs_f64(),
        ended.processor / records as f64 * 1e6
    );
}
