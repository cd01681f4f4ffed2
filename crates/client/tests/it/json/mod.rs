//! Calls by the name of the operation, with JSON.

mod requests;
mod streams;
mod strictness;
mod unions;

use std::time::Duration;

use invoke_model_client::types::ConverseError;
use invoke_model_client::{Client, ErrorKind, FailureClass, JsonCallError, RetryConfig, TimeoutConfig};
use serde_json::{Value, json};

use crate::fake::{Fake, response};

const ID: &str = "us.amazon.nova-lite-v1:0";

const OUTPUT: &str = r#"{"output":{"message":{"role":"assistant","content":[
    {"text":"hi"},
    {"toolUse":{"toolUseId":"t","name":"n","input":{"a":[1,null,2.5]}}},
    {"image":{"format":"png","source":{"bytes":"+/8="}}},
    {"news":{"a":1}}]}},
    "stopReason":"tool_use","usage":{"inputTokens":3,"outputTokens":4,"totalTokens":7},
    "metrics":{"latencyMs":12},"later":"ignored"}"#;

fn input() -> Value {
    json!({"modelId": ID, "messages": [{"role": "user", "content": [{"text": "hi"}]}]})
}

#[tokio::test]
async fn returns_the_output_as_json() {
    let fake = Fake::with(200, &[("x-amzn-requestid", "an-id")], OUTPUT);
    let call = fake.client().operation("Converse").unwrap().json(input());
    assert_eq!((call.name(), call.has_event_stream()), ("Converse", false));
    let (output, metadata) = call.send_with_metadata().await.unwrap();
    let mut expected: Value = serde_json::from_str(OUTPUT).unwrap();
    expected.as_object_mut().unwrap().remove("later");
    assert_eq!(output, expected);
    assert_eq!((metadata.usage.input_tokens, metadata.usage.output_tokens), (Some(3), Some(4)));
    assert_eq!((metadata.request_id.as_deref(), metadata.attempts), (Some("an-id"), 1));
    assert_eq!(metadata.stop_reason.as_deref(), Some("tool_use"));
}

#[tokio::test]
async fn an_output_message_can_be_an_input() {
    let fake = Fake::with(200, &[], OUTPUT);
    let output = fake.client().operation("Converse").unwrap().json(input()).send().await.unwrap();
    let mut message = output["output"]["message"].clone();
    // A member that is not in the model is an error in an input.
    message["content"].as_array_mut().unwrap().pop();
    let request = json!({"modelId": ID, "messages": [message]});
    let signed = fake.client().operation("Converse").unwrap().json(request.clone()).sign().await.unwrap();
    let body: Value = serde_json::from_slice(signed.body()).unwrap();
    assert_eq!(body["messages"], request["messages"]);
}

#[tokio::test]
async fn a_body_is_base64_text() {
    let fake = Fake::with(200, &[("content-type", "application/json")], r#"{"a":1}"#);
    let input = json!({"modelId": ID, "body": "eyJhIjoxfQ==", "contentType": "text/plain"});
    let output = fake.client().operation("InvokeModel").unwrap().json(input).send().await.unwrap();
    assert_eq!(output, json!({"body": "eyJhIjoxfQ==", "contentType": "application/json"}));
    let request = fake.request();
    assert_eq!(
        (request.body(), &request.headers()["content-type"]),
        (&"{\"a\":1}".into(), &"text/plain".parse().unwrap())
    );
}

/// The service writes the text of a float. A double with the same text has the same digits.
#[tokio::test]
async fn floats_have_the_digits_of_the_response() {
    let body = r#"{"usage":{"topicPolicyUnits":0,"contentPolicyUnits":0,"wordPolicyUnits":0,
        "sensitiveInformationPolicyUnits":0,"sensitiveInformationPolicyFreeUnits":0,
        "contextualGroundingPolicyUnits":1},"action":"NONE","outputs":[],"assessments":[{"contextualGroundingPolicy":
        {"filters":[{"type":"GROUNDING","threshold":0.1,"score":0.7,"action":"NONE"}]}}]}"#;
    let fake = Fake::with(200, &[], body);
    let input =
        json!({"guardrailIdentifier": "a", "guardrailVersion": "1", "source": "INPUT", "content": []});
    let output = fake.client().operation("ApplyGuardrail").unwrap().json(input).send().await.unwrap();
    assert_eq!(output, serde_json::from_str::<Value>(body).unwrap());
    let input = json!({"modelId": ID, "inferenceConfig": {"temperature": 0.1, "topP": 0.7}});
    let request = fake.client().operation("Converse").unwrap().json(input).sign().await.unwrap();
    assert_eq!(request.body(), r#"{"inferenceConfig":{"temperature":0.1,"topP":0.7}}"#);
}

#[tokio::test]
async fn timestamps_are_rfc_3339_text() {
    let body = r#"{"invocationArn":"arn:a","modelArn":"arn:m","status":"Completed","submitTime":"2026-01-31T12:00:00.5Z",
        "outputDataConfig":{"s3OutputDataConfig":{"s3Uri":"s3://b/k"}}}"#;
    let fake = Fake::with(200, &[], body);
    let call = fake.client().operation("GetAsyncInvoke").unwrap().json(json!({"invocationArn": "arn:a"}));
    assert_eq!(call.send().await.unwrap(), serde_json::from_str::<Value>(body).unwrap());
}

#[tokio::test]
async fn unknown_operation_is_an_error_with_all_names() {
    let error = Fake::default().client().operation("converse").unwrap_err();
    assert_eq!(
        error.to_string(),
        "Client::operation: request not sent: `converse` is not an operation; known operations: ApplyGuardrail, \
         Converse, ConverseStream, CountTokens, GetAsyncInvoke, InvokeGuardrailChecks, InvokeModel, \
         InvokeModelWithBidirectionalStream, InvokeModelWithResponseStream, ListAsyncInvokes, StartAsyncInvoke"
    );
    assert_eq!((error.class(), error.attempts()), (FailureClass::NotSent, 0));
    for name in Client::operation_names() {
        assert_eq!(Fake::default().client().operation(name).unwrap().name(), *name);
    }
}

#[tokio::test]
async fn the_wrong_send_function_is_an_error() {
    let client = Fake::default().client();
    let check = |kind: &ErrorKind, expected: JsonCallError| {
        assert!(matches!(kind, ErrorKind::Json(error) if *error == expected), "{kind:?}");
    };
    let stream = client.operation("ConverseStream").unwrap().json(input());
    check(stream.send().await.unwrap_err().kind(), JsonCallError::HasEventStream);
    let complete = client.operation("Converse").unwrap().json(input());
    check(complete.send_stream().await.unwrap_err().kind(), JsonCallError::HasNoEventStream);
    let call =
        || client.operation("InvokeModelWithBidirectionalStream").unwrap().json(json!({"modelId": ID}));
    assert!(call().has_event_stream());
    check(call().send().await.unwrap_err().kind(), JsonCallError::HasInputEvents);
    check(call().send_stream().await.unwrap_err().kind(), JsonCallError::HasInputEvents);
    for name in ["Converse", "ConverseStream"] {
        let call = client.operation(name).unwrap().json(input());
        assert!(!call.has_input_event_stream());
        check(call.send_bidirectional().await.unwrap_err().kind(), JsonCallError::HasNoInputEvents);
    }
}

#[tokio::test]
async fn service_error_has_the_type_of_the_operation() {
    let headers = [("x-amzn-errortype", "ValidationException"), ("x-amzn-requestid", "an-id")];
    let fake = Fake::with(400, &headers, r#"{"message":"no such model"}"#);
    let error = fake.client().operation("Converse").unwrap().json(input()).send().await.unwrap_err();
    assert_eq!(
        (error.operation(), error.code(), error.message()),
        ("Converse", Some("ValidationException"), Some("no such model"))
    );
    assert_eq!((error.model_id(), error.request_id()), (Some(ID), Some("an-id")));
    let service = error.as_service_error().unwrap();
    assert!(matches!(service.downcast_ref(), Some(ConverseError::ValidationException(_))));
}

#[tokio::test(start_paused = true)]
async fn settings_apply_to_the_call() {
    let fake = Fake::with_responses([
        Ok(response(429, &[], bytes::Bytes::new().into())),
        Ok(response(200, &[], bytes::Bytes::from_static(OUTPUT.as_bytes()).into())),
    ]);
    let call = fake.client().operation("Converse").unwrap().json_text(input().to_string());
    let call = call
        .retry_config(RetryConfig::standard().max_attempts(2))
        .timeout_config(TimeoutConfig::default())
        .timeout(Duration::from_secs(600))
        .header("x-new", "1")
        .bearer_token("a-token");
    let (_, metadata) = call.send_with_metadata().await.unwrap();
    assert_eq!(metadata.attempts, 2);
    let request = &fake.requests()[1];
    assert_eq!(
        (&request.headers()["x-new"], &request.headers()["authorization"]),
        (&"1".parse().unwrap(), &"Bearer a-token".parse().unwrap())
    );

    let waiting = Fake::slow([Box::pin(std::future::pending())]);
    let call = waiting.client().operation("Converse").unwrap().json(input());
    assert!(call.timeout(Duration::from_secs(5)).send().await.unwrap_err().is_timeout());
}

#[tokio::test]
async fn debug_does_not_show_the_input() {
    let call = Fake::default().client().operation("Converse").unwrap().json(json!({"secret": "text"}));
    assert_eq!(format!("{call:?}"), "JsonCall { operation: \"Converse\", .. }");
}

#[test]
fn futures_of_a_call_are_send() {
    fn is_send<T: Send>(_: T) {}
    let call = || Fake::default().client().operation("Converse").unwrap();
    is_send(call().send());
    is_send(call().send_stream());
    is_send(call().send_bidirectional());
    is_send(call().explain());
    is_send(call());
}
