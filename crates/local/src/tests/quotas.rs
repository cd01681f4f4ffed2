//! Quotas, by a clock that moves as the test says.

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
) -> Arc<Endpoint> {
    builder().quotas(Quotas { requests_per_minute, tokens_per_minute, tokens_per_day }).endpoint()
}

/// A question of one token, whose answer has four.
fn ask(model_id: &str, max_tokens: u64) -> Request<Bytes> {
    let body = format!(
        r#"{{"anthropic_version":"bedrock-2023-05-31","max_tokens":{max_tokens},"messages":[{{"role":"user","content":"hello"}}]}}"#
    );
    sign(request(input(model_id, &body)))
}

fn answered(endpoint: &Arc<Endpoint>, request: Request<Bytes>) {
    assert_eq!(send(endpoint, request).status(), 200);
}

fn throttled(endpoint: &Arc<Endpoint>, request: Request<Bytes>, words: &str) {
    let message = refused(endpoint, request, 429, "ThrottlingException");
    assert_eq!(message, format!("{words}, please wait before trying again."));
    let call = endpoint.log.calls().pop().unwrap();
    assert_eq!((call.worked_on, call.input_tokens), (false, None), "nobody worked on it");
}

async fn seconds(seconds: u64) {
    advance(Duration::from_secs(seconds)).await;
}

#[tokio::test(start_paused = true)]
async fn requests_of_a_minute() {
    let endpoint = endpoint(Some(2), None, None);
    answered(&endpoint, ask(HAIKU, 9));
    answered(&endpoint, ask(HAIKU, 9));
    throttled(&endpoint, ask(HAIKU, 9), "Too many requests");
    answered(&endpoint, ask(SONNET, 9));
    seconds(29).await;
    throttled(&endpoint, ask(HAIKU, 9), "Too many requests");
    seconds(1).await;
    answered(&endpoint, ask(HAIKU, 9));
    throttled(&endpoint, ask(HAIKU, 9), "Too many requests");
    // Never more than the quota at once.
    seconds(3_600).await;
    answered(&endpoint, ask(HAIKU, 9));
    answered(&endpoint, ask(HAIKU, 9));
    throttled(&endpoint, ask(HAIKU, 9), "Too many requests");
}

#[tokio::test(start_paused = true)]
async fn tokens_are_reserved_and_settled() {
    let endpoint = endpoint(None, Some(100), None);
    throttled(&endpoint, ask(HAIKU, 100), "Too many tokens");
    // While an answer is on its way, it holds all that it may have needed.
    let leaving = head(&endpoint, ask(HAIKU, 80));
    throttled(&endpoint, ask(HAIKU, 19), "Too many tokens");
    drop(leaving);
    // Then it counts five: one read, four generated.
    throttled(&endpoint, ask(HAIKU, 95), "Too many tokens");
    answered(&endpoint, ask(HAIKU, 94));
    throttled(&endpoint, ask(HAIKU, 90), "Too many tokens");
    seconds(60).await;
    answered(&endpoint, ask(HAIKU, 99));
}

#[tokio::test(start_paused = true)]
async fn output_of_newer_models_counts_five_times() {
    let endpoint = endpoint(None, Some(100), None);
    answered(&endpoint, ask(SONNET, 9));
    // 1 + 5 * 4 were used.
    throttled(&endpoint, ask(SONNET, 79), "Too many tokens");
    answered(&endpoint, ask(SONNET, 78));
    answered(&endpoint, ask(SONNET, 4));
    answered(&endpoint, ask(SONNET, 4));
    // Five more were reserved, and 21 used: the quota is overdrawn.
    answered(&endpoint, ask(SONNET, 4));
    throttled(&endpoint, ask(SONNET, 1), "Too many tokens");
    seconds(3).await;
    throttled(&endpoint, ask(SONNET, 1), "Too many tokens");
    seconds(3).await;
    answered(&endpoint, ask(SONNET, 1));
}

#[tokio::test(start_paused = true)]
async fn tokens_of_a_day() {
    let endpoint = endpoint(None, Some(1_000), Some(100));
    answered(&endpoint, ask(HAIKU, 99));
    throttled(&endpoint, ask(HAIKU, 99), "Too many tokens per day");
    seconds(60).await;
    throttled(&endpoint, ask(HAIKU, 99), "Too many tokens per day");
    seconds(24 * 60 * 60).await;
    answered(&endpoint, ask(HAIKU, 99));
}

#[tokio::test(start_paused = true)]
async fn a_stream_holds_its_tokens_until_its_end() {
    let endpoint = endpoint(None, Some(600), None);
    let call = || streaming(super::streams::LLAMA, super::streams::PROMPT);
    let stream = head(&endpoint, call());
    assert_eq!(head(&endpoint, call()).status(), 429, "512 are reserved where nothing is said");
    frames(stream.into_body());
    assert_eq!(head(&endpoint, call()).status(), 200);
}

#[tokio::test(start_paused = true)]
async fn what_a_fault_refuses_takes_nothing() {
    let endpoint = endpoint(Some(1), None, None);
    endpoint.script.push(Fault::error(ThrottlingException::default()).first(3));
    for _ in 0..3 {
        refused(&endpoint, ask(HAIKU, 9), 429, "ThrottlingException");
    }
    answered(&endpoint, ask(HAIKU, 9));
}
