//! Tests of streams without a socket. The tests check each frame.

use std::sync::atomic::{AtomicU64, Ordering};

use invoke_model_protocol::event_stream::{Decoder, EventStream, HeaderValue, Message};
use invoke_model_types::{PerformanceConfigLatency, ResponseStream, ServiceTierType};
use serde_json::{Value, json};

use super::stream_wire::long_prompt;
use super::*;
use crate::{AccessPolicy, StreamEnd};

pub(super) const LLAMA: &str = "meta.llama3-8b-instruct-v1:0";
pub(super) const PROMPT: &str = r#"{"prompt":"hello"}"#;

/// Decodes frames. Each frame contains one message.
pub(super) fn messages(frames: &[Vec<u8>]) -> Vec<Message> {
    frames.iter().map(|frame| message(frame)).collect()
}

fn message(frame: &[u8]) -> Message {
    let mut decoder = Decoder::new();
    decoder.push(frame);
    let message = decoder.decode().unwrap().expect("the frame is complete");
    decoder.finish().expect("the frame has no bytes after its end");
    message
}

/// Returns the vendor's chunk that a message contains.
pub(super) fn chunk(message: &Message) -> Value {
    match ResponseStream::parse(message).unwrap().unwrap() {
        ResponseStream::Chunk(part) => serde_json::from_slice(&part.bytes.unwrap()).unwrap(),
        other => panic!("{other:?} is not a chunk"),
    }
}

#[test]
fn a_stream_has_a_head_and_events() {
    let endpoint = endpoint();
    let (head, body) = head(&endpoint, streaming(LLAMA, PROMPT)).into_parts();
    assert_eq!(head.status, 200);
    assert_eq!(head.headers["content-type"], "application/vnd.amazon.eventstream");
    assert_eq!(head.headers["x-amzn-bedrock-content-type"], "application/json");
    assert_eq!(head.headers["x-amzn-requestid"], "00000000-0000-4000-8000-000000000001");
    assert_eq!(head.headers.len(), 3, "{:?}", head.headers);

    let (frames, error) = frames(body);
    assert!(error.is_none());
    let messages = messages(&frames);
    for message in &messages {
        assert_eq!(message.header(":message-type"), Some(HeaderValue::String("event")));
        assert_eq!(message.header(":event-type"), Some(HeaderValue::String("chunk")));
        assert_eq!(message.header(":content-type"), Some(HeaderValue::String("application/json")));
    }
    let metrics =
        json!({"inputTokenCount": 1, "outputTokenCount": 4, "invocationLatency": 0, "firstByteLatency": 0});
    let expected = [
        json!({"generation": "You", "prompt_token_count": 1, "generation_token_count": 1, "stop_reason": null}),
        json!({"generation": " said", "prompt_token_count": null, "generation_token_count": 2, "stop_reason": null}),
        json!({"generation": ":", "prompt_token_count": null, "generation_token_count": 3, "stop_reason": null}),
        json!({"generation": " hello", "prompt_token_count": null, "generation_token_count": 4, "stop_reason": null}),
        json!({
            "generation": "",
            "prompt_token_count": null,
            "generation_token_count": 4,
            "stop_reason": "stop",
            "amazon-bedrock-invocationMetrics": metrics,
        }),
    ];
    assert_eq!(messages.iter().map(chunk).collect::<Vec<_>>(), expected);
}

#[test]
fn events_are_padded() {
    let body = head(&endpoint(), streaming(LLAMA, PROMPT)).into_body();
    let (frames, _) = frames(body);
    let paddings = messages(&frames).into_iter().map(|message| {
        let payload: Value = serde_json::from_slice(message.payload()).unwrap();
        assert_eq!(payload.as_object().unwrap().len(), 2, "only `bytes` and `p`: {payload}");
        payload["p"].as_str().unwrap().len()
    });
    assert_eq!(paddings.collect::<Vec<_>>(), [1, 38, 13, 50, 25]);
}

#[test]
fn the_same_request_yields_the_same_bytes() {
    let stream = || frames(head(&endpoint(), streaming(LLAMA, PROMPT)).into_body()).0;
    assert_eq!(stream(), stream());
}

#[test]
fn latencies_are_measured_by_the_clock_of_the_endpoint() {
    let seconds = Arc::new(AtomicU64::new(0));
    let clock = Arc::clone(&seconds);
    let builder = builder().clock(move || now() + Duration::from_secs(clock.fetch_add(1, Ordering::Relaxed)));
    let endpoint = builder.build_state();
    // The request arrives at second 0. The five frames are generated at seconds 1 to 5.
    let (frames, _) = frames(head(&endpoint, streaming(LLAMA, PROMPT)).into_body());
    let last = chunk(messages(&frames).last().unwrap());
    let metrics = &last["amazon-bedrock-invocationMetrics"];
    assert_eq!((&metrics["firstByteLatency"], &metrics["invocationLatency"]), (&json!(1_000), &json!(5_000)));
}

#[test]
fn the_last_chunk_of_every_vendor_has_the_metrics() {
    let anthropic = json!({
        "anthropic_version": "bedrock-2023-05-31",
        "max_tokens": 9,
        "messages": [{"role": "user", "content": "hello"}],
    });
    let chat = json!({"messages": [{"role": "user", "content": "hello"}]});
    let nova = json!({"messages": [{"role": "user", "content": [{"text": "hello"}]}]});
    for (model, body, last) in [
        ("anthropic.claude-sonnet-4-6", anthropic, "/type"),
        ("amazon.titan-text-express-v1", json!({"inputText": "hello"}), "/completionReason"),
        (LLAMA, json!({"prompt": "hello"}), "/stop_reason"),
        ("mistral.mistral-7b-instruct-v0:2", json!({"prompt": "hello"}), "/outputs/0/stop_reason"),
        ("mistral.mistral-large-2407-v1:0", chat, "/choices/0/stop_reason"),
        ("us.amazon.nova-lite-v1:0", nova, "/metadata/usage"),
        ("cohere.command-r-v1:0", json!({"message": "hello"}), "/response/text"),
    ] {
        let endpoint = endpoint();
        let (frames, _) = frames(head(&endpoint, streaming(model, &body.to_string())).into_body());
        let chunks: Vec<_> = messages(&frames).iter().map(chunk).collect();
        let metrics: Vec<_> =
            chunks.iter().map(|chunk| chunk.get("amazon-bedrock-invocationMetrics").is_some()).collect();
        let (is_in_last, before) = metrics.split_last().unwrap();
        assert!(is_in_last & !before.contains(&true), "{model}: {metrics:?}");
        let last_chunk = chunks.last().unwrap();
        assert!(!last_chunk.pointer(last).unwrap().is_null(), "{model}: {last_chunk}");
        assert_eq!(last_chunk["amazon-bedrock-invocationMetrics"]["inputTokenCount"], 1);
        assert_eq!(last_chunk["amazon-bedrock-invocationMetrics"]["outputTokenCount"], 4);
        let call = endpoint.log.calls().pop().unwrap();
        assert_eq!((call.input_tokens, call.output_tokens), (Some(1), Some(4)));
    }
}

#[test]
fn the_progress_of_a_stream_is_recorded() {
    let endpoint = endpoint();
    let record = || endpoint.log.calls().pop().unwrap().stream.unwrap();
    let mut body = head(&endpoint, streaming(LLAMA, &long_prompt())).into_body();
    assert_eq!((record().events, record().end), (0, None), "a frame must not be generated before a poll");
    assert_eq!(endpoint.streams.count(), 1);

    // The frames that the body generates before any of them has been written.
    let mut unwritten = Vec::new();
    while let Poll::Ready(frame) = next_frame(&mut body) {
        unwritten.push(frame.unwrap().unwrap());
    }
    let (last, before) = unwritten.split_last().unwrap();
    assert!(before.concat().len() < 16 * 1024 && 16 * 1024 <= before.concat().len() + last.len());
    assert_eq!((record().events, record().end), (unwritten.len() as u64, None));
    let group = unwritten.len();
    let last = unwritten.pop();
    drop(unwritten);
    assert!(next_frame(&mut body).is_pending(), "the last frame has not been written");
    drop(last);
    drop(next_frame(&mut body));
    assert_eq!((record().events, record().end), (group as u64 + 1, None));
    drop(body);
    assert_eq!((record().events, record().end), (group as u64 + 1, Some(StreamEnd::Abandoned)));
    assert_eq!(endpoint.streams.count(), 0);

    drop(frames(head(&endpoint, streaming(LLAMA, PROMPT)).into_body()));
    assert_eq!((record().events, record().end), (5, Some(StreamEnd::Finished)));
    let calls = endpoint.log.calls();
    assert_eq!(calls[0].stream.unwrap().events, group as u64 + 1);
    assert_eq!((calls[1].status, calls[1].error_code.as_deref(), calls[1].signed), (200, None, true));
    assert_eq!(calls[1].target, "/model/meta.llama3-8b-instruct-v1%3A0/invoke-with-response-stream");
    assert_eq!(calls[1].model_id.as_deref(), Some(LLAMA));
    assert!(send(&endpoint, sign(request(input(TITAN, BODY)))).status().is_success());
    assert_eq!(endpoint.log.calls()[2].stream, None);
}

#[test]
fn errors_are_returned_before_the_stream_begins() {
    let check = |request: Request<Bytes>, status, code, message: &str| {
        let endpoint = endpoint();
        check_contains(&check_error(&endpoint, request, status, code), message);
        assert_eq!(endpoint.log.calls()[0].stream, None);
    };
    let invalid = "ValidationException";
    check(streaming(TITAN, BODY), 400, invalid, "The model is unsupported for streaming.");
    check(streaming(LLAMA, "{}"), 400, invalid, "required key [prompt] not found");
    check(streaming(LLAMA, "{"), 400, invalid, "the body is not JSON");
    check(streaming("a.b", PROMPT), 400, invalid, "The provided model identifier is invalid");
    check(streaming(&"m".repeat(2_049), PROMPT), 400, invalid, "less than or equal to 2048");
    let mut unsigned = streaming(LLAMA, PROMPT);
    unsigned.headers_mut().remove("authorization");
    check(unsigned, 403, "MissingAuthenticationTokenException", "Missing Authentication Token");

    let mut input = InvokeModelWithResponseStreamInput::new(LLAMA);
    (input.body, input.accept) = (Some(PROMPT.into()), Some("text/html".to_owned()));
    let unacceptable = sign(serialized::<InvokeModelWithResponseStream>(input));
    check(unacceptable, 400, invalid, "The provided Accept Type is invalid");
}

#[test]
fn the_policy_denies_streaming_from_a_model() {
    let endpoint = builder().policy(AccessPolicy::allow_all().deny("meta.*")).build_state();
    let message = check_error(&endpoint, streaming(LLAMA, PROMPT), 403, "AccessDeniedException");
    check_contains(&message, "perform: bedrock:InvokeModelWithResponseStream on resource: arn:");
}

#[test]
fn latency_and_tier_are_returned() {
    let mut input = InvokeModelWithResponseStreamInput::new(LLAMA);
    input.body = Some(PROMPT.into());
    input.performance_config_latency = Some(PerformanceConfigLatency::OPTIMIZED);
    input.service_tier = Some(ServiceTierType::FLEX);
    let response = send(&endpoint(), sign(serialized::<InvokeModelWithResponseStream>(input)));
    let output = InvokeModelWithResponseStream::parse(&response).unwrap();
    assert_eq!(output.content_type, "application/json");
    assert_eq!(output.performance_config_latency, Some(PerformanceConfigLatency::OPTIMIZED));
    assert_eq!(output.service_tier, Some(ServiceTierType::FLEX));
}
