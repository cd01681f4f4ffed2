//! Tests of event streams, of the bytes of responses, and of the end of the process.

use std::time::Duration;

use invoke_model_client::types::{ConverseStreamEvent, ModelStreamErrorException};
use invoke_model_client::{Client, Error, ErrorKind, Method};
use invoke_model_local::{ConnectionEnd, Fault, FaultPoint, StreamFault};
use invoke_model_protocol::event_stream::{HeaderValue, Message};
use serde_json::{Value, json};

use crate::platform::{Platform, SEARCH, converse_stream};

#[tokio::test(flavor = "multi_thread")]
async fn events_arrive_one_by_one() {
    let Some(platform) = Platform::start("events_arrive_one_by_one").await else { return };
    // The region sends its first event, and then nothing more.
    let stall = Fault::new().break_at(FaultPoint::BodyBytes(200), ConnectionEnd::Stall);
    platform.virginia.inject(stall);
    let mut stream = converse_stream(&platform.client(SEARCH), "hello").send().await.unwrap();
    let first = stream.events.recv().await.unwrap();
    assert!(matches!(first, Some(ConverseStreamEvent::MessageStart(_))), "{first:?}");
    assert!(!platform.virginia.calls()[0].response_complete);
}

/// Sends a request, and returns the headers with facts about the response, and the body.
async fn exchange(client: &Client, path: &str, body: &Value) -> (Vec<String>, Vec<u8>) {
    let mut response = client.request(Method::POST, path).json(body).send_streaming().await.unwrap();
    let headers = response.output.headers().iter();
    let is_fact = |name: &str| name.starts_with("x-amzn-bedrock") || name == "content-type";
    let facts = headers.filter(|(name, _)| is_fact(name.as_str()));
    let mut facts: Vec<_> =
        facts.map(|(name, value)| format!("{name}: {}", value.to_str().unwrap())).collect();
    facts.sort();
    let mut bytes = Vec::new();
    while let Some(chunk) = response.body.chunk().await.unwrap() {
        bytes.extend_from_slice(&chunk);
    }
    (facts, bytes)
}

#[tokio::test(flavor = "multi_thread")]
async fn responses_are_those_of_the_service() {
    let Some(platform) = Platform::start("responses_are_those_of_the_service").await else { return };
    let mut event = Message::builder();
    event.header(":message-type", HeaderValue::String("event")).unwrap();
    event.header(":event-type", HeaderValue::String("news")).unwrap();
    event.header("x", HeaderValue::Boolean(true)).unwrap();
    // An event that is not in the model.
    let event = StreamFault::Message(event.payload(r#"{"a":1}"#));
    platform.virginia.inject(Fault::new().operation("ConverseStream").break_stream(2, event));
    let (gateway, service) = (platform.client(SEARCH), platform.client_of_virginia());

    let converse = json!({"messages": [{"role": "user", "content": [{"text": "hello"}]}]});
    let claude = json!({
        "anthropic_version": "bedrock-2023-05-31",
        "max_tokens": 64,
        "messages": [{"role": "user", "content": "hello"}],
    });
    for (path, body) in [
        ("/model/us.amazon.nova-lite-v1%3A0/converse-stream", &converse),
        ("/model/us.amazon.nova-lite-v1%3A0/converse", &converse),
        ("/model/anthropic.claude-3-haiku-20240307-v1%3A0/invoke-with-response-stream", &claude),
        ("/model/anthropic.claude-3-haiku-20240307-v1%3A0/invoke", &claude),
    ] {
        let (headers, bytes) = exchange(&gateway, path, body).await;
        let (expected_headers, expected) = exchange(&service, path, body).await;
        assert_eq!(headers, expected_headers, "{path}");
        match serde_json::from_slice::<Value>(&expected) {
            Ok(expected) => assert_eq!(serde_json::from_slice::<Value>(&bytes).unwrap(), expected, "{path}"),
            Err(_) => assert!(bytes == expected, "{path}: the frames differ"),
        }
    }
}

/// Reads a stream to its end.
async fn read(client: &Client) -> Result<(), Error> {
    let mut stream = converse_stream(client, "hello").send().await?;
    while stream.events.recv().await?.is_some() {}
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn broken_streams_are_not_complete() {
    let Some(platform) = Platform::start("broken_streams_are_not_complete").await else { return };
    let client = platform.client(SEARCH);
    platform.virginia.fail_next_stream(2, ModelStreamErrorException::default());
    let error = read(&client).await.unwrap_err();
    assert_eq!(error.code(), Some("ModelStreamErrorException"), "{error}");
    platform.virginia.break_next_stream(2, StreamFault::Truncate { bytes: 10 });
    let error = read(&client).await.unwrap_err();
    // If the gateway has not sent the head of the response yet, it closes the connection without a response.
    assert!(matches!(error.kind(), ErrorKind::Truncated(_) | ErrorKind::Transport(_)), "{error}");
    read(&client).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_process_ends_after_its_streams() {
    let Some(platform) = Platform::start("the_process_ends_after_its_streams").await else { return };
    platform.virginia.inject(Fault::new().pace(Duration::from_millis(100)));
    let mut stream = converse_stream(&platform.client(SEARCH), "one two three").send().await.unwrap();
    assert!(stream.events.recv().await.unwrap().is_some());
    platform.terminate();
    while stream.events.recv().await.unwrap().is_some() {}
    assert!(stream.events.is_complete());
    let (status, _) = platform.wait().await;
    assert!(status.success(), "{status}");
}
