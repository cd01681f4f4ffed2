//! Tests of event streams, payloads in chunks, calls by name and raw requests through several targets.

use invoke_model_client::types::ResponseStream;
use invoke_model_client::{
    CircuitState, Client, ErrorKind, Failover, FailoverTarget, FailureClass, TransportError,
    TransportErrorKind,
};
use invoke_model_protocol::event_stream::{HeaderValue, Message};
use serde_json::json;

use super::{ID, Two, ok, target, throttled};
use crate::bounds::body_of;
use crate::fake::{Fake, SendResult, response};

fn stream(frames: Vec<Vec<u8>>) -> SendResult {
    let headers = [
        ("content-type", "application/vnd.amazon.eventstream"),
        ("x-amzn-bedrock-content-type", "application/json"),
    ];
    Ok(response(200, &headers, bytes::Bytes::from(frames.concat()).into()))
}

fn event(kind: &str, name: &str, payload: &'static str) -> Vec<u8> {
    let name_header = if kind == "event" { ":event-type" } else { ":exception-type" };
    let mut message = Message::builder();
    for (header, value) in [(":message-type", kind), (name_header, name)] {
        message.header(header, HeaderValue::String(value)).unwrap();
    }
    let mut frame = Vec::new();
    message.payload(payload).encode(&mut frame).unwrap();
    frame
}

#[tokio::test(start_paused = true)]
async fn streams_move_on_only_before_the_first_event() {
    let chunk = || event("event", "chunk", r#"{"bytes":"aGk="}"#);
    let exception = || event("exception", "throttlingException", r#"{"message":"why"}"#);
    let call = |two: &Two| two.failover.client().invoke_model_with_response_stream().model_id(ID);

    let two = Two::new(|builder| builder.on_ambiguous(true));
    two.east.push([stream(vec![exception()])]);
    two.west.push([stream(vec![chunk(), chunk()])]);
    let mut answer = two.failover.send(call(&two)).await.unwrap();
    assert_eq!((answer.target.as_str(), answer.other_targets.len()), ("west", 1));
    for _ in 0..2 {
        let received = answer.output.events.recv().await.unwrap();
        assert!(matches!(received, Some(ResponseStream::Chunk(_))), "{received:?}");
    }
    assert!(answer.output.events.recv().await.unwrap().is_none());
    assert!(answer.output.events.is_complete());

    // An exception within a stream is ambiguous.
    let two = Two::new(|builder| builder);
    two.east.push([stream(vec![exception()])]);
    let error = two.failover.send(call(&two)).await.unwrap_err();
    assert_eq!((error.code(), error.target()), (Some("ThrottlingException"), Some("east")));
    assert_eq!(two.requests(), (1, 0));

    // After the first event, the caller receives the error.
    let two = Two::new(|builder| builder.on_ambiguous(true));
    two.east.push([stream(vec![chunk(), exception()])]);
    let mut answer = two.failover.send(call(&two)).await.unwrap();
    assert!(answer.output.events.recv().await.unwrap().is_some());
    assert_eq!(answer.output.events.recv().await.unwrap_err().code(), Some("ThrottlingException"));
    assert_eq!((two.requests(), two.states()[0]), ((1, 0), CircuitState::Closed));

    // A stream without events is complete.
    let two = Two::new(|builder| builder);
    two.east.push([stream(vec![])]);
    let mut answer = two.failover.send(call(&two)).await.unwrap();
    assert!(answer.output.events.recv().await.unwrap().is_none());
}

#[tokio::test(start_paused = true)]
async fn payloads_in_chunks_move_on_only_before_the_first_chunk() {
    let body = |chunks: Vec<Result<&'static str, TransportErrorKind>>| {
        let chunks = chunks.into_iter().map(|chunk| chunk.map_err(|kind| TransportError::new(kind, "lost")));
        let body = body_of(futures_util::stream::iter(chunks));
        Ok(response(200, &[("content-type", "application/json")], body))
    };
    let incomplete = || Err(TransportErrorKind::BodyIncomplete);
    let two = Two::new(|builder| builder.on_ambiguous(true));
    two.east.push([body(vec![incomplete()])]);
    two.west.push([body(vec![Ok("{\"a\":"), Ok("1}")])]);
    let answer = two.failover.send_streaming(two.call()).await.unwrap();
    assert_eq!(answer.target, "west");
    assert_eq!(answer.output.body.collect().await.unwrap(), "{\"a\":1}");

    let two = Two::new(|builder| builder.on_ambiguous(true));
    two.east.push([body(vec![Ok("{\"a\":"), incomplete()])]);
    let mut answer = two.failover.send_streaming(two.call()).await.unwrap();
    assert_eq!(answer.output.body.chunk().await.unwrap().unwrap(), "{\"a\":");
    assert_eq!(answer.output.body.chunk().await.unwrap_err().kind(), TransportErrorKind::BodyIncomplete);

    let two = Two::new(|builder| builder);
    two.east.push([body(vec![incomplete()])]);
    let error = two.failover.send_streaming(two.call()).await.unwrap_err();
    assert_eq!((error.class(), error.target()), (FailureClass::Ambiguous, Some("east")));
    assert_eq!((error.status().map(|status| status.as_u16()), error.attempts()), (Some(200), 1));
}

#[tokio::test(start_paused = true)]
async fn bodies_that_differ_by_target() {
    let two = Two::new(|builder| builder);
    two.east.push([throttled()]);
    two.west.push([ok()]);
    // The model id of the target replaces the one of the call.
    let build = |target: &FailoverTarget| {
        let call = target.client.invoke_model().body(target.name.clone());
        if target.model_id.is_none() { call.model_id(ID) } else { call }
    };
    assert_eq!(two.failover.send_with(build).await.unwrap().target, "west");
    assert_eq!((two.east.request().body(), two.west.request().body()), (&"east".into(), &"west".into()));

    let two = Two::new(|builder| builder);
    two.east.push([throttled()]);
    two.west.push([ok()]);
    assert_eq!(two.failover.send_streaming_with(build).await.unwrap().target, "west");
    assert_eq!((two.east.request().body(), two.west.request().body()), (&"east".into(), &"west".into()));
}

#[tokio::test(start_paused = true)]
async fn calls_by_name_and_raw_requests() {
    let two = Two::new(|builder| builder);
    let input = json!({"modelId": "a:0", "messages": []});
    two.east.push([throttled()]);
    let body = r#"{"output":{"message":{"role":"assistant","content":[]}},"stopReason":"end_turn","usage":{"inputTokens":1,"outputTokens":1,"totalTokens":2},"metrics":{"latencyMs":1}}"#;
    two.west.push([Ok(response(200, &[], bytes::Bytes::from_static(body.as_bytes()).into()))]);
    let call = two.failover.client().operation("Converse").unwrap().json(input.clone());
    let answer = two.failover.send_json(call).await.unwrap();
    assert_eq!((answer.target.as_str(), &answer.output["stopReason"]), ("west", &json!("end_turn")));
    assert_eq!(two.west.request().uri().path(), "/model/west-model/converse");

    let call = || two.failover.client().operation("ConverseStream").unwrap().json(input.clone());
    let error = two.failover.send_json(call()).await.unwrap_err();
    assert!(error.to_string().contains("call `send_stream` instead"), "{error}");
    let start = event("event", "messageStart", r#"{"role":"assistant"}"#);
    two.east.push([throttled()]);
    two.west.push([stream(vec![start])]);
    let mut answer = two.failover.send_json_stream(call()).await.unwrap();
    let received = answer.output.events.recv().await.unwrap().unwrap();
    assert_eq!((answer.target.as_str(), received), ("west", json!({"messageStart": {"role": "assistant"}})));

    let invalid = two.failover.client().operation("Converse").unwrap().json(json!({"model": 1}));
    let requests = two.requests();
    assert!(matches!(two.failover.send_json(invalid).await.unwrap_err().kind(), ErrorKind::Json(_)));
    assert_eq!(two.requests(), requests);

    two.east.push([throttled()]);
    two.west.push([ok()]);
    let raw =
        two.failover.client().request(http::Method::POST, "/openai/v1/chat/completions").json(&json!({}));
    assert_eq!(two.failover.send(raw).await.unwrap().target, "west");
    assert_eq!(two.west.requests().last().unwrap().uri().path(), "/openai/v1/chat/completions");
}

#[tokio::test(start_paused = true)]
async fn bidirectional_calls_move_on_before_the_request_is_sent() {
    let (east, west) = (Fake::default(), Fake::default());
    let without_credentials = Client::new(east.bare().region("us-east-1")).unwrap();
    let failover = Failover::builder()
        .target(FailoverTarget::new("east", without_credentials))
        .target(target("west", &west, "us-west-2"))
        .build()
        .unwrap();
    let call = failover.client().invoke_model_with_bidirectional_stream().model_id(ID);
    let answer = failover.send(call).await.unwrap();
    assert_eq!((answer.target.as_str(), answer.other_targets.len()), ("west", 1));
    let call = failover.client().operation("InvokeModelWithBidirectionalStream").unwrap();
    let call = call.json(json!({"modelId": ID}));
    assert_eq!(failover.send_json_bidirectional(call).await.unwrap().target, "west");
}
