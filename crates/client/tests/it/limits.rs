//! Calls with a quota limiter or an adaptive rate limiter.

use std::time::Duration;

use bytes::Bytes;
use invoke_model_client::types::{PayloadPart, ResponseStream};
use invoke_model_client::{
    AdaptiveRateLimiter, Client, ErrorKind, FailureClass, QuotaError, QuotaLimiter, RetryConfig,
    TransportError, TransportErrorKind,
};
use invoke_model_protocol::event_stream::{CONTENT_TYPE, EventStream};
use tokio::time::{Instant, sleep};

use crate::fake::{Fake, SendResult, response};

const ID: &str = "meta.llama3-8b-instruct-v1:0";
/// A body of 44 bytes. The client estimates 11 input tokens for it. The body allows at most 100 output
/// tokens.
const BODY: &str = r#"{"prompt":"one two three","max_gen_len":100}"#;

fn ok() -> SendResult {
    let headers = [
        ("content-type", "application/json"),
        ("x-amzn-bedrock-input-token-count", "5"),
        ("x-amzn-bedrock-output-token-count", "7"),
    ];
    Ok(response(200, &headers, Bytes::from_static(b"{}").into()))
}

fn throttled() -> SendResult {
    Ok(response(429, &[("x-amzn-errortype", "ThrottlingException")], Bytes::new().into()))
}

fn client(fake: &Fake, limiter: &QuotaLimiter) -> Client {
    Client::new(fake.settings().quota_limiter(limiter.clone())).unwrap()
}

fn tokens(limit: u64) -> QuotaLimiter {
    QuotaLimiter::builder().tokens_per_minute(limit).build()
}

#[tokio::test(start_paused = true)]
async fn calls_beyond_the_concurrency_limit_wait() {
    let slow = || async {
        sleep(Duration::from_secs(10)).await;
        ok()
    };
    let fake = Fake::slow([Box::pin(slow()), Box::pin(slow()), Box::pin(slow())]);
    let client = client(&fake, &QuotaLimiter::builder().max_concurrency(2).build());
    let call = || client.invoke_model().model_id(ID).body(BODY).send();
    let start = Instant::now();
    let results = tokio::join!(call(), call(), call());
    assert!(results.0.is_ok() && results.1.is_ok() && results.2.is_ok());
    assert_eq!(start.elapsed().as_secs(), 20);
}

#[tokio::test(start_paused = true)]
async fn too_large_request_is_not_sent() {
    let fake = Fake::default();
    let error = client(&fake, &tokens(100)).invoke_model().model_id(ID).body(BODY).send().await.unwrap_err();
    let ErrorKind::Quota(QuotaError::TooLarge { output: 100, limit: 100, .. }) = error.kind() else {
        panic!("{error}")
    };
    assert_eq!((error.class(), error.attempts()), (FailureClass::NotSent, 0));
    assert!(
        error.to_string().starts_with("InvokeModel: request not sent: the request would reserve "),
        "{error}"
    );
    assert!(fake.requests().is_empty());
}

#[tokio::test(start_paused = true)]
async fn counted_tokens_depend_on_the_outcome_of_a_call() {
    let check = async |response: SendResult, expected: u64| {
        let limiter = tokens(1000);
        let client = client(&Fake::with_response(response), &limiter);
        let _ = client.invoke_model().model_id(ID).body(BODY).send().await;
        let usage = limiter.usage();
        assert_eq!((usage.tokens, usage.in_flight), (expected, 0));
    };
    check(ok(), 12).await;
    check(throttled(), 0).await;
    check(Err(TransportError::from(TransportErrorKind::Connect)), 0).await;
    check(Err(TransportError::from(TransportErrorKind::Send)), 111).await;
}

#[tokio::test(start_paused = true)]
async fn each_attempt_counts_as_a_request() {
    let limiter = QuotaLimiter::builder().requests_per_minute(2).build();
    let fake = Fake::with_responses([throttled(), throttled(), ok()]);
    let client = client(&fake, &limiter);
    let start = Instant::now();
    let call = client.invoke_model().model_id(ID).body(BODY).retry_config(RetryConfig::default());
    call.send().await.unwrap();
    assert!(start.elapsed() >= Duration::from_secs(60), "the third attempt must wait for the next minute");
}

#[tokio::test(start_paused = true)]
async fn stream_is_in_flight_until_it_ends_and_counts_the_tokens_of_its_last_part() {
    let part = |text: &str| {
        let mut part = PayloadPart::default();
        part.bytes = Some(Bytes::copy_from_slice(text.as_bytes()));
        let mut frame = Vec::new();
        ResponseStream::Chunk(part).event().unwrap().encode(&mut frame).unwrap();
        frame
    };
    let metrics =
        r#"{"generation":"","amazon-bedrock-invocationMetrics":{"inputTokenCount":3,"outputTokenCount":4}}"#;
    let body = Bytes::from([part("{\"generation\":\"a\"}"), part(metrics)].concat());
    let headers = [("content-type", CONTENT_TYPE), ("x-amzn-bedrock-content-type", "application/json")];
    let limiter = tokens(1000);
    let client = client(&Fake::with_response(Ok(response(200, &headers, body.into()))), &limiter);
    let call = client.invoke_model_with_response_stream().model_id(ID).body(BODY);
    let mut events = call.send().await.unwrap().events;
    assert_eq!((limiter.usage().tokens, limiter.usage().in_flight), (111, 1));
    events.recv().await.unwrap();
    assert_eq!((limiter.usage().tokens, limiter.usage().in_flight), (111, 1));
    while events.recv().await.unwrap().is_some() {}
    assert_eq!((limiter.usage().tokens, limiter.usage().in_flight), (7, 0));
}

#[tokio::test(start_paused = true)]
async fn a_throttling_error_limits_the_shared_rate() {
    let limiter = AdaptiveRateLimiter::new();
    let fake = Fake::with_responses([ok(), throttled()]);
    let client = Client::new(fake.settings().adaptive_rate_limiter(limiter.clone())).unwrap();
    client.invoke_model().model_id(ID).body(BODY).send().await.unwrap();
    assert_eq!(limiter.limit(), None);
    client.invoke_model().model_id(ID).body(BODY).send().await.unwrap_err();
    assert!(limiter.limit().is_some());
}

#[tokio::test(start_paused = true)]
async fn call_that_times_out_while_it_waits_was_not_sent() {
    let limiter = QuotaLimiter::builder().max_concurrency(1).build();
    let held = limiter.acquire(invoke_model_client::TokenEstimate::default()).await.unwrap();
    let fake = Fake::default();
    let call = client(&fake, &limiter).invoke_model().model_id(ID).body(BODY).timeout(Duration::from_secs(5));
    let error = call.retry_config(RetryConfig::standard()).send().await.unwrap_err();
    assert_eq!((error.class(), error.attempts()), (FailureClass::NotSent, 0), "{error}");
    let words = "InvokeModel: request not sent: operation timed out: not complete after 5s";
    assert!(error.to_string().starts_with(words), "{error}");
    assert!(fake.requests().is_empty());
    held.release();
}
