//! A test of a bidirectional stream between the client and the local endpoint, over HTTP/2 without TLS.

use invoke_model_client::Client;
use invoke_model_client::types::{
    BidirectionalInputPayloadPart, InvokeModelWithBidirectionalStreamInputEvent as InputEvent,
    InvokeModelWithBidirectionalStreamOutputEvent as OutputEvent,
};
use invoke_model_local::LocalEndpoint;
use invoke_model_transport::{HttpVersionPolicy, HyperTransport};
use serde_json::{Value, json};

use crate::end_to_end::config;

fn client(local: &LocalEndpoint) -> Client {
    let transport = HyperTransport::builder().http_version_policy(HttpVersionPolicy::Http2Only).build();
    Client::new(config(local).transport(transport)).unwrap()
}

fn event(name: &str, members: Value) -> InputEvent {
    let mut part = BidirectionalInputPayloadPart::default();
    part.bytes = Some(json!({"event": {name: members}}).to_string().into());
    InputEvent::Chunk(part)
}

#[tokio::test]
async fn a_text_is_answered_before_the_session_ends() {
    let local = LocalEndpoint::start().await.unwrap();
    let call = client(&local).invoke_model_with_bidirectional_stream().model_id("amazon.nova-2-sonic-v1:0");
    let call = call.send().await.unwrap();
    let mut sender = call.sender;
    let content = json!({"promptName": "p", "contentName": "c", "type": "TEXT", "role": "USER"});
    for event in [
        event("sessionStart", json!({})),
        event("promptStart", json!({"promptName": "p"})),
        event("contentStart", content),
        event("textInput", json!({"promptName": "p", "contentName": "c", "content": "hello"})),
        event("contentEnd", json!({"promptName": "p", "contentName": "c"})),
    ] {
        sender.send(event).await.unwrap();
    }
    let mut sender = Some(sender);
    let mut events = call.response.await.unwrap().events;
    let mut text = String::new();
    while let Some(output) = events.recv().await.unwrap() {
        let OutputEvent::Chunk(part) = output else { panic!("no chunk") };
        let output: Value = serde_json::from_slice(&part.bytes.unwrap_or_default()).unwrap();
        text.push_str(output["event"]["textOutput"]["content"].as_str().unwrap_or_default());
        if output["event"].get("completionEnd").is_some() {
            let mut sender = sender.take().unwrap();
            sender.send(event("promptEnd", json!({"promptName": "p"}))).await.unwrap();
            sender.send(event("sessionEnd", json!({}))).await.unwrap();
            sender.close().await.unwrap();
        }
    }
    assert_eq!(text, "You said: hello");
    assert!(events.is_complete());
    local.wait_for_calls().await;
    assert!(local.calls()[0].signed);
}
