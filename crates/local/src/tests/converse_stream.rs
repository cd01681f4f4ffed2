//! Tests of the events of `ConverseStream`.

use invoke_model_protocol::event_stream::{EventStream, HeaderValue};
use invoke_model_types::{ConverseStreamEvent, ConverseStreamEventError};
use serde_json::{Value, json};

use super::converse::{CLAUDE, hello, json_request, tools, user};
use super::streams::messages;
use super::*;
use crate::ERROR_MODEL_ID;

/// Returns the names and the payloads of the events of a response.
pub(super) fn events(endpoint: &Arc<EndpointState>, model_id: &str, body: &Value) -> Vec<(String, Value)> {
    let response = head(endpoint, json_request(model_id, "converse-stream", body));
    assert_eq!(response.status(), 200);
    let names: Vec<_> = response.headers().keys().map(|name| name.as_str().to_owned()).collect();
    assert_eq!(names, ["content-type", "x-amzn-requestid"]);
    let (frames, error) = frames(response.into_body());
    assert!(error.is_none(), "{error:?}");
    let named = messages(&frames).into_iter().map(|message| {
        let Some(HeaderValue::String(name)) = message.header(":event-type") else { panic!("no event") };
        (name.to_owned(), serde_json::from_slice(message.payload()).unwrap())
    });
    named.collect()
}

/// Returns the names of the events, without repetitions.
fn order(events: &[(String, Value)]) -> Vec<&str> {
    let mut names: Vec<_> = events.iter().map(|(name, _)| name.as_str()).collect();
    names.dedup();
    names
}

/// Concatenates the strings at a JSON Pointer in the deltas.
fn concatenated(events: &[(String, Value)], pointer: &str) -> String {
    events.iter().filter_map(|(_, payload)| payload.pointer(pointer)?.as_str()).collect()
}

#[test]
fn text_has_no_start_event() {
    let events = events(&endpoint(), CLAUDE, &hello());
    let expected = ["messageStart", "contentBlockDelta", "contentBlockStop", "messageStop", "metadata"];
    assert_eq!(order(&events), expected);
    assert_eq!(events[0].1["role"], "assistant");
    assert_eq!(concatenated(&events, "/delta/text"), "You said: hello");
    assert!(events.iter().filter(|(name, _)| name == "contentBlockDelta").count() > 1);
    assert_eq!(events[events.len() - 2].1["stopReason"], "end_turn");
    let metadata = &events[events.len() - 1].1;
    assert_eq!(
        (&metadata["usage"]["totalTokens"], &metadata["metrics"]["latencyMs"]),
        (&json!(5), &json!(0))
    );
    for (name, payload) in &events {
        assert!(payload["p"].as_str().is_some_and(|padding| !padding.is_empty()), "{name} has no padding");
    }
}

#[test]
fn headers_have_the_order_of_the_service() {
    let response = head(&endpoint(), json_request(CLAUDE, "converse-stream", &hello()));
    for message in messages(&frames(response.into_body()).0) {
        let names: Vec<_> = message.headers().map(|(name, _)| name).collect();
        assert_eq!(names, [":event-type", ":content-type", ":message-type"]);
    }
}

#[test]
fn a_tool_call_is_streamed_as_pieces_of_json() {
    let body = json!({"messages": [user("hello")], "toolConfig": tools(json!({"any": {}}))});
    let events = events(&endpoint(), CLAUDE, &body);
    let expected = [
        "messageStart",
        "contentBlockStart",
        "contentBlockDelta",
        "contentBlockStop",
        "messageStop",
        "metadata",
    ];
    assert_eq!(order(&events), expected);
    assert_eq!(events[1].1["start"]["toolUse"]["name"], "weather");
    let pieces =
        events.iter().filter(|(_, payload)| payload.pointer("/delta/toolUse/input").is_some()).count();
    assert!(pieces > 2, "{pieces}");
    let input: Value = serde_json::from_str(&concatenated(&events, "/delta/toolUse/input")).unwrap();
    assert_eq!(input, json!({"city": "aa", "days": 1}));
    assert_eq!(events[events.len() - 2].1["stopReason"], "tool_use");
}

#[test]
fn reasoning_is_a_block_of_its_own() {
    let fields = json!({"thinking": {"type": "enabled", "budget_tokens": 1_024}});
    let body = json!({"messages": [user("hello")], "additionalModelRequestFields": fields});
    let events = events(&endpoint(), CLAUDE, &body);
    assert_eq!(
        concatenated(&events, "/delta/reasoningContent/text"),
        "The message has 1 tokens. I repeat them."
    );
    assert!(!concatenated(&events, "/delta/reasoningContent/signature").is_empty());
    let stops: Vec<_> = events.iter().filter(|(name, _)| name == "contentBlockStop").collect();
    assert_eq!(stops.iter().map(|(_, stop)| &stop["contentBlockIndex"]).collect::<Vec<_>>(), [0, 1]);
}

#[test]
fn a_stream_and_a_response_have_the_same_content_and_usage() {
    let body = json!({"messages": [user("one two three")], "inferenceConfig": {"maxTokens": 4}});
    let events = events(&endpoint(), CLAUDE, &body);
    let whole = super::converse::converse(&endpoint(), CLAUDE, &body);
    assert_eq!(concatenated(&events, "/delta/text"), whole["output"]["message"]["content"][0]["text"]);
    assert_eq!(events[events.len() - 1].1["usage"], whole["usage"]);
    assert_eq!(events[events.len() - 2].1["stopReason"], whole["stopReason"]);
}

#[test]
fn models_without_streaming_tools_are_rejected() {
    let body = json!({"messages": [user("hello")], "toolConfig": {"tools": tools(json!({}))["tools"]}});
    let llama = "meta.llama3-3-70b-instruct-v1:0";
    let request = json_request(llama, "converse-stream", &body);
    let message = check_error(&endpoint(), request, 400, "ValidationException");
    assert_eq!(message, "This model doesn't support tool use in streaming mode.");
    assert_eq!(super::converse::converse(&endpoint(), llama, &body)["stopReason"], "end_turn");
}

#[test]
fn an_injected_error_ends_the_stream() {
    let fields = json!({"error": "ModelStreamErrorException", "message": "text", "afterEvents": 2});
    let body = json!({"messages": [user("hello")], "additionalModelRequestFields": fields});
    let response = head(&endpoint(), json_request(ERROR_MODEL_ID, "converse-stream", &body));
    let (frames, body_error) = frames(response.into_body());
    assert!(body_error.is_none());
    let messages = messages(&frames);
    assert_eq!(messages.len(), 3);
    let error = ConverseStreamEvent::parse(&messages[2]).unwrap().unwrap_err();
    assert!(matches!(error, ConverseStreamEventError::ModelStreamErrorException(_)), "{error}");
}

#[test]
fn reasoning_is_streamed_before_the_text() {
    for model in ["deepseek.r1-v1:0", "openai.gpt-oss-120b-1:0"] {
        let events = events(&endpoint(), model, &hello());
        let first = &events[1].1;
        assert!(first.pointer("/delta/reasoningContent/text").is_some(), "{first}");
        assert_eq!(concatenated(&events, "/delta/text"), "You said: hello");
    }
}
