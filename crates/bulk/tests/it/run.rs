//! Complete runs: order, errors, limits and duplicates.

use std::future::pending;

use http::StatusCode;
use invoke_model_bulk::{Bulk, BulkOperation, RunEnd};
use invoke_model_client::{Budget, BudgetPeriod, QuotaLimiter};
use invoke_model_local::{ConnectionEnd, Fault, FaultPoint};
use invoke_model_types::{AccessDeniedException, ThrottlingException, ValidationException};
use serde_json::json;

use crate::support::Setup;

#[tokio::test]
async fn results_are_in_the_order_of_the_input() {
    let setup = Setup::new().await;
    setup.write_texts(20);
    // Every third call is slow, so the calls end in another order.
    setup.local.inject(Fault::new().delay(std::time::Duration::from_millis(20)).every(3));
    let (bulk, end) = setup.run(Setup::builder()).await;
    assert!(matches!(end, RunEnd::Complete), "{end:?}");
    setup.check_complete(20);
    let counts = bulk.progress().counts();
    assert_eq!((counts.succeeded, counts.failed, counts.in_flight, counts.calls), (20, 0, 0, 20));
    assert!(bulk.progress().duration(0.5).is_some());
    let manifest = setup.manifest();
    assert_eq!(manifest["totalRecordCount"], 20);
    assert_eq!(manifest["successRecordCount"], 20);
    assert_eq!(manifest["inputTokenCount"], counts.tokens.input);
    assert!(counts.tokens.input > 0);
}

#[tokio::test]
async fn converse_gets_the_input_without_the_model() {
    let setup = Setup::new().await;
    let message = json!([{"role": "user", "content": [{"text": "hi"}]}]);
    setup.write([json!({"recordId": "a", "modelInput": {"messages": message}}), json!({"modelInput": {}})]);
    let builder = Bulk::builder("amazon.nova-lite-v1:0").operation(BulkOperation::Converse);
    let (_, end) = setup.run(builder).await;
    assert!(matches!(end, RunEnd::Complete), "{end:?}");
    let rows = setup.rows();
    assert!(rows[0]["modelOutput"]["output"]["message"]["content"][0]["text"].is_string(), "{rows:?}");
    assert_eq!(rows[1]["recordId"], "R0000000002");
    assert_eq!(rows[1]["modelInput"], json!({}));
    assert_eq!(rows[1]["error"]["errorCode"], 400, "{rows:?}");
}

#[tokio::test]
async fn errors_are_results_and_are_sent_again_only_on_request() {
    let setup = Setup::new().await;
    setup.write_texts(3);
    setup.local.inject(Fault::error(ValidationException::default()).first(1));
    let (bulk, _) = setup.run(Setup::builder().max_concurrency(1)).await;
    let rows = setup.rows();
    assert_eq!(rows[0]["error"]["errorCode"], 400);
    let message = rows[0]["error"]["errorMessage"].as_str().unwrap();
    assert!(message.contains("ValidationException") && message.contains("request id"), "{message}");
    assert!(rows[1]["modelOutput"].is_object() && rows[2]["modelOutput"].is_object());
    assert_eq!(bulk.progress().errors()["ValidationException"], 1);
    assert_eq!(setup.manifest()["errorRecordCount"], 1);
    drop(bulk);

    drop(setup.run(Setup::builder()).await);
    assert_eq!(setup.worked_on(), 2, "a failed record is not sent again by itself");
    drop(setup.run(Setup::builder().retry_errors(true)).await);
    setup.check_complete(3);
    assert_eq!(setup.worked_on(), 3);
}

#[tokio::test]
async fn throttled_records_are_sent_again() {
    let setup = Setup::new().await;
    setup.write_texts(10);
    setup.local.inject(Fault::error(ThrottlingException::default()).first(7));
    let (bulk, end) = setup.run(Setup::builder()).await;
    assert!(matches!(end, RunEnd::Complete), "{end:?}");
    setup.check_complete(10);
    assert_eq!(bulk.progress().counts().throttled, 7);
    assert_eq!(setup.worked_on(), 10);
}

#[tokio::test]
async fn a_run_that_is_always_throttled_ends() {
    let setup = Setup::new().await;
    setup.write_texts(3);
    setup.local.inject(Fault::error(ThrottlingException::default()));
    let (bulk, end) = setup.run(Setup::builder()).await;
    assert!(matches!(end, RunEnd::Throttled(_)), "{end:?}");
    assert_eq!(bulk.progress().counts().remaining(), 3);
    assert!(setup.rows().is_empty());
    assert_eq!(setup.manifest()["processedRecordCount"], 0);
}

#[tokio::test]
async fn a_denied_call_ends_the_run() {
    let setup = Setup::new().await;
    setup.write_texts(5);
    setup.local.inject(Fault::error(AccessDeniedException::default()).first(1));
    let (bulk, end) = setup.run(Setup::builder()).await;
    assert!(matches!(end, RunEnd::Failed(_)), "{end:?}");
    assert_eq!(bulk.progress().counts().failed, 0, "no record has failed");
    drop(bulk);
    drop(setup.run(Setup::builder()).await);
    setup.check_complete(5);
}

#[tokio::test]
async fn an_unreachable_service_ends_the_run() {
    let setup = Setup::new().await;
    setup.write_texts(5);
    let closed = setup.client_of("http://127.0.0.1:1");
    let mut bulk = setup.open(Setup::builder()).unwrap();
    let end = bulk.run(&closed, pending()).await.unwrap();
    assert!(matches!(&end, RunEnd::Failed(error) if error.is_connect()), "{end:?}");
    assert_eq!(bulk.progress().counts().remaining(), 5);
    let end = bulk.run(&setup.client, pending()).await.unwrap();
    assert!(matches!(end, RunEnd::Complete), "{end:?}");
    bulk.write_output().unwrap();
    setup.check_complete(5);
}

#[tokio::test]
async fn a_run_whose_first_calls_all_fail_ends() {
    let setup = Setup::new().await;
    setup.write_texts(150);
    setup.local.inject(Fault::error(ValidationException::default()));
    let (bulk, end) = setup.run(Setup::builder().max_concurrency(1)).await;
    assert!(matches!(end, RunEnd::TooManyErrors(_)), "{end:?}");
    assert_eq!(bulk.progress().counts().failed, 100);
}

#[tokio::test]
async fn the_budget_ends_the_run_before_it_is_exceeded() {
    let budget = Budget::tokens(40, BudgetPeriod::Total);
    let setup = Setup::with_quota(QuotaLimiter::builder().budget(budget).build()).await;
    setup.write_texts(100);
    let (bulk, end) = setup.run(Setup::builder()).await;
    assert!(matches!(end, RunEnd::OverBudget(_)), "{end:?}");
    let counts = bulk.progress().counts();
    assert!(counts.succeeded > 0 && counts.failed == 0, "{counts:?}");
    assert!(counts.tokens.input <= 40, "{counts:?}");
    assert_eq!(setup.rows().len() as u64, counts.succeeded);
}

#[tokio::test]
async fn equal_inputs_are_sent_once() {
    let setup = Setup::new().await;
    let line = |id: usize, text: usize| json!({"recordId": format!("id {id}"), "modelInput": {"inputText": text.to_string()}});
    setup.write((0..12).map(|index| line(index, index % 3)));
    let (bulk, _) = setup.run(Setup::builder().dedupe(true)).await;
    assert_eq!(setup.worked_on(), 3);
    let counts = bulk.progress().counts();
    assert_eq!((counts.succeeded, counts.duplicates, counts.remaining()), (12, 9, 0));
    let rows = setup.rows();
    assert_eq!(rows.len(), 12);
    assert!((0..12).all(|index| rows[index]["modelOutput"] == rows[index % 3]["modelOutput"]));
    assert_ne!(rows[0]["modelOutput"], rows[1]["modelOutput"]);
}

#[tokio::test]
async fn a_response_that_is_not_json_is_not_lost() {
    let setup = Setup::new().await;
    setup.write_texts(2);
    setup.local.inject(Fault::status(StatusCode::OK).body("{\"a\":\n1.50}").first(1));
    setup.local.inject(Fault::status(StatusCode::OK).body("plain").first(2));
    drop(setup.run(Setup::builder().max_concurrency(1)).await);
    let text = std::fs::read_to_string(setup.output().join("in.jsonl.out")).unwrap();
    assert!(text.contains(r#""modelOutput":{"a": 1.50}"#), "{text}");
    assert!(text.contains(r#""modelOutput":{"base64":"cGxhaW4="}"#), "{text}");
}

#[tokio::test]
async fn ambiguous_failures_are_sent_again_only_on_request() {
    let setup = Setup::new().await;
    setup.write_texts(3);
    let lost = Fault::new().break_at(FaultPoint::ResponseBytes(0), ConnectionEnd::Reset);
    setup.local.inject(lost.first(1));
    let (bulk, end) = setup.run(Setup::builder()).await;
    assert!(matches!(end, RunEnd::Complete), "{end:?}");
    assert_eq!(bulk.progress().counts().ambiguous, 1);
    assert_eq!(setup.worked_on(), 3);
    drop(bulk);
    drop(setup.run(Setup::builder().retry_errors(true)).await);
    assert_eq!(setup.worked_on(), 3, "the failure may have been billed");
    drop(setup.run(Setup::builder().retry_ambiguous(true)).await);
    assert_eq!(setup.worked_on(), 4);
    setup.check_complete(3);
}

#[tokio::test]
async fn a_stopped_run_waits_for_the_calls_in_flight() {
    let setup = Setup::new().await;
    setup.write_texts(50);
    let mut bulk = setup.open(Setup::builder()).unwrap();
    let progress = bulk.progress();
    let stop = async {
        while progress.counts().calls < 7 {
            tokio::task::yield_now().await;
        }
    };
    let end = bulk.run(&setup.client, stop).await.unwrap();
    assert!(matches!(end, RunEnd::Stopped), "{end:?}");
    let counts = bulk.progress().counts();
    assert_eq!(counts.in_flight, 0);
    assert!((7..50).contains(&counts.succeeded), "{counts:?}");
    assert_eq!(counts.succeeded, setup.worked_on());
    let end = bulk.run(&setup.client, pending()).await.unwrap();
    assert!(matches!(end, RunEnd::Complete), "{end:?}");
    bulk.write_output().unwrap();
    setup.check_complete(50);
    assert_eq!(setup.worked_on(), 50);
}

#[tokio::test]
async fn a_stopped_run_does_not_wait_for_the_quota() {
    let setup = Setup::with_quota(QuotaLimiter::builder().requests_per_minute(3).build()).await;
    setup.write_texts(10);
    let mut bulk = setup.open(Setup::builder()).unwrap();
    let progress = bulk.progress();
    let stop = async {
        while progress.counts().succeeded < 3 {
            tokio::task::yield_now().await;
        }
    };
    let end = bulk.run(&setup.client, stop).await.unwrap();
    assert!(matches!(end, RunEnd::Stopped), "{end:?}");
    let counts = bulk.progress().counts();
    assert_eq!((counts.succeeded, counts.in_flight, setup.worked_on()), (3, 0, 3));
    drop(bulk);
    let bulk = setup.open(Setup::builder()).unwrap();
    assert_eq!(bulk.progress().counts().ambiguous, 0);
}
