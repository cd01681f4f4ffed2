//! Runs whose input and output are streams.

use std::future::pending;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use invoke_model_bulk::{Bulk, BulkBuilder, BulkError, BulkLimits, BulkResult, Counts, RunEnd, SendError};
use invoke_model_local::Fault;
use serde_json::{Value, json};

use crate::support::{MODEL, Setup};

/// The journal of a run with files.
fn journal(setup: &Setup) -> std::path::PathBuf {
    setup.output().join("journal.jsonl")
}

fn line(index: usize) -> String {
    json!({"recordId": format!("id {index}"), "modelInput": {"inputText": format!("text {index}")}})
        .to_string()
}

/// Sends lines to a stream with a journal. Returns the results.
async fn run_lines(
    setup: &Setup,
    builder: BulkBuilder,
    lines: impl IntoIterator<Item = String>,
) -> (Vec<BulkResult>, Counts, Result<RunEnd, BulkError>) {
    let (stream, mut sender, mut receiver) = builder.open_stream(Some(&journal(setup))).unwrap();
    let progress = stream.progress();
    let send = async move {
        for line in lines {
            if sender.send_line(line.as_bytes()).await.is_err() {
                break;
            }
        }
    };
    let receive = async {
        let mut results = Vec::new();
        while let Some(result) = receiver.recv().await {
            results.push(result);
        }
        results
    };
    let (end, (), results) = tokio::join!(stream.run(&setup.client, pending()), send, receive);
    (results, progress.counts(), end)
}

fn error(result: &BulkResult) -> &str {
    &result.output.as_ref().unwrap_err().error_message
}

#[tokio::test]
async fn results_are_in_the_order_of_the_records() {
    let setup = Setup::new().await;
    setup.local.inject(Fault::new().delay(Duration::from_millis(20)).every(3));
    let (results, counts, end) = run_lines(&setup, Setup::builder(), (0..50).map(line)).await;
    assert!(matches!(end, Ok(RunEnd::Complete)), "{end:?}");
    let ids: Vec<_> = results.iter().map(|result| result.record_id.clone()).collect();
    assert_eq!(ids, (0..50).map(|index| format!("id {index}")).collect::<Vec<_>>());
    assert_eq!(&results[7].model_input[..], br#"{"inputText":"text 7"}"#);
    assert!(results.iter().all(|result| result.output.as_ref().unwrap().get().contains("embedding")));
    assert_eq!((counts.records, counts.succeeded, counts.in_flight), (50, 50, 0));
}

#[tokio::test]
async fn only_the_records_in_flight_are_read_ahead() {
    let setup = Setup::new().await;
    let (stream, mut sender, mut receiver) = Setup::builder().open_stream(None).unwrap();
    let progress = stream.progress();
    let run = async { stream.run(&setup.client, pending()).await.unwrap() };
    let feed = async {
        // All calls have ended, but the program has received no result.
        let mut sent = 0;
        while sender.has_capacity() {
            assert!(sender.send_line(line(sent).as_bytes()).await.unwrap());
            sent += 1;
        }
        assert_eq!(sent, 8, "twice the number of calls");
        while progress.counts().succeeded < 8 {
            tokio::task::yield_now().await;
        }
        assert!(!sender.has_capacity());
        assert_eq!(sender.try_send_line(line(8).as_bytes()), Err(SendError::Full));
        assert_eq!(receiver.recv().await.unwrap().record_id, "id 0");
        assert!(sender.has_capacity());
        assert!(!sender.send_line(b" \r\n").await.unwrap(), "a blank line needs no capacity");
        assert_eq!(sender.try_send_line(line(8).as_bytes()), Ok(true));
        drop(sender);
        while receiver.recv().await.is_some() {}
    };
    let (end, ()) = tokio::join!(run, feed);
    assert!(matches!(end, RunEnd::Complete), "{end:?}");
    assert_eq!(progress.counts().succeeded, 9);
}

#[tokio::test]
async fn files_and_streams_have_the_same_journal() {
    let setup = Setup::new().await;
    let (results, ..) = run_lines(&setup, Setup::builder(), (0..3).map(line)).await;
    assert_eq!(results.len(), 3);
    setup.write_texts(6);
    drop(setup.run(Setup::builder()).await);
    setup.check_complete(6);
    assert_eq!(setup.worked_on(), 6, "the run of the file continues the stream");
    let (results, counts, end) = run_lines(&setup, Setup::builder(), (0..8).map(line)).await;
    assert!(matches!(end, Ok(RunEnd::Complete)), "{end:?}");
    assert_eq!(setup.worked_on(), 8, "the stream continues the run of the file");
    assert_eq!((results.len(), counts.succeeded, counts.calls), (8, 8, 2));
    assert!(counts.tokens.input > 0);
    let row: Value = serde_json::from_str(results[5].output.as_ref().unwrap().get()).unwrap();
    assert_eq!(row, setup.rows()[5]["modelOutput"]);
}

#[tokio::test]
async fn requests_in_flight_at_a_kill_are_ambiguous() {
    let setup = Setup::new().await;
    setup.local.inject(Fault::new().delay(Duration::from_secs(600)).first(2));
    let (stream, mut sender, _receiver) = Setup::builder().open_stream(Some(&journal(&setup))).unwrap();
    for index in 0..2 {
        sender.send_line(line(index).as_bytes()).await.unwrap();
    }
    tokio::select! {
        biased;
        () = async { while setup.local.stats().requests < 2 { tokio::task::yield_now().await } } => {}
        end = stream.run(&setup.client, pending()) => panic!("the run ended: {end:?}"),
    }
    let (results, counts, _) = run_lines(&setup, Setup::builder(), (0..4).map(line)).await;
    assert_eq!((counts.succeeded, counts.failed, counts.ambiguous), (2, 2, 2));
    assert!(error(&results[0]).contains("the service may have executed and billed it"), "{results:?}");
    let again = Setup::builder().retry_ambiguous(true);
    let (results, counts, _) = run_lines(&setup, again, (0..4).map(line)).await;
    assert_eq!((counts.succeeded, counts.calls), (4, 2));
    assert!(results.iter().all(|result| result.output.is_ok()));
}

#[tokio::test]
async fn a_stopped_run_delivers_the_results_in_flight() {
    let setup = Setup::new().await;
    let (stream, mut sender, mut receiver) =
        Setup::builder().max_concurrency(2).open_stream(Some(&journal(&setup))).unwrap();
    for index in 0..4 {
        sender.send_line(line(index).as_bytes()).await.unwrap();
    }
    let progress = stream.progress();
    let stop = async {
        while progress.counts().in_flight < 2 {
            tokio::task::yield_now().await
        }
    };
    let end = stream.run(&setup.client, stop).await.unwrap();
    assert!(matches!(end, RunEnd::Stopped), "{end:?}");
    assert_eq!(sender.send_line(line(4).as_bytes()).await, Err(SendError::Ended));
    let mut received = 0;
    while receiver.recv().await.is_some() {
        received += 1;
    }
    assert_eq!(received, progress.counts().succeeded);
    let (results, ..) = run_lines(&setup, Setup::builder(), (0..5).map(line)).await;
    assert!(results.len() == 5 && results.iter().all(|result| result.output.is_ok()), "{results:?}");
    assert_eq!(setup.worked_on(), 5);
}

#[tokio::test]
async fn equal_inputs_are_sent_once() {
    let setup = Setup::new().await;
    let equal =
        |index: usize| json!({"modelInput": {"inputText": format!("text {}", index % 2)}}).to_string();
    for (number, calls) in [(6, 2), (7, 2)] {
        let (results, counts, _) =
            run_lines(&setup, Setup::builder().dedupe(true), (0..number).map(equal)).await;
        assert_eq!(results.len(), number);
        assert_eq!(results[0].output.as_ref().unwrap().get(), results[4].output.as_ref().unwrap().get());
        assert_eq!((counts.succeeded, counts.duplicates), (number as u64, number as u64 - 2));
        assert_eq!(setup.worked_on(), calls);
    }
    let error = Setup::builder().dedupe(true).open_stream(None).unwrap_err();
    assert!(matches!(error, BulkError::DedupeWithoutJournal), "{error}");
}

#[tokio::test]
async fn invalid_records_are_refused_or_skipped() {
    let setup = Setup::new().await;
    let (_stream, mut sender, _receiver) = Setup::builder().open_stream(None).unwrap();
    let mut check = async |line: &str, expected: &str| {
        let error = sender.send_line(line.as_bytes()).await.unwrap_err();
        assert!(matches!(error, SendError::Invalid(_)) && error.to_string().contains(expected), "{error}");
    };
    check("x", "expected value at column 1").await;
    check(r#"{"recordId":"a"}"#, "expected an object").await;
    sender.send_line(line(0).as_bytes()).await.unwrap();
    assert!(sender.send_line(line(0).as_bytes()).await.is_err(), "the id occurs twice");

    let lines = [r#"{"recordId":"a","modelInput":[]}"#.to_owned(), "x".to_owned(), line(0), line(0)];
    let (results, counts, _) = run_lines(&setup, Setup::builder().skip_invalid(true), lines).await;
    let ids: Vec<_> = results.iter().map(|result| &*result.record_id).collect();
    assert_eq!(ids, ["a", "R0000000002", "id 0", "id 0"]);
    assert_eq!(error(&results[0]), "`modelInput` must be an object");
    assert_eq!(&results[1].model_input[..], br#""x""#);
    assert!(results[2].output.is_ok() && error(&results[3]).contains("the id `id 0` occurs twice"));
    assert_eq!((counts.records, counts.succeeded, counts.failed), (4, 1, 3));
    assert_eq!(setup.worked_on(), 1);
}

#[tokio::test]
async fn a_journal_of_other_records_is_refused() {
    let setup = Setup::new().await;
    drop(run_lines(&setup, Setup::builder(), (0..3).map(line)).await);
    for number in [1, 20] {
        let (results, _, end) = run_lines(&setup, Setup::builder(), (10..10 + number).map(line)).await;
        assert!(matches!(end, Err(BulkError::OtherInput { count: 3, .. })), "{end:?}");
        assert!(results.is_empty());
    }
    assert_eq!(setup.worked_on(), 3, "nothing was sent");
    let warnings = Arc::new(Mutex::new(Vec::new()));
    let warned = warnings.clone();
    let builder = Setup::builder().on_warning(move |warning| warned.lock().unwrap().push(warning.to_owned()));
    let (results, _, end) = run_lines(&setup, builder, [line(0)]).await;
    assert!(matches!(end, Ok(RunEnd::Complete)) && results.len() == 1, "{end:?}");
    assert_eq!(*warnings.lock().unwrap(), ["the journal contains 2 records that are not in the input"]);
    let error = Bulk::builder("amazon.nova-lite-v1:0").open_stream(Some(&journal(&setup))).unwrap_err();
    assert!(error.to_string().contains(MODEL), "{error}");
}

#[tokio::test]
async fn the_made_id_of_an_invalid_record_is_not_used_again() {
    let setup = Setup::new().await;
    let same = json!({"recordId": "R0000000001", "modelInput": {"inputText": "a"}}).to_string();
    let other = json!({"modelInput": {"inputText": "b"}}).to_string();
    let lines = ["x".to_owned(), same, other];
    let builder = || Setup::builder().skip_invalid(true);
    let (results, ..) = run_lines(&setup, builder(), lines.clone()).await;
    let is_valid: Vec<_> = results.iter().map(|result| result.output.is_ok()).collect();
    assert_eq!(is_valid, [false, false, true]);
    assert_eq!(error(&results[1]), "the id `R0000000001` occurs twice");
    setup.write_text(&lines.map(|line| line + "\n").concat());
    drop(setup.run(builder()).await);
    assert_eq!(setup.worked_on(), 1, "the run of the file has the same valid record");
    assert_eq!(setup.rows()[1]["error"]["errorMessage"], "the id `R0000000001` occurs twice");
}

#[tokio::test]
async fn a_maximum_cost_needs_prices() {
    let setup = Setup::new().await;
    setup.write_texts(1);
    let mut bulk = setup.open(Setup::builder()).unwrap();
    let limiter = BulkLimits::default().max_cost(1.0).quota_limiter(MODEL, &bulk.progress()).build();
    let limited = Setup::with_quota(limiter).await;
    let end = bulk.run(&limited.client, pending()).await.unwrap();
    assert!(matches!(end, RunEnd::Failed(_)), "{end:?}");
    assert_eq!(limited.worked_on(), 0);
}

#[tokio::test]
async fn records_of_a_stream_share_requests() {
    let setup = Setup::new().await;
    let text = |index: usize| {
        json!({"modelInput": {"texts": [format!("text {index}")], "input_type": "search_document"}})
            .to_string()
    };
    let builder = Bulk::builder("cohere.embed-english-v3").max_concurrency(2);
    let (results, counts, _) = run_lines(&setup, builder, (0..250).map(text)).await;
    assert_eq!((results.len(), counts.succeeded), (250, 250));
    assert!(counts.calls < 125, "{} calls", counts.calls);
}
