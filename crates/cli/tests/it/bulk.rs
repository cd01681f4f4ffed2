//! Tests of `invoke-model bulk`.

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use invoke_model_local::{Fault, LocalEndpoint};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::{TITAN, check_failure, program, run, text};

/// Writes records with the texts `text 0`, `text 1` and so on. Returns the folder, and the paths of the input and of
/// the output.
fn folder(records: usize) -> (TempDir, String, String) {
    let folder = tempfile::tempdir().unwrap();
    let lines = (0..records).map(|index| {
        let input = json!({"inputText": format!("text {index}"), "dimensions": 256});
        format!("{}\n", json!({"recordId": index.to_string(), "modelInput": input}))
    });
    let input = folder.path().join("in.jsonl");
    fs::write(&input, lines.collect::<String>()).unwrap();
    let output = folder.path().join("out");
    let path = |path: &Path| path.to_str().unwrap().to_owned();
    let paths = (path(&input), path(&output));
    (folder, paths.0, paths.1)
}

fn bulk(input: &str, output: &str, arguments: &[&str]) -> Output {
    run(&[&["bulk", "--local", "-m", TITAN, input, output], arguments].concat(), None, &[])
}

fn rows(output: &str) -> Vec<Value> {
    let text = fs::read_to_string(Path::new(output).join("in.jsonl.out")).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn has_output(row: &Value) -> bool {
    row["modelOutput"]["embedding"].is_array()
}

#[test]
fn results_are_in_the_order_of_the_input() {
    let (_folder, input, output) = folder(30);
    let result = bulk(&input, &output, &[]);
    let summary = text(&result.stdout);
    assert_eq!(result.status.code(), Some(0), "{}", text(&result.stderr));
    assert!(summary.contains("with an output      30"), "{summary}");
    assert!(summary.contains("duration of a call  p50 "), "{summary}");
    let rows = rows(&output);
    assert!(rows.iter().all(has_output));
    let ids: Vec<_> = rows.iter().map(|row| row["recordId"].as_str().unwrap()).collect();
    assert_eq!(ids, (0..30).map(|index| index.to_string()).collect::<Vec<_>>());

    let result = bulk(&input, &output, &["--json"]);
    assert!(text(&result.stderr).contains("30 of 30 records have an output of an earlier run"));
    let stdout = text(&result.stdout);
    let last: Value = serde_json::from_str(stdout.lines().last().unwrap()).unwrap();
    assert_eq!(
        (&last["event"], &last["end"], &last["calls"]),
        (&json!("end"), &json!("complete"), &json!(0))
    );
}

#[test]
fn a_budget_ends_the_run_and_a_higher_budget_continues_it() {
    let (_folder, input, output) = folder(20);
    let result = bulk(&input, &output, &["--max-tokens-total", "25", "--max-concurrency", "2"]);
    let summary = text(&result.stdout);
    assert_eq!(result.status.code(), Some(7), "{}", text(&result.stderr));
    assert!(summary.contains("end                 over budget"), "{summary}");
    assert!(summary.contains("the same command continues"), "{summary}");
    assert!(text(&result.stderr).contains("the budget of the key `amazon.titan-embed-text-v2:0` is"));
    let first = rows(&output).len();
    assert!((1..20).contains(&first), "{summary}");

    let prices = Path::new(&input).with_file_name("prices.json");
    let table = json!({"currency": "USD", "models": {"amazon.titan-*": {"input": 0.02, "output": 0}}});
    fs::write(&prices, table.to_string()).unwrap();
    let costs = ["--prices", prices.to_str().unwrap(), "--max-cost", "1"];
    let result = bulk(&input, &output, &costs);
    assert_eq!(result.status.code(), Some(0), "{}", text(&result.stderr));
    assert!(text(&result.stdout).contains(" USD"));
    assert_eq!(rows(&output).len(), 20);
}

#[test]
fn columns_become_inputs() {
    let (folder, _, output) = folder(0);
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let rows = |name: &str| {
        let text = fs::read_to_string(Path::new(&output).join(name)).unwrap();
        text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()).collect::<Vec<_>>()
    };
    let input = write("texts.csv", "id,text\n7,\"a, b\"\n");
    let result = bulk(&input, &output, &["--input-field", "text", "--id-field", "id"]);
    assert_eq!(result.status.code(), Some(0), "{}", text(&result.stderr));
    assert_eq!(rows("texts.csv.out")[0]["recordId"], "7");
    assert_eq!(rows("texts.csv.out")[0]["modelInput"]["inputText"], "a, b");

    let template = write(
        "template.json",
        r#"{"messages":[{"role":"user","content":[{"text":"Is this spam? {{text}}"}]}]}"#,
    );
    let input = write("mails.jsonl", "{\"text\":\"win\"}\n");
    let output = format!("{output}2");
    let nova = ["bulk", "--local", "-m", "amazon.nova-lite-v1:0", "--operation", "Converse", &input, &output];
    let result = run(&[&nova[..], &["--template", &template]].concat(), None, &[]);
    assert_eq!(result.status.code(), Some(0), "{}", text(&result.stderr));
    let result = run(&[&nova[..], &["--input-field", "nothing"]].concat(), None, &[]);
    assert!(text(&result.stderr).contains("the column `nothing` is missing"), "{}", text(&result.stderr));

    let other = write("a.txt", "a");
    check_failure(
        &bulk(&other, &output, &["--input-field", "a"]),
        3,
        "the name of a table must end with .csv",
    );
    check_failure(
        &bulk(&input, &output, &["--id-field", "a"]),
        2,
        "--id-field needs --template or --input-field",
    );
    let nova = ["bulk", "--local", "-m", "amazon.nova-lite-v1:0", &input, &output, "--input-field", "text"];
    check_failure(&run(&nova, None, &[]), 3, "; use --template");
}

#[test]
fn errors_are_results() {
    let (_folder, input, output) = folder(2);
    fs::write(&input, "{\"modelInput\":{\"inputText\":\"\"}}\n{\"modelInput\":{\"inputText\":\"a\"}}\n")
        .unwrap();
    let result = bulk(&input, &output, &[]);
    let summary = text(&result.stdout);
    assert_eq!(result.status.code(), Some(7), "{}", text(&result.stderr));
    assert!(summary.contains("errors              1 ValidationException"), "{summary}");
    assert!(summary.contains("--retry-errors sends"), "{summary}");
    let rows = rows(&output);
    assert_eq!(rows[0]["error"]["errorCode"], 400);
    assert!(has_output(&rows[1]));
}

#[test]
fn mistakes_are_found_before_anything_is_sent() {
    let (_folder, input, output) = folder(1);
    check_failure(&bulk(&input, &input, &[]), 3, "the output must be a folder");
    check_failure(&bulk("missing.jsonl", &output, &[]), 3, "missing.jsonl: No such file");
    let prices = Path::new(&input).with_file_name("prices.json");
    fs::write(&prices, json!({"currency": "USD", "models": {}}).to_string()).unwrap();
    let costs = ["--prices", prices.to_str().unwrap(), "--max-cost", "1"];
    check_failure(
        &bulk(&input, &output, &costs),
        3,
        "the table has no price in USD for `amazon.titan-embed-text-v2:0`",
    );
    check_failure(&bulk(&input, &output, &["--quota-store", "http://a"]), 3, "--quota-store: ");
    let result = bulk(&input, &output, &["--max-cost", "1"]);
    assert_eq!(result.status.code(), Some(2), "{}", text(&result.stderr));
    fs::write(&input, "{}\n").unwrap();
    let error = text(&bulk(&input, &output, &[]).stderr);
    assert!(
        error.contains("skip invalid records with --skip-invalid") && error.contains("in.jsonl:1: "),
        "{error}"
    );
    let other = ["bulk", "--local", "-m", "amazon.nova-lite-v1:0", &input, &output];
    fs::write(&input, "{\"modelInput\":{\"inputText\":\"a\"}}\n").unwrap();
    assert!(bulk(&input, &output, &[]).status.success());
    check_failure(&run(&other, None, &[]), 3, "the journal belongs to a run with the model");
}

/// A command that calls an endpoint of the test.
struct Run<'a> {
    local: &'a LocalEndpoint,
    input: &'a str,
    output: &'a str,
}

impl Run<'_> {
    fn start(&self, arguments: &[&str]) -> Child {
        let mut command = Command::new(program());
        command.args(["bulk", "-m", TITAN, self.input, self.output, "--endpoint-url", &self.local.url()]);
        command.args(arguments).env_clear().env("AWS_REGION", self.local.region());
        command.env("AWS_ACCESS_KEY_ID", self.local.access_key_id());
        command.env("AWS_SECRET_ACCESS_KEY", self.local.secret_access_key());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    }

    /// Waits until the endpoint has received this number of requests. The command must not end before.
    async fn wait_for_requests(&self, child: &mut Child, number: u64) {
        while self.local.stats().requests < number {
            assert_eq!(child.try_wait().unwrap(), None, "the command has ended");
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
}

/// Waits for a child without blocking the endpoint.
async fn wait(child: Child) -> Output {
    tokio::task::spawn_blocking(|| child.wait_with_output().unwrap()).await.unwrap()
}

#[tokio::test]
async fn a_killed_run_sends_no_record_twice() {
    const RECORDS: usize = 200;
    let (_folder, input, output) = folder(RECORDS);
    let local = LocalEndpoint::start().await.unwrap();
    local.inject(Fault::new().delay(Duration::from_millis(5)));
    let run = Run { local: &local, input: &input, output: &output };
    for kill in 0..6 {
        let before = local.stats().requests;
        let mut child = run.start(&["--max-concurrency", "8"]);
        run.wait_for_requests(&mut child, before + 1 + kill * 7 % 20).await;
        child.kill().unwrap();
        wait(child).await;
    }
    let result = wait(run.start(&["--max-concurrency", "8"])).await;
    assert_eq!(result.status.code(), Some(7), "{}", text(&result.stderr));
    local.wait_for_calls().await;
    let before = local.stats().requests;
    assert!(before <= RECORDS as u64, "{before} requests: a record was sent twice");
    let rows = rows(&output);
    assert_eq!(rows.len(), RECORDS);
    let ambiguous = rows.iter().filter(|row| row["error"]["errorCode"] == 0).count();
    assert_eq!(rows.iter().filter(|row| has_output(row)).count() + ambiguous, RECORDS);
    assert!((1..=6 * 8).contains(&ambiguous), "{ambiguous} records were in flight at the kills");

    let result = wait(run.start(&["--retry-ambiguous"])).await;
    assert_eq!(result.status.code(), Some(0), "{}", text(&result.stderr));
    assert!(self::rows(&output).iter().all(has_output));
    assert_eq!(local.stats().requests - before, ambiguous as u64, "each of them is sent once more");
}

#[cfg(unix)]
#[tokio::test]
async fn a_signal_waits_for_the_calls_in_flight() {
    use rustix::process::Signal;

    let (_folder, input, output) = folder(100);
    let local = LocalEndpoint::start().await.unwrap();
    local.inject(Fault::new().delay(Duration::from_millis(50)));
    let run = Run { local: &local, input: &input, output: &output };
    let mut child = run.start(&["--max-concurrency", "4"]);
    run.wait_for_requests(&mut child, 6).await;
    super::kill(&child, Signal::TERM);
    let result = wait(child).await;
    let error = text(&result.stderr);
    assert_eq!(result.status.code(), Some(143), "{error}");
    assert!(error.contains("press Ctrl-C again to cancel the calls"), "{error}");
    local.wait_for_calls().await;
    let rows = rows(&output);
    assert!(rows.iter().all(has_output));
    assert_eq!(rows.len() as u64, local.stats().worked_on, "each call has its result");
    assert!(rows.len() < 100);

    local.clear_faults();
    let result = wait(run.start(&[])).await;
    assert_eq!(result.status.code(), Some(0), "{}", text(&result.stderr));
    assert_eq!(self::rows(&output).len(), 100);
    assert_eq!(local.stats().worked_on, 100);
}

#[cfg(unix)]
#[tokio::test]
async fn a_second_ctrl_c_cancels_the_calls() {
    use rustix::process::Signal;

    let (_folder, input, output) = folder(10);
    let local = LocalEndpoint::start().await.unwrap();
    local.inject(Fault::new().delay(Duration::from_secs(600)));
    let run = Run { local: &local, input: &input, output: &output };
    let mut child = run.start(&["--max-concurrency", "2"]);
    run.wait_for_requests(&mut child, 2).await;
    super::kill(&child, Signal::INT);
    let mut stderr = std::io::BufReader::new(child.stderr.take().unwrap());
    tokio::task::spawn_blocking(move || {
        use std::io::{BufRead, Read};
        let mut line = String::new();
        while !line.contains("stopping: waiting for 2 calls") {
            assert_ne!(stderr.read_line(&mut line).unwrap(), 0, "{line}");
        }
        super::kill(&child, Signal::INT);
        assert_eq!(child.wait().unwrap().code(), Some(130));
        stderr.read_to_string(&mut line).unwrap();
        assert!(line.contains("the calls in flight are cancelled; their records are ambiguous"), "{line}");
    })
    .await
    .unwrap();
    local.clear_faults();
    let result = wait(run.start(&[])).await;
    assert_eq!(result.status.code(), Some(7));
    assert_eq!(rows(&output).iter().filter(|row| row["error"]["errorCode"] == 0).count(), 2);
}
