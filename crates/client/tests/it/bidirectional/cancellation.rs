//! Calls that the caller cancels by dropping the sender or the response.

use futures_util::stream;
use h2::Reason;
use invoke_model_client::{ErrorKind, TransportErrorKind, TruncationCause};
use tokio::sync::mpsc;

use super::server::{Input, StreamServer};
use super::{Clock, call, input, open, output, settings};

/// Starts a server that sends a head and one event, and reports the inputs that it reads.
async fn reporting_server() -> (StreamServer, mpsc::UnboundedReceiver<Input>) {
    let (report, inputs) = mpsc::unbounded_channel();
    let server = StreamServer::start(Clock::default(), move |mut call| {
        let report = report.clone();
        async move {
            let mut events = call.head();
            events.send(&output("hello"));
            loop {
                let input = call.next().await;
                let is_last = matches!(input, Input::Reset(_) | Input::End);
                report.send(input).unwrap();
                if is_last {
                    return;
                }
            }
        }
    })
    .await;
    (server, inputs)
}

#[tokio::test]
async fn dropping_the_sender_cancels_the_call() {
    let (server, mut inputs) = reporting_server().await;
    let mut stream = open(&server).await;
    stream.sender.send(input("one")).await.unwrap();
    let mut events = stream.response.await.unwrap().events;
    events.recv().await.unwrap();
    assert_eq!(inputs.recv().await, Some(Input::Event(input("one"))));
    drop(stream.sender);
    assert_eq!(inputs.recv().await, Some(Input::Reset(Some(Reason::CANCEL))));
    let error = events.recv().await.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Truncated(_)), "{error:?}");
    let reason = "the call was cancelled, because the event sender was dropped before `close`";
    assert!(error.to_string().contains(reason), "{error}");
}

#[tokio::test]
async fn dropping_the_sender_before_the_head_fails_the_response() {
    let server = StreamServer::start(Clock::default(), |mut call| async move {
        assert_eq!(call.next().await, Input::Event(input("one")));
        assert_eq!(call.next().await, Input::Reset(Some(Reason::CANCEL)));
    })
    .await;
    let mut stream = open(&server).await;
    stream.sender.send(input("one")).await.unwrap();
    drop(stream.sender);
    let error = stream.response.await.unwrap_err();
    let ErrorKind::Transport(transport) = error.kind() else { panic!("{error:?}") };
    assert_eq!(transport.kind(), TransportErrorKind::RequestBodyIncomplete);
    assert!(error.may_have_been_sent(), "the service has received an event");
    assert!(error.to_string().contains("the event sender was dropped before `close`"), "{error}");
}

#[tokio::test]
async fn dropping_the_receiver_cancels_the_call() {
    let (server, mut inputs) = reporting_server().await;
    let mut stream = open(&server).await;
    let mut events = stream.response.await.unwrap().events;
    events.recv().await.unwrap();
    drop(events);
    assert_eq!(inputs.recv().await, Some(Input::Reset(Some(Reason::CANCEL))));
    let error = stream.sender.send(input("one")).await.unwrap_err();
    assert!(error.to_string().contains("the response was dropped before its end"), "{error}");
    let error = stream.sender.close().await.unwrap_err();
    assert!(error.to_string().contains("the response was dropped before its end"), "{error}");
}

#[tokio::test]
async fn dropping_the_response_before_the_head_cancels_the_call() {
    let (report, mut inputs) = mpsc::unbounded_channel();
    let server = StreamServer::start(Clock::default(), move |mut call| {
        let report = report.clone();
        async move { report.send(call.next().await).unwrap() }
    })
    .await;
    let mut stream = open(&server).await;
    drop(stream.response);
    assert_eq!(inputs.recv().await, Some(Input::Reset(Some(Reason::CANCEL))));
    assert!(stream.sender.send(input("one")).await.is_err());
}

#[tokio::test]
async fn dropping_the_output_ends_a_stream_of_events_that_never_ends() {
    let (server, mut inputs) = reporting_server().await;
    let (dropped, mut was_dropped) = mpsc::channel::<()>(1);
    let events = stream::unfold(dropped, |dropped| async move {
        std::future::pending::<()>().await;
        Some((input("never"), dropped))
    });
    let output = call(settings(&server, &Clock::default())).send_events(events).await.unwrap();
    drop(output);
    assert_eq!(inputs.recv().await, Some(Input::Reset(Some(Reason::CANCEL))));
    assert_eq!(was_dropped.recv().await, None, "the task that reads the stream has ended");
}

#[tokio::test]
async fn an_event_whose_future_is_dropped_is_not_sent() {
    let (server, mut inputs) = reporting_server().await;
    let mut stream = open(&server).await;
    drop(stream.sender.send(input("dropped")));
    stream.sender.send(input("sent")).await.unwrap();
    stream.sender.close().await.unwrap();
    assert_eq!(inputs.recv().await, Some(Input::Event(input("sent"))));
    assert_eq!(inputs.recv().await, Some(Input::SignedEnd));
    assert_eq!(inputs.recv().await, Some(Input::End));
}

#[tokio::test]
async fn a_connection_that_is_lost_truncates_the_stream() {
    let server = StreamServer::start(Clock::default(), |mut call| async move {
        call.head().send(&output("one"));
        assert_eq!(call.next().await, Input::Event(input("one")));
        call.close_connection().await;
    })
    .await;
    let mut stream = open(&server).await;
    let mut events = stream.response.await.unwrap().events;
    assert_eq!(events.recv().await.unwrap(), Some(output("one")));
    stream.sender.send(input("one")).await.unwrap();
    let error = events.recv().await.unwrap_err();
    let ErrorKind::Truncated(truncated) = error.kind() else { panic!("{error:?}") };
    assert!(matches!(truncated.cause, TruncationCause::Connection(_)));
    assert_eq!(truncated.received.events, 1);
    let error = stream.sender.send(input("two")).await.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Truncated(_)), "the sender returns the error of the response");
}
