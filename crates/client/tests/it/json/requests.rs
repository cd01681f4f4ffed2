//! A call by name sends the same request as the method of the operation.

use invoke_model_client::types::{
    AsyncInvokeOutputDataConfig, AsyncInvokeS3OutputDataConfig, ContentBlock, ConverseTokensRequest,
    CountTokensInputShape, DocumentBlock, DocumentSource, GuardrailChecksConfig, GuardrailChecksContentBlock,
    GuardrailChecksMessage, GuardrailContentBlock, GuardrailTextBlock, InferenceConfiguration, Message,
};
use invoke_model_client::{Call, Client};
use invoke_model_protocol::Operation;
use serde_json::{Value, json};

use crate::fake::Fake;

const ID: &str = "us.amazon.nova-lite-v1:0";

/// Signs the typed call, a call by name with a JSON value, and a call by name with JSON text. Checks that the
/// requests are equal.
async fn check<O: Operation>(typed: impl FnOnce(&Client) -> Call<O>, input: Value) {
    let client = Fake::default().client();
    let typed = typed(&client).sign().await.unwrap();
    let by_name = client.operation(O::NAME).unwrap();
    let from_value = by_name.json(input.clone()).sign().await.unwrap();
    let from_text = client.operation(O::NAME).unwrap().json_text(input.to_string()).sign().await.unwrap();
    for request in [from_value, from_text] {
        assert_eq!((request.method(), request.uri()), (typed.method(), typed.uri()));
        assert_eq!(request.headers(), typed.headers());
        assert_eq!(request.body(), typed.body());
    }
}

fn message() -> Message {
    let mut document = DocumentBlock::default();
    document.name = "a".to_owned();
    document.source = DocumentSource::Bytes("abc".into());
    Message::new("user", vec![ContentBlock::Text("hi".to_owned()), ContentBlock::Document(document)])
}

fn message_json() -> Value {
    json!({"role": "user", "content": [
        {"text": "hi"}, {"document": {"name": "a", "source": {"bytes": "YWJj"}}},
    ]})
}

fn inference() -> InferenceConfiguration {
    let mut config = InferenceConfiguration::default();
    (config.max_tokens, config.temperature) = (Some(100), Some(0.7));
    config
}

#[tokio::test]
async fn converse() {
    let input = json!({
        "modelId": ID,
        "messages": [message_json()],
        "inferenceConfig": {"maxTokens": 100, "temperature": 0.7},
        "additionalModelRequestFields": {"top_k": [1, null, {"a": 2.5}]},
        "requestMetadata": {"team": "search"},
    });
    let fields = json!({"top_k": [1, null, {"a": 2.5}]});
    let metadata = [("team".to_owned(), "search".to_owned())].into();
    check(
        |client| {
            let call = client.converse().model_id(ID).messages(message());
            let call = call.inference_config(inference()).set_request_metadata(Some(metadata));
            call.additional_model_request_fields(fields)
        },
        input.clone(),
    )
    .await;
    check(
        |client| {
            let call = client.converse_stream().model_id(ID).messages(message());
            let call = call.inference_config(inference()).request_metadata("team", "search");
            call.additional_model_request_fields(json!({"top_k": [1, null, {"a": 2.5}]}))
        },
        input,
    )
    .await;
}

#[tokio::test]
async fn invoke_model() {
    let input = json!({"modelId": ID, "body": "eyJhIjoxfQ==", "trace": "ENABLED", "requestMetadata": "{\"a\":\"b\"}"});
    check(
        |client| {
            let call = client.invoke_model().model_id(ID).body(r#"{"a":1}"#);
            call.trace("ENABLED").request_metadata(r#"{"a":"b"}"#)
        },
        input.clone(),
    )
    .await;
    check(
        |client| {
            let call = client.invoke_model_with_response_stream().model_id(ID).body(r#"{"a":1}"#);
            call.trace("ENABLED").request_metadata(r#"{"a":"b"}"#)
        },
        input,
    )
    .await;
    check(|client| client.invoke_model_with_bidirectional_stream().model_id(ID), json!({"modelId": ID}))
        .await;
}

#[tokio::test]
async fn count_tokens() {
    let mut converse = ConverseTokensRequest::default();
    converse.messages = Some(vec![message()]);
    check(
        |client| {
            client.count_tokens().model_id(ID).set_input(Some(CountTokensInputShape::Converse(converse)))
        },
        json!({"modelId": ID, "input": {"converse": {"messages": [message_json()]}}}),
    )
    .await;
}

#[tokio::test]
async fn guardrails() {
    check(
        |client| {
            let call = client.apply_guardrail().guardrail_identifier("g/1").guardrail_version("DRAFT");
            call.source("INPUT").content(GuardrailContentBlock::Text(GuardrailTextBlock::new("hi")))
        },
        json!({
            "guardrailIdentifier": "g/1",
            "guardrailVersion": "DRAFT",
            "source": "INPUT",
            "content": [{"text": {"text": "hi"}}],
        }),
    )
    .await;
    check(
        |client| {
            let content = vec![GuardrailChecksContentBlock::Text("hi".to_owned())];
            let message = GuardrailChecksMessage::new("user", content);
            client.invoke_guardrail_checks().messages(message).checks(GuardrailChecksConfig::default())
        },
        json!({"messages": [{"role": "user", "content": [{"text": "hi"}]}], "checks": {}}),
    )
    .await;
}

#[tokio::test]
async fn async_invokes() {
    let output = || {
        let location = AsyncInvokeS3OutputDataConfig::new("s3://bucket/key");
        AsyncInvokeOutputDataConfig::S3OutputDataConfig(location)
    };
    check(
        |client| {
            let call = client.start_async_invoke().model_id(ID).model_input(json!({"prompt": null}));
            call.output_data_config(output()).client_request_token("a-token")
        },
        json!({
            "modelId": ID,
            "modelInput": {"prompt": null},
            "outputDataConfig": {"s3OutputDataConfig": {"s3Uri": "s3://bucket/key"}},
            "clientRequestToken": "a-token",
        }),
    )
    .await;
    let arn = "arn:aws:bedrock:us-east-1:123456789012:async-invoke/abc";
    check(|client| client.get_async_invoke().invocation_arn(arn), json!({"invocationArn": arn})).await;
    check(|client| client.list_async_invokes(), json!({})).await;
    check(
        |client| {
            let call = client.list_async_invokes().submit_time_after("2026-01-31T12:00:00Z".parse().unwrap());
            call.max_results(5).status_equals("Completed")
        },
        json!({"submitTimeAfter": "2026-01-31T13:00:00+01:00", "maxResults": 5, "statusEquals": "Completed"}),
    )
    .await;
}
