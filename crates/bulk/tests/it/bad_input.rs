//! Inputs and output folders that are refused before anything is sent.

use std::fs;
use std::time::Duration;

use invoke_model_bulk::{Bulk, BulkError, BulkOperation};
use invoke_model_local::Fault;
use serde_json::json;

use crate::support::{MODEL, Setup};

#[tokio::test]
async fn invalid_records_can_be_skipped() {
    let setup = Setup::new().await;
    let valid = |id: &str| json!({"recordId": id, "modelInput": {"inputText": id}}).to_string();
    let no_input = r#"{"recordId":"own","modelInput":[]}"#;
    setup.write_text(&format!("{}\nnot JSON\n{}\n{}\n{no_input}\n", valid("a"), valid("a"), valid("b")));
    let error = setup.open(Setup::builder()).unwrap_err();
    assert!(matches!(error, BulkError::InvalidRecords { count: 3, .. }), "{error}");
    assert!(!setup.output().exists(), "nothing is written");

    drop(setup.run(Setup::builder().skip_invalid(true)).await);
    let rows = setup.rows();
    assert_eq!(rows.len(), 5);
    let ids: Vec<_> = rows.iter().map(|row| row["recordId"].as_str().unwrap()).collect();
    assert_eq!(ids, ["a", "R0000000002", "a", "b", "own"]);
    assert_eq!(rows[1]["modelInput"], "not JSON");
    assert_eq!(rows[1]["error"]["errorCode"], 400);
    assert!(rows[2]["error"]["errorMessage"].as_str().unwrap().contains("the id `a` occurs twice"));
    assert!(rows[0]["modelOutput"].is_object() && rows[3]["modelOutput"].is_object());
    assert_eq!(setup.worked_on(), 2);
}

#[tokio::test]
async fn a_journal_of_another_run_is_refused() {
    let setup = Setup::new().await;
    setup.write_texts(3);
    drop(setup.run(Setup::builder()).await);
    let check = |result: Result<Bulk, BulkError>, expected: &str| {
        let error = result.unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    };
    check(
        setup.open(Bulk::builder("amazon.nova-lite-v1:0")),
        "run with the model `amazon.titan-embed-text-v2:0`",
    );
    let converse = Bulk::builder(MODEL).operation(BulkOperation::Converse);
    check(setup.open(converse), "run with the operation `InvokeModel`, not `Converse`");
    setup.write_texts(2);
    check(setup.open(Setup::builder()), "1 records that are not in the input, for example `id 2`");
    setup.write_text("{\"recordId\":\"id 0\",\"modelInput\":{\"inputText\":\"changed\"}}\n");
    check(setup.open(Setup::builder()), "3 records that are not in the input");
}

#[tokio::test]
async fn an_output_that_cannot_be_written_is_refused() {
    let setup = Setup::new().await;
    setup.write_texts(1);
    fs::write(setup.output(), "").unwrap();
    assert!(matches!(setup.open(Setup::builder()), Err(BulkError::OutputIsFile(_))));
    let missing = setup.output().join("folder");
    assert!(matches!(Setup::builder().open(setup.input(), missing), Err(BulkError::Io { .. })));
}

#[tokio::test]
async fn a_missing_input_is_named() {
    let setup = Setup::new().await;
    let error = setup.open(Setup::builder()).unwrap_err().to_string();
    assert!(error.contains("in.jsonl: No such file"), "{error}");
}

#[tokio::test]
async fn an_input_that_changes_during_the_run_is_an_error() {
    let setup = Setup::new().await;
    let check = async |number: usize, changed: &str| {
        setup.write_texts(number);
        let mut bulk = setup.open(Setup::builder()).unwrap();
        bulk.run(&setup.client, std::future::pending()).await.unwrap();
        setup.write_text(changed);
        let error = bulk.write_output().unwrap_err();
        assert!(matches!(error, BulkError::InputChanged { .. }), "{error}");
        assert!(!setup.output().join("in.jsonl.out").exists());
    };
    check(3, "").await;
    check(3, "{\"recordId\":\"id 0\",\"modelInput\":{\"inputText\":\"other\"}}\n").await;
    setup.write_texts(3);
    drop(setup.run(Setup::builder()).await);
    setup.check_complete(3);
    assert_eq!(setup.worked_on(), 3, "the results were in the journal");
}

#[tokio::test]
async fn calls_in_flight_end_if_the_input_has_changed() {
    let setup = Setup::new().await;
    setup.write_texts(3);
    let mut bulk = setup.open(Setup::builder()).unwrap();
    setup.write_texts(2);
    // The calls last until the third record is found to be missing.
    setup.local.inject(Fault::new().delay(Duration::from_millis(100)));
    let error = bulk.run(&setup.client, std::future::pending()).await.unwrap_err();
    assert!(matches!(error, BulkError::InputChanged { .. }), "{error}");
    drop(bulk);
    setup.write_texts(3);
    drop(setup.run(Setup::builder()).await);
    setup.check_complete(3);
    assert_eq!(setup.worked_on(), 3, "the results were in the journal");
}

#[tokio::test]
async fn results_without_a_journal_are_refused() {
    let setup = Setup::new().await;
    setup.write_texts(1);
    drop(setup.run(Setup::builder()).await);
    fs::remove_file(setup.output().join("journal.jsonl")).unwrap();
    assert!(matches!(setup.open(Setup::builder()), Err(BulkError::NoJournal(_))));
}

#[tokio::test]
async fn names_that_cannot_be_written_are_refused() {
    let setup = Setup::new().await;
    setup.write_texts(1);
    fs::create_dir_all(setup.output().join("in.jsonl.out")).unwrap();
    assert!(matches!(setup.open(Setup::builder()), Err(BulkError::OutputName(_))));
    let input = setup.output().join("manifest.json");
    fs::copy(setup.input(), &input).unwrap();
    assert!(matches!(Setup::builder().open(input, setup.output()), Err(BulkError::OutputName(_))));
    let folder = Setup::builder().open(setup.output(), setup.output().join("results"));
    assert!(matches!(folder, Err(BulkError::InputIsNotFile(_))));
}
