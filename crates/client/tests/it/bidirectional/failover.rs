//! Circuit breakers of the targets of bidirectional calls.

use std::time::Duration;

use invoke_model_client::types::{InvokeModelWithBidirectionalStreamError, ServiceUnavailableException};
use invoke_model_client::{
    BoxFuture, CircuitBreakerConfig, CircuitState, Client, Failover, FailoverOutput, FailoverTarget,
};

use super::server::{Input, StreamServer};
use super::{BidirectionalStreamOutput, Clock, MODEL, Operation, input, output, settings};

/// Starts a server that fails each call whose first event has the text `fail`.
async fn server() -> StreamServer {
    StreamServer::start(Clock::default(), |mut call| async move {
        if call.next().await == Input::Event(input("fail")) {
            let error = ServiceUnavailableException::default();
            call.fail(&InvokeModelWithBidirectionalStreamError::from(error));
            return;
        }
        let mut events = call.head();
        events.send(&output("first"));
        while let Input::Event(_) = call.next().await {}
    })
    .await
}

fn failover(server: &StreamServer, breaker: CircuitBreakerConfig) -> Failover {
    let target = FailoverTarget::new("only", Client::new(settings(server, &Clock::default())).unwrap());
    Failover::builder().target(target).circuit_breaker(breaker).build().unwrap()
}

async fn start(failover: &Failover) -> BidirectionalStreamOutput<Operation> {
    let call = failover.client().invoke_model_with_bidirectional_stream().model_id(MODEL);
    let FailoverOutput { output, .. } = failover.send(call).await.unwrap();
    output
}

async fn fail(mut stream: BidirectionalStreamOutput<Operation>) {
    stream.sender.send(input("fail")).await.unwrap();
    assert_eq!(stream.response.await.unwrap_err().code(), Some("ServiceUnavailableException"));
}

async fn succeed(mut stream: BidirectionalStreamOutput<Operation>) {
    stream.sender.send(input("one")).await.unwrap();
    assert_eq!(stream.response.await.unwrap().events.recv().await.unwrap(), Some(output("first")));
}

fn state(failover: &Failover) -> CircuitState {
    failover.status()[0].state
}

#[tokio::test]
async fn the_first_event_is_a_success_and_an_error_before_it_is_a_failure() {
    let server = server().await;
    let failover = failover(&server, CircuitBreakerConfig::default().consecutive_failures(2));
    // A cancelled call does not count.
    type End = fn(BidirectionalStreamOutput<Operation>) -> BoxFuture<()>;
    let calls: [End; 5] = [
        |stream| Box::pin(fail(stream)),
        |stream| Box::pin(succeed(stream)),
        |stream| Box::pin(fail(stream)),
        |stream| Box::pin(async { drop(stream) }),
        |stream| Box::pin(fail(stream)),
    ];
    for call in calls {
        assert_eq!(state(&failover), CircuitState::Closed);
        call(start(&failover).await).await;
    }
    assert!(matches!(state(&failover), CircuitState::Open { .. }));
    let last = failover.status()[0].last_failure.clone().unwrap();
    assert!(last.contains("ServiceUnavailableException"), "{last}");
}

#[tokio::test]
async fn a_probe_that_has_started_does_not_block_the_next_probe() {
    let server = server().await;
    let config = CircuitBreakerConfig::default().consecutive_failures(1).open_duration(Duration::ZERO);
    let failover = failover(&server, config);
    fail(start(&failover).await).await;
    assert_eq!(state(&failover), CircuitState::HalfOpen);
    let probe = start(&failover).await;
    succeed(probe).await;
    assert_eq!(state(&failover), CircuitState::Closed);
    fail(start(&failover).await).await;
    let (first, second) = (start(&failover).await, start(&failover).await);
    // The second call was the next probe, so only its result counts.
    succeed(first).await;
    assert_eq!(state(&failover), CircuitState::HalfOpen);
    succeed(second).await;
    assert_eq!(state(&failover), CircuitState::Closed);
}
