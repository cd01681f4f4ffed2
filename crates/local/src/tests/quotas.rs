//! Tests of quotas, with a clock that the tests advance.

use invoke_model_types::ThrottlingException;
use tokio::time::advance;

use super::*;
use crate::{Fault, Quotas};

const HAIKU: &str = "anthropic.claude-3-haiku-20240307-v1:0";
const SONNET: &str = "anthropic.claude-sonnet-4-20250514-v1:0";

fn endpoint(
    requests_per_minute: Option<u64>,
    tokens_per_minute: Option<u64>,
    tokens_per_day: Option<u64>,
) -> Arc<EndpointState> {
    builder().quotas(Quotas { requests_per_minute, tokens_per_minute, tokens_per_day }).build_state()
}

/// Returns a request with one input token. Its response has four output tokens.
fn call(model_id: &str, max_tokens: u64) -> Request<Bytes> {
    let body = format!(
        r#"{{"anthropic_version":"bedrock-2023-05-31","max_tokens":{max_tokens},"messages":[{{"role":"user","content":"hello"}}]}}"#
    );
    sign(request(input(model_id, &body)))
}

fn check_success(endpoint: &Arc<EndpointState>, request: Request<Bytes>) {
    assert_eq!(send(endpoint, request).status(), 200);
}

fn check_throttled(endpoint: &Arc<EndpointState>, request: Request<Bytes>, message: &str) {
    let error = check_error(endpoint, request, 429, "ThrottlingException");
    assert_eq!(error, format!("{message}, please wait before trying again."));
    let call = endpoint.log.calls().pop().unwrap();
    assert_eq!((call.worked_on, call.input_tokens), (false, None), "the call was not worked on");
}

async fn advance_seconds(seconds: u64) {
    advance(Duration::from_secs(seconds)).await;
}

#[tokio::test(start_paused = true)]
async fn requests_per_minute_are_limited() {
    let endpoint = endpoint(Some(2), None, None);
    check_success(&endpoint, call(HAIKU, 9));
    check_success(&endpoint, call(HAIKU, 9));
    check_throttled(&endpoint, call(HAIKU, 9), "Too many requests");
    check_success(&endpoint, call(SONNET, 9));
    advance_seconds(29).await;
    check_throttled(&endpoint, call(HAIKU, 9), "Too many requests");
    advance_seconds(1).await;
    check_success(&endpoint, call(HAIKU, 9));
    check_throttled(&endpoint, call(HAIKU, 9), "Too many requests");
    // Unused quota does not accumulate.
    advance_seconds(3_600).await;
    check_success(&endpoint, call(HAIKU, 9));
    check_success(&endpoint, call(HAIKU, 9));
    check_throttled(&endpoint, call(HAIKU, 9), "Too many requests");
}

#[tokio::test(start_paused = true)]
async fn tokens_are_reserved_and_settled() {
    let endpoint = endpoint(None, Some(100), None);
    check_throttled(&endpoint, call(HAIKU, 100), "Too many tokens");
    // A call reserves its maximum number of tokens until its response has been sent.
    let unsent = head(&endpoint, call(HAIKU, 80));
    check_throttled(&endpoint, call(HAIKU, 19), "Too many tokens");
    drop(unsent);
    // After that, the call counts as five tokens: one input token and four output tokens.
    check_throttled(&endpoint, call(HAIKU, 95), "Too many tokens");
    check_success(&endpoint, call(HAIKU, 94));
    check_throttled(&endpoint, call(HAIKU, 90), "Too many tokens");
    advance_seconds(60).await;
    check_success(&endpoint, call(HAIKU, 99));
}

#[tokio::test(start_paused = true)]
async fn output_of_newer_models_counts_five_times() {
    let endpoint = endpoint(None, Some(100), None);
    check_success(&endpoint, call(SONNET, 9));
    // The call used 21 tokens: one input token, and four output tokens that count five times.
    check_throttled(&endpoint, call(SONNET, 79), "Too many tokens");
    check_success(&endpoint, call(SONNET, 78));
    check_success(&endpoint, call(SONNET, 4));
    check_success(&endpoint, call(SONNET, 4));
    // This call reserves the last 5 tokens and uses 21 tokens, so the remaining quota is negative.
    check_success(&endpoint, call(SONNET, 4));
    check_throttled(&endpoint, call(SONNET, 1), "Too many tokens");
    advance_seconds(3).await;
    check_throttled(&endpoint, call(SONNET, 1), "Too many tokens");
    advance_seconds(3).await;
    check_success(&endpoint, call(SONNET, 1));
}

#[tokio::test(start_paused = true)]
async fn tokens_per_day_are_limited() {
    let endpoint = endpoint(None, Some(1_000), Some(100));
    check_success(&endpoint, call(HAIKU, 99));
    check_throttled(&endpoint, call(HAIKU, 99), "Too many tokens per day");
    advance_seconds(60).await;
    check_throttled(&endpoint, call(HAIKU, 99), "Too many tokens per day");
    advance_seconds(24 * 60 * 60).await;
    check_success(&endpoint, call(HAIKU, 99));
}

#[tokio::test(start_paused = true)]
async fn a_stream_keeps_its_reservation_until_its_end() {
    let endpoint = endpoint(None, Some(600), None);
    let stream_call = || streaming(super::streams::LLAMA, super::streams::PROMPT);
    let stream = head(&endpoint, stream_call());
    assert_eq!(head(&endpoint, stream_call()).status(), 429, "512 tokens are reserved by default");
    frames(stream.into_body());
    assert_eq!(head(&endpoint, stream_call()).status(), 200);
}

#[tokio::test(start_paused = true)]
async fn a_replaced_response_uses_no_quota() {
    let endpoint = endpoint(Some(1), None, None);
    endpoint.fault_rules.push(Fault::error(ThrottlingException::default()).first(3));
    for _ in 0..3 {
        check_error(&endpoint, call(HAIKU, 9), 429, "ThrottlingException");
    }
    check_success(&endpoint, call(HAIKU, 9));
}
