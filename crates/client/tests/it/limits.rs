//! What limits of the client's own do to its calls.

use std::time::Duration;

use bytes::Bytes;
use invoke_model_client::types::{PayloadPart, ResponseStream};
use invoke_model_client::{
    AdaptiveRateLimiter, Client, ErrorKind, FailureClass, QuotaError, QuotaLimiter, RetryConfig,
    TransportError, TransportErrorKind,
};
use invoke_model_protocol::event_stream::{CONTENT_TYPE, EventStream};
use tokio::time::{Instant, sleep};

use crate::fake::{Answer, Fake, response};

const ID: &str = "meta.llama3-8b-instruct-v1:0";
/// 44 bytes, so eleven tokens, and a hundred that it may make.
const BODY: &str = r#"{"prompt":"one two three","max_gen_len":100}"#;

fn ok() -> Answer {
    let fields = [
        ("content-type", "application/json"),
        ("x-amzn-bedrock-input-token-count", "5"),
        ("x-amzn-bedrock-output-token-count", "7"),
    ];
    Ok(response(200, &fields, Bytes::from_static(b"{}").into()))
}

fn throttled() -> Answer {
    Ok(response(429, &[("x-amzn-errortype", "ThrottlingException")], Bytes::new().into()))
}

fn client(fake: &Fake, admission: &QuotaLimiter) -> Client {
    Client::new(fake.settings().quota_limiter(admission.clone())).unwrap()
}

fn tokens(limit: u64) -> QuotaLimiter {
    QuotaLimiter::builder().tokens_per_minute(limit).build()
}

#[tokio::test(start_paused = true)]
async fn calls_beyond_the_limit_wait_for_each_other() {
    let slow = || async {
        sleep(Duration::from_secs(10)).await;
        ok()
    };
    let fake = Fake::slow([Box::pin(slow()), Box::pin(slow()), Box::pin(slow())]);
    let client = client(&fake, &QuotaLimiter::builder().max_concurrency(2).build());
    let call = || client.invoke_model().model_id(ID).body(BODY).send();
    let start = Instant::now();
    let answers = tokio::join!(call(), call(), call());
    assert!(answers.0.is_ok() && answers.1.is_ok() && answers.2.is_ok());
    assert_eq!(start.elapsed().as_secs(), 20);
}

#[tokio::test(start_paused = true)]
async fn what_is_never_admitted_is_not_sent() {
    let fake = Fake::default();
    let error = client(&fake, &tokens(100)).invoke_model().model_id(ID).body(BODY).send().await.unwrap_err();
    let ErrorKind::Quota(QuotaError::TooLarge { output: 100, allowed: 100, .. }) = error.kind() else {
        panic!("{error}")
    };
    assert_eq!((error.class(), error.attempts()), (FailureClass::NotSent, 0));
    assert!(error.to_string().starts_with("InvokeModel was not sent: it would reserve "), "{error}");
    assert!(fake.requests().is_empty());
}

#[tokio::test(start_paused = true)]
async fn what_was_counted_takes_the_place_of_what_was_reserved() {
    let check = async |answer: Answer, expected: u64| {
        let admission = tokens(1000);
        let client = client(&Fake::answering(answer), &admission);
        let _ = client.invoke_model().model_id(ID).body(BODY).send().await;
        let load = admission.load();
        assert_eq!((load.tokens, load.in_flight), (expected, 0));
    };
    check(ok(), 12).await;
    check(throttled(), 0).await;
    check(Err(TransportError::from(TransportErrorKind::Connect)), 0).await;
    check(Err(TransportError::from(TransportErrorKind::Send)), 111).await;
}

#[tokio::test(start_paused = true)]
async fn each_attempt_is_a_request() {
    let admission = QuotaLimiter::builder().requests_per_minute(2).build();
    let fake = Fake::answers([throttled(), throttled(), ok()]);
    let client = client(&fake, &admission);
    let start = Instant::now();
    let call = client.invoke_model().model_id(ID).body(BODY).retry_config(RetryConfig::default());
    call.send().await.unwrap();
    assert!(start.elapsed() >= Duration::from_secs(60), "the third waits for the next minute");
}

#[tokio::test(start_paused = true)]
async fn a_stream_is_in_flight_until_it_ends_and_settles_with_its_last_part() {
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
    let fields = [("content-type", CONTENT_TYPE), ("x-amzn-bedrock-content-type", "application/json")];
    let admission = tokens(1000);
    let client = client(&Fake::answering(Ok(response(200, &fields, body.into()))), &admission);
    let call = client.invoke_model_with_response_stream().model_id(ID).body(BODY);
    let mut events = call.send().await.unwrap().body;
    assert_eq!((admission.load().tokens, admission.load().in_flight), (111, 1));
    events.recv().await.unwrap();
    assert_eq!((admission.load().tokens, admission.load().in_flight), (111, 1));
    while events.recv().await.unwrap().is_some() {}
    assert_eq!((admission.load().tokens, admission.load().in_flight), (7, 0));
}

#[tokio::test(start_paused = true)]
async fn a_throttle_slows_all_that_share_the_rate() {
    let rate = AdaptiveRateLimiter::new();
    let fake = Fake::answers([ok(), throttled()]);
    let client = Client::new(fake.settings().adaptive_rate_limiter(rate.clone())).unwrap();
    client.invoke_model().model_id(ID).body(BODY).send().await.unwrap();
    assert_eq!(rate.limit(), None);
    client.invoke_model().model_id(ID).body(BODY).send().await.unwrap_err();
    assert!(rate.limit().is_some());
}

#[tokio::test(start_paused = true)]
async fn a_call_that_only_waited_was_not_sent() {
    let admission = QuotaLimiter::builder().max_concurrency(1).build();
    let held = admission.admit(invoke_model_client::TokenEstimate::default()).await.unwrap();
    let fake = Fake::default();
    let mut deadlines = invoke_model_client::TimeoutConfig::disabled();
    deadlines.operation = Some(Duration::from_secs(5));
    let call = client(&fake, &admission).invoke_model().model_id(ID).body(BODY).timeout_config(deadlines);
    let error = call.retry_config(RetryConfig::default()).send().await.unwrap_err();
    assert_eq!((error.class(), error.attempts()), (FailureClass::NotSent, 0), "{error}");
    let words = "InvokeModel was not sent: operation timed out: not complete after 5s";
    assert!(error.to_string().starts_with(words), "{error}");
    assert!(fake.requests().is_empty());
    held.release();
}
