//! Runs scenarios against adapters that behave in known ways.
#![allow(clippy::unwrap_used, reason = "an unexpected result fails the test")]

mod calls;
mod documentation;
#[cfg(unix)]
mod processes;

use std::sync::Arc;
use std::time::Duration;

use invoke_model_conformance::baseline::Baseline;
use invoke_model_conformance::run::{ClientReport, Options, Outcome, run};
use invoke_model_conformance::{AdapterAddress, Scenario, load};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;

/// Returns scenarios with the ids `signing/test/ID`. Each scenario calls `CountTokens` with a bearer token. `change`
/// replaces members.
fn scenarios(changes: &[(&str, Value)]) -> Vec<Arc<Scenario>> {
    let scenarios = changes.iter().map(|(id, change)| {
        let mut scenario = json!({
            "id": id,
            "operation": "CountTokens",
            "input": {"modelId": "amazon.nova-lite-v1:0", "input": {"converse": {}}},
            "settings": {"bearer_token": "token"},
            "server": {"rules": [{"status": 200, "body_json": {"inputTokens": 42}}]},
            "expect": {},
        });
        scenario.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        scenario
    });
    let rule = json!({"text": "A rule.", "link": "https://example.com/rule"});
    let file = json!({"concern": "A concern", "rule": rule, "scenarios": scenarios.collect::<Vec<_>>()});
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("signing")).unwrap();
    std::fs::write(folder.path().join("signing/test.json"), file.to_string()).unwrap();
    load::folder(folder.path()).unwrap().into_iter().map(Arc::new).collect()
}

fn options(adapter: AdapterAddress) -> Options {
    let (baseline, limit) = (Baseline::default(), Duration::from_secs(60));
    Options { adapter, baseline, patterns: Vec::new(), parallel: 1, limit }
}

/// Returns the differences of a scenario.
fn differences<'a>(report: &'a ClientReport, id: &str) -> &'a [String] {
    let id = format!("signing/test/{id}");
    match &report.results.iter().find(|result| result.scenario.id == id).unwrap().outcome {
        Outcome::Failed(differences) => differences,
        other => panic!("{id}: {other:?}"),
    }
}

fn outcome<'a>(report: &'a ClientReport, id: &str) -> &'a Outcome {
    let id = format!("signing/test/{id}");
    &report.results.iter().find(|result| result.scenario.id == id).unwrap().outcome
}

#[tokio::test]
async fn a_pattern_without_a_scenario_is_an_error() {
    let adapter = AdapterAddress::Tcp("127.0.0.1:1".to_owned());
    for (pattern, expected) in [
        ("streams/*", "GROUP/CONCERN/ID, and the groups are signing"),
        ("signing", "GROUP/CONCERN/ID; to run these scenarios, use `signing/*`"),
        ("signing/test/", "GROUP/CONCERN/ID; to run these scenarios, use `signing/test/*`"),
        ("signing/test/b", "GROUP/CONCERN/ID; to find it, use `--list`"),
    ] {
        let options = Options { patterns: vec![pattern.to_owned()], ..options(adapter.clone()) };
        let error = run(&scenarios(&[("a", json!({}))]), &options).await.unwrap_err();
        let prefix = format!("no scenario matches `{pattern}`: the id of a scenario has the form ");
        assert_eq!(error.to_string(), prefix + expected);
    }
}

#[tokio::test]
async fn an_adapter_that_does_not_run_is_an_error() {
    // Nothing listens on this port after the listener is dropped.
    let address = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let options = options(AdapterAddress::Tcp(address.clone()));
    let error = run(&scenarios(&[("a", json!({}))]), &options).await.unwrap_err().to_string();
    assert!(error.starts_with(&format!("cannot connect to the adapter at {address}: ")), "{error}");
    assert!(error.ends_with("; start it first"), "{error}");
}

#[tokio::test]
async fn an_adapter_that_stops_listening_has_its_own_error() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    tokio::spawn(async move {
        let (mut connection, _) = listener.accept().await.unwrap();
        // Responds to the first line, and closes the connection and the listener after the second line.
        let mut lines = BufReader::new(&mut connection).lines();
        lines.next_line().await.unwrap();
        let description = b"{\"client\": \"a\"}\n";
        lines.get_mut().get_mut().write_all(description).await.unwrap();
        lines.next_line().await.unwrap();
    });
    let scenarios = scenarios(&["a", "b"].map(|id| (id, json!({}))));
    let report = run(&scenarios, &options(AdapterAddress::Tcp(address.clone()))).await.unwrap();
    assert_eq!(differences(&report, "a"), ["the adapter ended without a response"]);
    let [error] = differences(&report, "b") else { panic!() };
    assert!(error.starts_with(&format!("cannot connect again to the adapter at {address}: ")), "{error}");
}

#[test]
fn errors_of_baselines_state_the_form_of_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("baseline.json");
    let check = |text: &str, expected: &str| {
        std::fs::write(&path, text).unwrap();
        let error = Baseline::read(&path).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    };
    check("\n", "baseline.json: the file is empty; a baseline has the form {\"client\": ");
    check("[]", "baseline.json: the file is not a JSON object; a baseline has the form {\"client\": ");
    check("{\n\"differences\": [{}]}", "missing field `scenario` at line 2");
}

#[test]
fn addresses_of_adapters() {
    let words =
        |words: &[&str]| AdapterAddress::Command(words.iter().map(|word| (*word).to_owned()).collect());
    assert_eq!(AdapterAddress::parse("a 'b c' \"d\""), Ok(words(&["a", "b c", "d"])));
    assert_eq!(AdapterAddress::parse("tcp:127.0.0.1:1"), Ok(AdapterAddress::Tcp("127.0.0.1:1".to_owned())));
    assert_eq!(AdapterAddress::parse(" ").unwrap_err(), "the command of the adapter is empty");
    assert!(AdapterAddress::parse("a 'b").unwrap_err().contains("unclosed quote"));
}
