//! Records that share a request.

use std::future::pending;

use invoke_model_bulk::{Bulk, BulkBuilder, BulkOperation, RunEnd};
use serde_json::json;

use crate::support::Setup;

fn builder() -> BulkBuilder {
    Bulk::builder("cohere.embed-english-v3").max_concurrency(2)
}

/// Writes records with one text each.
fn write_texts(setup: &Setup, texts: impl IntoIterator<Item = String>) {
    let input = |text| json!({"modelInput": {"texts": [text], "input_type": "search_document"}});
    setup.write(texts.into_iter().map(input));
}

#[tokio::test]
async fn texts_of_cohere_share_requests() {
    let setup = Setup::new().await;
    write_texts(&setup, (0..250).map(|index| format!("text {index}")));
    let (bulk, end) = setup.run(builder()).await;
    assert!(matches!(end, RunEnd::Complete), "{end:?}");
    let requests = setup.worked_on();
    assert!((3..125).contains(&requests), "{requests} requests");
    let rows = setup.rows();
    assert_eq!(rows.len(), 250);
    for (index, row) in rows.iter().enumerate() {
        assert_eq!(row["modelOutput"]["texts"], json!([format!("text {index}")]));
        assert_eq!(row["modelOutput"]["embeddings"].as_array().unwrap().len(), 1);
    }
    assert_ne!(rows[0]["modelOutput"]["embeddings"], rows[1]["modelOutput"]["embeddings"]);
    let counts = bulk.progress().counts();
    assert_eq!((counts.succeeded, counts.calls), (250, requests));
}

#[tokio::test]
async fn inputs_of_converse_do_not_share_requests() {
    let setup = Setup::new().await;
    write_texts(&setup, (0..3).map(|index| format!("text {index}")));
    let (bulk, _) = setup.run(builder().operation(BulkOperation::Converse)).await;
    assert_eq!(bulk.progress().counts().calls, 3, "{:?}", setup.rows());
}

#[tokio::test]
async fn a_rejected_request_is_sent_again_for_each_record() {
    let setup = Setup::new().await;
    let invalid = "x".repeat(3_000);
    write_texts(&setup, ["a".to_owned(), invalid, "b".to_owned()]);
    drop(setup.run(builder()).await);
    let rows = setup.rows();
    assert!(rows[0]["modelOutput"].is_object() && rows[2]["modelOutput"].is_object(), "{rows:?}");
    assert_eq!(rows[1]["error"]["errorCode"], 400);
}

#[tokio::test]
async fn all_records_of_a_lost_request_are_ambiguous() {
    let setup = Setup::new().await;
    write_texts(&setup, (0..10).map(|index| index.to_string()));
    setup.local.inject(invoke_model_local::Fault::new().delay(std::time::Duration::from_secs(600)).first(1));
    let mut bulk = setup.open(builder().max_concurrency(1)).unwrap();
    tokio::select! {
        biased;
        () = async { while setup.local.stats().requests == 0 { tokio::task::yield_now().await } } => {}
        end = bulk.run(&setup.client, pending()) => panic!("the run ended: {end:?}"),
    }
    drop(bulk);
    let (bulk, _) = setup.run(builder()).await;
    let counts = bulk.progress().counts();
    assert!(counts.ambiguous >= 1 && counts.succeeded + counts.ambiguous == 10, "{counts:?}");
    drop(bulk);
    let (bulk, _) = setup.run(builder().retry_ambiguous(true)).await;
    assert_eq!(bulk.progress().counts().succeeded, 10);
}
