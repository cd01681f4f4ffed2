//! Tests of guardrails and asynchronous invocations, from the client to the local endpoint.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use invoke_model_client::types::{
    AsyncInvokeOutputDataConfig, AsyncInvokeS3OutputDataConfig, AsyncInvokeStatus, GetAsyncInvoke,
    GuardrailAction, GuardrailContentBlock, GuardrailContentSource, GuardrailTextBlock, SortOrder,
};
use invoke_model_client::{Client, RetryConfig, WaitError};
use invoke_model_local::{
    ConnectionEnd, ERROR_MODEL_ID, Fault, FaultPoint, GuardrailFile, LocalEndpoint, LocalEndpointBuilder,
};
use invoke_model_protocol::Waiter;
use serde_json::json;

use crate::end_to_end::config;

/// 20150830T123600Z.
fn epoch() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_440_938_160)
}

/// Starts an endpoint whose clock advances by one second whenever it is read. Its jobs take 20 seconds.
async fn start(builder: LocalEndpointBuilder) -> (LocalEndpoint, Client) {
    let reads = Arc::new(AtomicU64::new(0));
    let clock = move || epoch() + Duration::from_secs(reads.fetch_add(1, Ordering::Relaxed));
    let builder = builder.clock(clock).async_invoke_duration(Duration::from_secs(20));
    let local = builder.start().await.unwrap();
    let client = Client::new(config(&local).time_source(epoch)).unwrap();
    (local, client)
}

async fn start_job(client: &Client, model_id: &str, token: &str) -> String {
    let output = AsyncInvokeS3OutputDataConfig::new("s3://amzn-s3-demo-bucket");
    let call = client
        .start_async_invoke()
        .client_request_token(token)
        .model_id(model_id)
        .model_input(json!({"taskType": "TEXT_VIDEO", "message": "no video"}))
        .output_data_config(AsyncInvokeOutputDataConfig::S3OutputDataConfig(output));
    call.send().await.unwrap().invocation_arn
}

/// Returns the waiter that the model defines, with all delays set to zero.
fn waiter() -> Waiter<GetAsyncInvoke> {
    Waiter { min_delay_seconds: 0, max_delay_seconds: 0, ..GetAsyncInvoke::COMPLETED }
}

#[tokio::test]
async fn the_waiter_returns_a_completed_job() {
    let (local, client) = start(LocalEndpoint::builder()).await;
    let arn = start_job(&client, "amazon.nova-reel-v1:1", "token").await;
    let call = client.get_async_invoke().invocation_arn(&arn);
    let first = call.clone().send().await.unwrap();
    assert_eq!(first.status, AsyncInvokeStatus::IN_PROGRESS);
    let job = call.wait_until(&waiter(), Duration::from_secs(60)).await.unwrap();
    assert_eq!((job.invocation_arn, job.status), (arn, AsyncInvokeStatus::COMPLETED));
    let duration = job.end_time.unwrap().duration_since(job.submit_time);
    assert_eq!(duration.as_secs(), 20);
    assert!(local.calls().len() > 3, "the waiter repeats the call");
}

#[tokio::test]
async fn the_waiter_returns_a_failed_job() {
    let (_local, client) = start(LocalEndpoint::builder()).await;
    let arn = start_job(&client, ERROR_MODEL_ID, "token").await;
    let call = client.get_async_invoke().invocation_arn(arn);
    match call.wait_until(&waiter(), Duration::from_secs(60)).await {
        Err(WaitError::Failed(job)) => assert_eq!(job.failure_message.as_deref(), Some("no video")),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_retry_after_a_lost_response_starts_no_second_job() {
    let (local, client) = start(LocalEndpoint::builder()).await;
    local.inject(Fault::new().break_at(FaultPoint::ResponseBytes(0), ConnectionEnd::Close).first(1));
    let output = AsyncInvokeS3OutputDataConfig::new("s3://amzn-s3-demo-bucket");
    let call = client
        .start_async_invoke()
        .model_id("amazon.nova-reel-v1:1")
        .model_input(json!({"taskType": "TEXT_VIDEO"}))
        .output_data_config(AsyncInvokeOutputDataConfig::S3OutputDataConfig(output))
        .retry_config(RetryConfig::standard().max_backoff(Duration::ZERO));
    let (started, metadata) = call.send_with_metadata().await.unwrap();
    assert_eq!(metadata.attempts, 2);
    let listed = client.list_async_invokes().send().await.unwrap().async_invoke_summaries.unwrap();
    let arns: Vec<_> = listed.into_iter().map(|job| job.invocation_arn).collect();
    assert_eq!(arns, [started.invocation_arn]);
}

#[tokio::test]
async fn the_paginator_returns_every_job_once() {
    let (local, client) = start(LocalEndpoint::builder()).await;
    let mut started = Vec::new();
    for number in 0..5 {
        started.push(start_job(&client, "amazon.nova-reel-v1:0", &number.to_string()).await);
    }
    local.clear_records();
    let call = client.list_async_invokes().max_results(2).sort_order(SortOrder::ASCENDING);
    let mut items = call.into_paginator().items();
    let mut listed = Vec::new();
    while let Some(job) = items.try_next().await.unwrap() {
        listed.push(job.invocation_arn);
    }
    assert_eq!(listed, started);
    assert_eq!(local.calls().len(), 3);
}

#[tokio::test]
async fn a_guardrail_masks_and_blocks() {
    let file = r#"{"guardrails": [{
        "id": "abc",
        "words": ["forbidden"],
        "pii": [{"type": "EMAIL", "action": "ANONYMIZE"}],
        "blocked_input": "No."
    }]}"#;
    let file = GuardrailFile::from_json(file).unwrap();
    let (_local, client) = start(LocalEndpoint::builder().guardrail_file(file)).await;
    for (text, expected) in [("mail a@b.de", "mail {EMAIL}"), ("forbidden", "No.")] {
        let call = client
            .apply_guardrail()
            .guardrail_identifier("abc")
            .guardrail_version("DRAFT")
            .source(GuardrailContentSource::INPUT)
            .content(GuardrailContentBlock::Text(GuardrailTextBlock::new(text)));
        let output = call.send().await.unwrap();
        assert_eq!(output.action, GuardrailAction::GUARDRAIL_INTERVENED);
        assert_eq!(output.outputs[0].text.as_deref(), Some(expected));
    }
    let call = client.apply_guardrail().guardrail_identifier("abd").guardrail_version("1");
    let content = GuardrailContentBlock::Text(GuardrailTextBlock::new("a"));
    let error = call.source(GuardrailContentSource::INPUT).content(content).send().await.unwrap_err();
    assert_eq!(error.code(), Some("ResourceNotFoundException"));
}
