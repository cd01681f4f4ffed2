//! Tests of facts about calls: model id, guardrail, limit of output tokens, metrics, and content in the schema
//! of a model.

use bytes::Bytes;
use http::HeaderValue;
use invoke_model_protocol::Operation;
use invoke_model_protocol::event_stream::EventStream;
use invoke_model_protocol::metrics::{RequestFacts, ResponseMetrics};
use invoke_model_tests::facts::*;

use super::response;

#[test]
fn constants_state_the_facts_of_an_operation() {
    fn check<O: Operation>(label: Option<&str>, has_payload: bool, uses_tokens: bool) {
        let found = (O::MODEL_ID_LABEL, O::HAS_MODEL_PAYLOAD, O::USES_TOKENS);
        assert_eq!(found, (label, has_payload, uses_tokens), "{}", O::NAME);
    }
    check::<Complete>(Some("model"), true, true);
    check::<Chat>(None, false, true);
    check::<Watch>(Some("model"), false, true);
    check::<Ping>(None, false, false);
}

#[test]
fn request_facts_of_required_and_optional_members() {
    let mut input = CompleteInput::new("m");
    assert_eq!(Complete::request_facts(&input), facts(Some("m"), None, None));
    input.guard = Some("g".to_owned());
    assert_eq!(Complete::request_facts(&input), facts(Some("m"), Some("g"), None));
    assert_eq!(
        Watch::request_facts(&WatchInput::new("m", i64::MAX)),
        facts(Some("m"), None, Some(i64::MAX as u64))
    );
    assert_eq!(Ping::request_facts(&PingInput::default()), RequestFacts::default());
}

#[test]
fn request_facts_of_nested_members() {
    let mut input = ChatInput::default();
    assert_eq!(Chat::request_facts(&input), RequestFacts::default());
    let mut options = Options::new(Guard::new("g"));
    input.options = Some(options.clone());
    assert_eq!(Chat::request_facts(&input), facts(None, Some("g"), None));
    let mut limits = Limits::default();
    for (tokens, expected) in [(None, None), (Some(7), Some(7)), (Some(0), Some(0)), (Some(-1), None)] {
        limits.tokens = tokens;
        options.limits = Some(limits.clone());
        input.options = Some(options.clone());
        assert_eq!(Chat::request_facts(&input), facts(None, Some("g"), expected), "{tokens:?}");
    }
    // The second member with the same facts does not count.
    let mut input = ChatInput::default();
    (input.model, input.fallback) = (Some("m".to_owned()), Some(options));
    assert_eq!(Chat::request_facts(&input), facts(Some("m"), None, None));
}

#[test]
fn metrics_of_headers() {
    let mut metrics = ResponseMetrics::default();
    for (name, value) in [
        ("x-input-count", "12"),
        ("x-input-count", "13"),
        ("x-output-count", "-1"),
        ("x-output-count", "many"),
        ("x-latency", "18446744073709551615"),
        ("x-other", "1"),
    ] {
        Complete::header_metric(name, &HeaderValue::from_static(value), &mut metrics);
    }
    let expected =
        ResponseMetrics { input_tokens: Some(12), latency_ms: Some(u64::MAX), ..ResponseMetrics::default() };
    assert_eq!(metrics, expected);
    // `Chat` has no metrics in headers.
    let mut metrics = ResponseMetrics::default();
    Chat::header_metric("x-input-count", &HeaderValue::from_static("12"), &mut metrics);
    assert_eq!(metrics, ResponseMetrics::default());
}

#[test]
fn metrics_of_an_output() {
    let metrics = |body| {
        let mut metrics = earlier();
        Chat::output_metrics(&Chat::parse_response(&response(200, &[], body)).unwrap(), &mut metrics);
        metrics
    };
    let everything = r#"{"usage":{"input":1,"output":2,"cache":{"read":3,"write":4}},"timing":{"latency":5},
        "stop":"new","others":[{"input":9}]}"#;
    let expected = ResponseMetrics {
        input_tokens: Some(1),
        output_tokens: Some(2),
        cache_read_input_tokens: Some(3),
        cache_write_input_tokens: Some(4),
        latency_ms: Some(5),
        stop_reason: Some("new".into()),
    };
    assert_eq!(metrics(everything), expected);
    // Unset members and negative numbers keep the earlier metrics.
    assert_eq!(metrics(r#"{"usage":{"input":1}}"#), ResponseMetrics { input_tokens: Some(1), ..earlier() });
    let negative =
        r#"{"usage":{"input":-1,"output":-2,"cache":{"read":-3,"write":-4}},"timing":{"latency":-5}}"#;
    assert_eq!(metrics(negative), earlier());
}

#[test]
fn metrics_and_parts_of_events() {
    let check = |event: Parts, expected: ResponseMetrics, part: Option<&[u8]>| {
        let mut metrics = earlier();
        event.metrics(&mut metrics);
        assert_eq!((metrics, event.model_part().map(|part| &part[..])), (expected, part), "{event:?}");
    };
    let mut part = Part::default();
    check(Parts::Part(part.clone()), earlier(), None);
    part.bytes = Some(Bytes::from_static(b"{}"));
    check(Parts::Part(part.clone()), earlier(), Some(b"{}"));
    check(Parts::Nested(Nested::new(part)), earlier(), Some(b"{}"));
    check(Parts::Nested(Nested::new(Part::default())), earlier(), None);
    let stopped = ResponseMetrics { stop_reason: Some("end".into()), ..earlier() };
    check(Parts::End(End::new("end")), stopped, None);
    check(Parts::Pause(Pause::default()), earlier(), None);
    let mut total = Total::default();
    check(Parts::Total(total.clone()), earlier(), None);
    total.usage = Some(Usage::new(1));
    total.timing = Some(Timing::new(-5));
    check(Parts::Total(total), ResponseMetrics { input_tokens: Some(1), ..earlier() }, None);
}

/// Returns metrics of a response before its body is read.
fn earlier() -> ResponseMetrics {
    ResponseMetrics {
        input_tokens: Some(101),
        output_tokens: Some(102),
        cache_read_input_tokens: Some(103),
        cache_write_input_tokens: Some(104),
        latency_ms: Some(105),
        stop_reason: Some("earlier".into()),
    }
}

fn facts<'a>(
    model_id: Option<&'a str>,
    guardrail_id: Option<&'a str>,
    max_output_tokens: Option<u64>,
) -> RequestFacts<'a> {
    RequestFacts { model_id, guardrail_id, max_output_tokens }
}
