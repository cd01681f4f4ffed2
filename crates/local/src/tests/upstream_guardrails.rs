//! Tests of guardrails on the replies of an upstream.

use serde_json::{Value, json};

use super::converse::{CLAUDE, json_request, user};
use super::upstreams::{
    Scripted, URL, completion, concatenated, decoded, payloads, send_to, tool_completion,
};
use super::*;

/// Returns an endpoint with a guardrail that blocks `falcon` and masks email addresses.
fn guarded(server: &Scripted) -> Arc<EndpointState> {
    let file = crate::GuardrailFile::from_json(
        r#"{"guardrails": [{
            "id": "abc",
            "version": "1",
            "words": ["falcon"],
            "pii": [{"type": "EMAIL", "action": "ANONYMIZE"}],
            "blocked_input": "No."
        }]}"#,
    );
    builder().guardrail_file(file.unwrap()).upstream(URL, None, server.clone()).unwrap().build_state()
}

/// Returns a call of `ConverseStream` and a call of `InvokeModelWithResponseStream` with the guardrail.
fn guarded_streams(prompt: &str) -> [Request<Bytes>; 2] {
    let mut converse = json!({"messages": [user(prompt)]});
    converse["guardrailConfig"] = json!({"guardrailIdentifier": "abc", "guardrailVersion": "1"});
    let messages = json!([{"role": "user", "content": prompt}]);
    let body = json!({"anthropic_version": "bedrock-2023-05-31", "max_tokens": 9, "messages": messages});
    let mut invoke = InvokeModelWithResponseStreamInput::new(CLAUDE);
    invoke.body = Some(Bytes::from(body.to_string()));
    invoke.guardrail_identifier = Some("abc".to_owned());
    invoke.guardrail_version = Some("1".to_owned());
    let invoke = sign(serialized::<InvokeModelWithResponseStream>(invoke));
    [json_request(CLAUDE, "converse-stream", &converse), invoke]
}

/// Returns the texts of both guarded streams.
async fn guarded_texts(server: &Scripted, prompt: &str) -> [String; 2] {
    let endpoint = guarded(server);
    let [converse, invoke] = guarded_streams(prompt);
    let events = payloads(&decoded(send_to(&endpoint, converse).await));
    let chunks = decoded(send_to(&endpoint, invoke).await);
    let chunks: Vec<_> = chunks.iter().map(super::streams::chunk).collect();
    [concatenated(&events, "/delta/text"), concatenated(&chunks, "/delta/text")]
}

#[tokio::test]
async fn a_guardrail_evaluates_the_complete_reply_before_the_stream() {
    let message = json!({"role": "assistant", "content": "Write to keeper@example.com."});
    let server = completion(&json!({"choices": [{"index": 0, "message": message, "finish_reason": "stop"}]}));
    assert_eq!(guarded_texts(&server, "hello").await, ["Write to {EMAIL}."; 2]);
    assert!(server.requests.lock().unwrap().iter().all(|(_, sent)| sent.get("stream").is_none()));
}

#[tokio::test]
async fn the_upstream_gets_no_input_that_a_guardrail_blocks() {
    let server = completion(&tool_completion());
    assert_eq!(guarded_texts(&server, "project falcon").await, ["No."; 2]);
    let mut body = json!({"messages": [user("project falcon")]});
    body["guardrailConfig"] = json!({"guardrailIdentifier": "abc", "guardrailVersion": "1"});
    let (status, chunks) = send_to(&guarded(&server), json_request(CLAUDE, "converse", &body)).await;
    let value: Value = serde_json::from_slice(&chunks.concat()).unwrap();
    assert_eq!((status, &value["output"]["message"]["content"][0]["text"]), (200, &json!("No.")));
    assert!(server.requests.lock().unwrap().is_empty());
}
