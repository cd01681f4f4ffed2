//! Runs that continue after an interruption.

use std::future::pending;

use invoke_model_bulk::RunEnd;
use invoke_model_local::Fault;
use std::time::Duration;

use crate::support::Setup;

/// Drops the future of the run when a number of calls is in flight. Nothing is written after that, as after a kill.
async fn run_and_drop(setup: &Setup, in_flight: u64) {
    let mut bulk = setup.open(Setup::builder()).unwrap();
    let progress = bulk.progress();
    let is_reached = async {
        while progress.counts().in_flight < in_flight || setup.local.stats().requests < in_flight {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    tokio::select! {
        biased;
        () = is_reached => {}
        end = bulk.run(&setup.client, pending()) => panic!("the run ended: {end:?}"),
    }
}

#[tokio::test]
async fn requests_in_flight_at_a_kill_are_ambiguous() {
    let setup = Setup::new().await;
    setup.write_texts(10);
    setup.local.inject(Fault::new().delay(Duration::from_secs(600)));
    run_and_drop(&setup, 4).await;
    setup.local.clear_faults();
    let before = setup.local.stats().requests;

    let (bulk, end) = setup.run(Setup::builder()).await;
    assert!(matches!(end, RunEnd::Complete), "{end:?}");
    let counts = bulk.progress().counts();
    assert_eq!((counts.succeeded, counts.failed, counts.ambiguous), (6, 4, 4));
    assert_eq!(setup.local.stats().requests - before, 6, "an ambiguous record is not sent again");
    let rows = setup.rows();
    assert_eq!(rows.len(), 10);
    assert_eq!(rows[0]["error"]["errorCode"], 0);
    assert!(
        rows[0]["error"]["errorMessage"].as_str().unwrap().contains("retry ambiguous records"),
        "{rows:?}"
    );
    drop(bulk);

    let (bulk, _) = setup.run(Setup::builder().retry_ambiguous(true)).await;
    assert_eq!(bulk.progress().counts().ambiguous, 0);
    setup.check_complete(10);
    assert_eq!(setup.local.stats().requests - before, 10);
}

#[tokio::test]
async fn a_complete_run_sends_nothing() {
    let setup = Setup::new().await;
    setup.write_texts(5);
    drop(setup.run(Setup::builder()).await);
    let first = std::fs::read(setup.output().join("in.jsonl.out")).unwrap();
    let (bulk, end) = setup.run(Setup::builder()).await;
    assert!(matches!(end, RunEnd::Complete), "{end:?}");
    assert_eq!(setup.worked_on(), 5);
    assert_eq!(std::fs::read(setup.output().join("in.jsonl.out")).unwrap(), first);
    assert!(bulk.progress().counts().tokens.input > 0, "tokens of earlier runs count");
}

#[tokio::test]
async fn more_records_can_follow() {
    let setup = Setup::new().await;
    setup.write_texts(5);
    drop(setup.run(Setup::builder()).await);
    setup.write_texts(8);
    drop(setup.run(Setup::builder()).await);
    setup.check_complete(8);
    assert_eq!(setup.worked_on(), 8);
}
