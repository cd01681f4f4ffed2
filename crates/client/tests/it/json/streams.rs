//! Event streams as JSON.

use bytes::Bytes;
use invoke_model_client::types::{ConverseStreamEventError, ThrottlingException};
use invoke_model_client::{Error, ErrorKind, JsonEventStreamOutput};
use invoke_model_protocol::event_stream::{CONTENT_TYPE, HeaderValue, Message};
use serde_json::{Value, json};

use super::input;
use crate::fake::{Fake, response};

fn frame(kind: &str, name: &str, payload: &str) -> Vec<u8> {
    let mut message = Message::builder();
    message.header(":message-type", HeaderValue::String(kind)).unwrap();
    message.header(&format!(":{kind}-type"), HeaderValue::String(name)).unwrap();
    let mut frame = Vec::new();
    message.payload(payload.to_owned()).encode(&mut frame).unwrap();
    frame
}

async fn call(operation: &str, input: Value, frames: &[Vec<u8>]) -> JsonEventStreamOutput {
    let headers = [
        ("content-type", CONTENT_TYPE),
        ("x-amzn-requestid", "an-id"),
        ("x-amzn-bedrock-content-type", "application/json"),
    ];
    let fake = Fake::with_response(Ok(response(200, &headers, Bytes::from(frames.concat()).into())));
    fake.client().operation(operation).unwrap().json(input).send_stream().await.unwrap()
}

/// Reads the stream to its end. Returns all events, and the error if the stream ends with an error.
async fn read(response: &mut JsonEventStreamOutput) -> (Vec<Value>, Option<Error>) {
    let mut events = Vec::new();
    loop {
        match response.events.recv().await {
            Ok(Some(event)) => events.push(event),
            Ok(None) => return (events, None),
            Err(error) => return (events, Some(error)),
        }
    }
}

#[tokio::test]
async fn returns_events_as_json() {
    let usage = r#"{"usage":{"inputTokens":3,"outputTokens":4,"totalTokens":7},"metrics":{"latencyMs":12},"p":"abc"}"#;
    let frames = [
        frame("event", "messageStart", r#"{"role":"assistant","p":"ab"}"#),
        frame("event", "contentBlockDelta", r#"{"delta":{"text":"hi"},"contentBlockIndex":0}"#),
        frame("event", "news", r#"{"a":[1]}"#),
        frame("event", "bytes", "\u{1}"),
        frame("event", "empty", ""),
        frame("event", "metadata", usage),
    ];
    let mut response = call("ConverseStream", input(), &frames).await;
    assert_eq!((response.output.clone(), response.events.request_id()), (json!({}), Some("an-id")));
    let (events, error) = read(&mut response).await;
    assert_eq!(
        events,
        [
            json!({"messageStart": {"role": "assistant"}}),
            json!({"contentBlockDelta": {"delta": {"text": "hi"}, "contentBlockIndex": 0}}),
            json!({"news": {"a": [1]}}),
            json!({"bytes": "AQ=="}),
            json!({"empty": {}}),
            json!({"metadata": {
                "usage": {"inputTokens": 3, "outputTokens": 4, "totalTokens": 7},
                "metrics": {"latencyMs": 12},
            }}),
        ]
    );
    assert!(error.is_none() && response.events.is_complete());
    assert_eq!(response.events.received().events, 6);
    assert_eq!(response.events.metadata().usage.output_tokens, Some(4));
}

#[tokio::test]
async fn returns_parts_in_the_schema_of_a_model() {
    let frames = [frame("event", "chunk", r#"{"bytes":"eyJhIjoxfQ=="}"#)];
    let input = json!({"modelId": "a", "body": "e30="});
    let mut response = call("InvokeModelWithResponseStream", input, &frames).await;
    assert_eq!(response.output, json!({"contentType": "application/json"}));
    assert_eq!(read(&mut response).await.0, [json!({"chunk": {"bytes": "eyJhIjoxfQ=="}})]);
}

#[tokio::test]
async fn error_in_the_stream_has_the_type_of_the_operation() {
    let frames = [
        frame("event", "messageStart", r#"{"role":"assistant"}"#),
        frame("exception", "throttlingException", r#"{"message":"slow down"}"#),
    ];
    let mut response = call("ConverseStream", input(), &frames).await;
    let (events, error) = read(&mut response).await;
    let error = error.unwrap();
    assert_eq!((events.len(), error.code(), error.is_throttled()), (1, Some("ThrottlingException"), true));
    let service = error.as_service_error().unwrap().downcast_ref();
    let expected: ThrottlingException = serde_json::from_value(json!({"message": "slow down"})).unwrap();
    assert_eq!(service, Some(&ConverseStreamEventError::ThrottlingException(expected)));
    assert!(!response.events.is_complete());
    assert!(response.events.recv().await.unwrap().is_none());
}

#[tokio::test]
async fn truncated_stream_is_an_error() {
    let mut frames = [frame("event", "messageStart", r#"{"role":"assistant"}"#)];
    frames[0].pop();
    let mut response = call("ConverseStream", input(), &frames).await;
    let error = read(&mut response).await.1.unwrap();
    assert!(matches!(error.kind(), ErrorKind::Truncated(_)), "{error}");
    assert_eq!(error.operation(), "ConverseStream");
}
