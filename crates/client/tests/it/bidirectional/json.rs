//! Bidirectional calls by the name of the operation.

use invoke_model_client::types::AccessDeniedException;
use invoke_model_client::types::InvokeModelWithBidirectionalStreamError as CallError;
use invoke_model_client::{Client, ErrorKind, FailureClass, JsonCall, QuotaLimiter};
use serde_json::{Value, json};

use super::server::{Input, StreamServer};
use super::{Clock, MODEL, call, echo_server, input, output, read, settings};

/// The texts `one` and `two` in base64.
const ONE: &str = "b25l";
const TWO: &str = "dHdv";

fn call_by_name(server: &StreamServer, input: Value) -> JsonCall {
    let client = Client::new(settings(server, &Clock::default())).unwrap();
    client.operation("InvokeModelWithBidirectionalStream").unwrap().json(input)
}

fn event(base64: &str) -> Value {
    json!({"chunk": {"bytes": base64}})
}

#[tokio::test]
async fn events_are_json_in_both_directions() {
    let server = echo_server(Clock::default()).await;
    let call = call_by_name(&server, json!({"modelId": MODEL}));
    assert!(call.has_event_stream() && call.has_input_event_stream());
    let mut stream = call.send_bidirectional().await.unwrap();
    let mut response = stream.response.await.unwrap();
    assert_eq!(response.output, json!({}));
    for text in [ONE, TWO] {
        stream.sender.send(event(text)).await.unwrap();
        assert_eq!(response.events.recv().await.unwrap(), Some(event(text)));
    }
    stream.sender.close().await.unwrap();
    assert_eq!(response.events.recv().await.unwrap(), None);
    assert!(response.events.is_complete());
    assert_eq!((response.events.received().events, response.events.metadata().attempts), (2, 1));
}

#[tokio::test]
async fn an_invalid_event_does_not_end_the_call() {
    let server = echo_server(Clock::default()).await;
    let mut stream = call_by_name(&server, json!({"modelId": MODEL})).send_bidirectional().await.unwrap();
    let mut response = stream.response.await.unwrap();
    let deep = (0..300).fold(json!(1), |inner, _| json!([inner]));
    for (invalid, expected) in [
        (json!({"chunk": {"byte": ""}}), "`chunk.byte` is not a member of BidirectionalInputPayloadPart; "),
        (json!({"chunks": {}}), "`chunks` is not a member of InvokeModelWithBidirectionalStreamInputEvent; "),
        (
            json!({}),
            "the input must have exactly one member of InvokeModelWithBidirectionalStreamInputEvent, ",
        ),
        (json!({"chunk": deep}), "the input has more than 256 nested arrays and objects"),
    ] {
        let error = stream.sender.send(invalid).await.unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::SerializeEvent(_)), "{error:?}");
        assert_eq!(error.class(), FailureClass::Ambiguous);
        let expected = format!("InvokeModelWithBidirectionalStream: event not sent: {expected}");
        assert!(error.to_string().starts_with(&expected), "{error}");
    }
    stream.sender.send(event(ONE)).await.unwrap();
    stream.sender.close().await.unwrap();
    assert_eq!(response.events.recv().await.unwrap(), Some(event(ONE)));
    assert_eq!(response.events.recv().await.unwrap(), None);
}

#[tokio::test]
async fn an_invalid_input_is_not_sent() {
    let server = echo_server(Clock::default()).await;
    let error = call_by_name(&server, json!({"model": MODEL})).send_bidirectional().await.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Json(_)), "{error:?}");
    assert_eq!(server.calls(), 0);
}

#[tokio::test]
async fn an_error_of_the_service_is_the_error_of_the_response_and_of_the_sender() {
    let server = StreamServer::start(Clock::default(), |mut call| async move {
        assert_eq!(call.next().await, Input::Event(input("one")));
        call.fail(&CallError::from(AccessDeniedException::default()));
    })
    .await;
    let mut stream = call_by_name(&server, json!({"modelId": MODEL})).send_bidirectional().await.unwrap();
    stream.sender.send(event(ONE)).await.unwrap();
    let error = stream.response.await.unwrap_err();
    assert_eq!((error.code(), error.is_access_denied()), (Some("AccessDeniedException"), true));
    assert_eq!(stream.sender.send(event(TWO)).await.unwrap_err().code(), Some("AccessDeniedException"));
}

#[tokio::test]
async fn dropping_one_half_cancels_the_call() {
    let server = StreamServer::start(Clock::default(), |mut call| async move {
        let _events = call.head();
        assert!(matches!(call.next().await, Input::Reset(_)));
    })
    .await;
    let stream = call_by_name(&server, json!({"modelId": MODEL})).send_bidirectional().await.unwrap();
    drop(stream.sender);
    let error = match stream.response.await {
        Ok(mut response) => response.events.recv().await.unwrap_err(),
        Err(error) => error,
    };
    assert!(error.to_string().contains("the event sender was dropped before `close`"), "{error}");
}

/// Each usage event of Nova Sonic contains the totals of the session.
#[tokio::test]
async fn the_last_usage_event_counts() {
    let usage = |tokens: u64, output_tokens: u64| {
        let usage = json!({"totalInputTokens": tokens, "totalOutputTokens": output_tokens});
        output(&json!({"event": {"usageEvent": usage}}).to_string())
    };
    let server = StreamServer::start(Clock::default(), move |mut call| async move {
        let mut events = call.head();
        events.send(&usage(10, 2));
        events.send(&usage(30, 9));
        events.send(&output(r#"{"event":{"completionEnd":{}}}"#));
        events.end();
        while !matches!(call.next().await, Input::End | Input::Reset(_)) {}
    })
    .await;
    let limiter = QuotaLimiter::builder().tokens_per_minute(1_000).build();
    let client = settings(&server, &Clock::default()).quota_limiter(limiter.clone());
    let stream = call(client).send().await.unwrap();
    let mut events = stream.response.await.unwrap().events;
    stream.sender.close().await.unwrap();
    read(&mut events).await;
    let found = events.metadata().usage;
    assert_eq!((found.input_tokens, found.output_tokens), (Some(30), Some(9)));
    assert_eq!(limiter.usage().tokens, 39);
}
