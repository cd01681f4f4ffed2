//! Tests of conversations: builders, setters, metrics and quotas of Converse and ConverseStream.

use std::time::Duration;

use bytes::Bytes;
use invoke_model_client::types::{
    ContentBlock, ContentBlockDelta, ContentBlockDeltaEvent, ConversationRole, ConverseStreamEvent,
    ConverseStreamMetadataEvent, ConverseStreamMetrics, InferenceConfiguration, Message, MessageStopEvent,
    PayloadPart, ResponseStream, StopReason, SystemContentBlock, TokenUsage, ToolConfiguration,
};
use invoke_model_client::{Client, Error, QuotaLimiter, ResponseBody};
use invoke_model_protocol::event_stream::{CONTENT_TYPE, EventStream};
use serde_json::{Value, json};

use crate::fake::{Fake, response};

const ID: &str = "us.amazon.nova-lite-v1:0";

const OUTPUT: &str = r#"{"output":{"message":{"role":"assistant","content":[{"text":"Hi"}]}},"stopReason":"end_turn",
    "usage":{"inputTokens":7,"outputTokens":3,"totalTokens":12,"cacheReadInputTokens":2},"metrics":{"latencyMs":340}}"#;

pub(crate) fn user(text: &str) -> Message {
    Message::builder().role(ConversationRole::USER).content(ContentBlock::Text(text.into())).build().unwrap()
}

/// Returns the body of a stream that consists of these events.
fn stream(events: &[ConverseStreamEvent]) -> ResponseBody {
    let mut bytes = Vec::new();
    for event in events {
        event.event().unwrap().encode(&mut bytes).unwrap();
    }
    Bytes::from(bytes).into()
}

#[tokio::test]
async fn builders_and_setters_produce_the_request_body() {
    let fake = Fake::with(200, &[], OUTPUT);
    let config =
        InferenceConfiguration::builder().max_tokens(256).temperature(0.5).stop_sequences("END").build();
    let output = fake
        .client()
        .converse()
        .model_id(ID)
        .messages(user("Hello"))
        .messages(user("Are you there?"))
        .set_system(Some(vec![SystemContentBlock::Text("Be brief.".into())]))
        .inference_config(config)
        .request_metadata("team", "search")
        .send()
        .await
        .unwrap();
    assert_eq!(output.stop_reason, StopReason::END_TURN);
    let request = fake.request();
    assert_eq!(request.uri().path(), "/model/us.amazon.nova-lite-v1%3A0/converse");
    assert_eq!(
        serde_json::from_slice::<Value>(request.body()).unwrap(),
        json!({
            "messages": [
                {"role": "user", "content": [{"text": "Hello"}]},
                {"role": "user", "content": [{"text": "Are you there?"}]},
            ],
            "system": [{"text": "Be brief."}],
            "inferenceConfig": {"maxTokens": 256, "temperature": 0.5, "stopSequences": ["END"]},
            "requestMetadata": {"team": "search"},
        })
    );
}

#[test]
fn a_builder_names_the_missing_member() {
    let message = Message::builder().role(ConversationRole::USER).build();
    assert_eq!(message.unwrap_err().to_string(), "`content` is required and was not set");
    let tools = ToolConfiguration::builder().set_tools(None).build();
    assert_eq!(tools.unwrap_err().to_string(), "`tools` is required and was not set");
}

#[tokio::test]
async fn metadata_contains_the_metrics_of_the_output() {
    let fake = Fake::with(200, &[("x-amzn-requestid", "an-id")], OUTPUT);
    let (_, metadata) =
        fake.client().converse().model_id(ID).messages(user("Hello")).send_with_metadata().await.unwrap();
    assert_eq!(metadata.usage.input_tokens, Some(7));
    assert_eq!(metadata.usage.output_tokens, Some(3));
    assert_eq!(metadata.usage.cache_read_input_tokens, Some(2));
    assert_eq!(metadata.usage.cache_write_input_tokens, None);
    assert_eq!(metadata.latency, Some(Duration::from_millis(340)));
    assert_eq!(metadata.stop_reason.as_deref(), Some("end_turn"));
}

#[tokio::test]
async fn an_empty_response_is_not_a_success() {
    let fake = Fake::with(200, &[("content-type", "text/html")], "");
    let error = fake.client().converse().model_id(ID).messages(user("Hello")).send().await.unwrap_err();
    let text = "Converse: request succeeded, but cannot parse the response: ";
    assert!(error.to_string().starts_with(text), "{error}");
}

#[tokio::test]
async fn a_response_without_usage_keeps_the_quota_reservation() {
    let output =
        r#"{"output":{"message":{"role":"assistant","content":[{"text":"Hi"}]}},"stopReason":"end_turn"}"#;
    let fake = Fake::with(200, &[], output);
    let limiter = QuotaLimiter::builder().tokens_per_minute(100_000).build();
    let client = Client::new(fake.settings().quota_limiter(limiter.clone())).unwrap();
    let config = InferenceConfiguration::builder().max_tokens(1_000).build();
    let call = client.converse().model_id(ID).messages(user("Hello")).inference_config(config);
    let (_, metadata) = call.send_with_metadata().await.unwrap();
    assert_eq!((metadata.usage.input_tokens, metadata.usage.output_tokens), (None, None));
    assert!(limiter.usage().tokens > 1_000, "{:?}", limiter.usage());
}

#[tokio::test]
async fn metadata_contains_the_metrics_of_the_last_part() {
    let metrics =
        r#"{"inputTokenCount":3,"outputTokenCount":2,"invocationLatency":111,"firstByteLatency":80}"#;
    let last = format!(r#"{{"type":"message_stop","amazon-bedrock-invocationMetrics":{metrics}}}"#);
    let part = PayloadPart::builder().bytes(last).build();
    let mut bytes = Vec::new();
    ResponseStream::Chunk(part).event().unwrap().encode(&mut bytes).unwrap();
    let headers = [("content-type", CONTENT_TYPE), ("x-amzn-bedrock-content-type", "application/json")];
    let fake = Fake::with_response(Ok(response(200, &headers, Bytes::from(bytes).into())));
    let call = fake.client().invoke_model_with_response_stream().model_id(ID).body("{}");
    let mut output = call.send().await.unwrap();
    while output.events.recv().await.unwrap().is_some() {}
    let metadata = output.events.metadata();
    assert_eq!((metadata.usage.input_tokens, metadata.usage.output_tokens), (Some(3), Some(2)));
    assert_eq!(metadata.latency, Some(Duration::from_millis(111)));
}

#[tokio::test]
async fn metadata_contains_the_metrics_of_the_events() {
    let usage = TokenUsage::builder().input_tokens(7).output_tokens(3).total_tokens(10).build().unwrap();
    let events = [
        ConverseStreamEvent::ContentBlockDelta(ContentBlockDeltaEvent::new(
            ContentBlockDelta::Text("Hi".into()),
            0,
        )),
        ConverseStreamEvent::MessageStop(MessageStopEvent::new(StopReason::MAX_TOKENS)),
        ConverseStreamEvent::Metadata(ConverseStreamMetadataEvent::new(
            usage,
            ConverseStreamMetrics::new(340),
        )),
    ];
    let body = stream(&events);
    let fake = Fake::with_response(Ok(response(200, &[("content-type", CONTENT_TYPE)], body)));
    let limiter = QuotaLimiter::builder().tokens_per_minute(100_000).build();
    let client = Client::new(fake.settings().quota_limiter(limiter.clone())).unwrap();
    let mut output = client.converse_stream().model_id(ID).messages(user("Hello")).send().await.unwrap();
    assert!(limiter.usage().tokens > 10, "the limiter must reserve tokens for the output");
    let mut received = Vec::new();
    while let Some(event) = output.events.recv().await.unwrap() {
        received.push(event);
    }
    assert_eq!(received, events);
    let metadata = output.events.metadata();
    assert_eq!((metadata.usage.input_tokens, metadata.usage.output_tokens), (Some(7), Some(3)));
    assert_eq!(metadata.stop_reason.as_deref(), Some("max_tokens"));
    assert_eq!(metadata.latency, Some(Duration::from_millis(340)));
    assert_eq!(limiter.usage().tokens, 10);
}

#[tokio::test]
async fn a_quota_reservation_of_converse_settles_to_the_counted_tokens() {
    let fake = Fake::with(200, &[], OUTPUT);
    let limiter = QuotaLimiter::builder().tokens_per_minute(100_000).build();
    let client = Client::new(fake.settings().quota_limiter(limiter.clone())).unwrap();
    client.converse().model_id(ID).messages(user("Hello")).send().await.unwrap();
    assert_eq!(limiter.usage().tokens, 10);
}

#[tokio::test]
async fn operations_without_tokens_do_not_take_part_in_quotas() {
    let fake = Fake::with(200, &[], r#"{"asyncInvokeSummaries":[]}"#);
    let limiter = QuotaLimiter::builder().requests_per_minute(1).build();
    let client = Client::new(fake.settings().quota_limiter(limiter.clone())).unwrap();
    client.list_async_invokes().send().await.unwrap();
    assert_eq!(limiter.usage().requests, 0);
}

#[tokio::test]
async fn an_arn_of_another_region_is_not_sent() {
    let fake = Fake::default();
    let arn = "arn:aws:bedrock:eu-west-1:123456789012:inference-profile/eu.amazon.nova-lite-v1:0";
    let error: Error =
        fake.client().converse().model_id(arn).messages(user("Hi")).send().await.unwrap_err().into();
    assert_eq!(
        error.to_string(),
        "Converse: request not sent: `modelId` is an ARN of the region `eu-west-1`, but the client calls the region \
         `us-east-1`: create a client for the region of the ARN"
    );
    assert!(fake.requests().is_empty());

    let guardrail = "arn:aws:bedrock:eu-west-1:123456789012:guardrail/gr1abc";
    let call = fake
        .client()
        .apply_guardrail()
        .guardrail_identifier(guardrail)
        .guardrail_version("1")
        .source("INPUT");
    let error = call.set_content(Some(Vec::new())).send().await.unwrap_err();
    assert!(
        error.to_string().contains("`guardrailIdentifier` is an ARN of the region `eu-west-1`"),
        "{error}"
    );
    assert!(fake.requests().is_empty());

    let project = "arn:aws:bedrock:eu-west-1:123456789012:project/default";
    let calls: [(&str, Error); 3] = [
        (
            "projectIdentifier",
            fake.client()
                .converse()
                .model_id("a")
                .project_identifier(project)
                .send()
                .await
                .unwrap_err()
                .into(),
        ),
        (
            "projectIdentifier",
            fake.client()
                .invoke_model()
                .model_id("a")
                .project_identifier(project)
                .send()
                .await
                .unwrap_err()
                .into(),
        ),
        (
            "invocationArn",
            fake.client()
                .get_async_invoke()
                .invocation_arn("arn:aws:bedrock:eu-west-1:123456789012:async-invoke/abcdefghijkl")
                .send()
                .await
                .unwrap_err()
                .into(),
        ),
    ];
    for (member, error) in calls {
        let expected = format!("`{member}` is an ARN of the region `eu-west-1`");
        assert!(error.to_string().contains(&expected), "{error}");
    }
    assert!(fake.requests().is_empty());

    // A custom endpoint may be a gateway to several regions.
    let fake = Fake::with(200, &[], OUTPUT);
    let client = Client::new(fake.settings().endpoint_url("http://localhost:8080")).unwrap();
    client.converse().model_id(arn).messages(user("Hi")).send().await.unwrap();
}

#[tokio::test]
async fn json_bodies_are_written_and_parsed() {
    let fake = Fake::with(200, &[("content-type", "application/json")], r#"{"embedding":[0.5]}"#);
    let call = fake.client().invoke_model().model_id("amazon.titan-embed-text-v2:0");
    let output = call.body_json(&json!({"inputText": "hello"})).send().await.unwrap();
    assert_eq!(fake.request().body(), r#"{"inputText":"hello"}"#);
    assert_eq!(output.json::<Value>().unwrap(), json!({"embedding": [0.5]}));
    assert!(output.json::<Vec<f32>>().is_err());

    let fake = Fake::default();
    let keys = std::collections::BTreeMap::from([((1, 2), "a key that is not a text")]);
    let call = fake.client().invoke_model().model_id("amazon.titan-embed-text-v2:0").body_json(&keys);
    let error = call.clone().send().await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "InvokeModel: request not sent: `body` cannot be serialized to JSON: key must be a string"
    );
    fake.push([Ok(response(200, &[("content-type", "application/json")], Bytes::from("{}").into()))]);
    call.body("{}").send().await.unwrap();
}
