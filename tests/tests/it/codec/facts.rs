//! Tests of facts about calls: model id, guardrail, limit of output tokens, metrics, and content in the schema
//! of a model.

use bytes::Bytes;
use http::HeaderValue;
use invoke_model_protocol::Operation;
use invoke_model_protocol::event_stream::EventStream;
use invoke_model_protocol::metrics::{RequestFacts, ResponseMetrics};
use invoke_model_tests::json::{
    PutCollections, PutCollectionsInput, PutRequired, PutRequiredInput, PutValues, PutValuesInput, Tree,
};
use invoke_model_tests::requests::{Hashed, HashedInput, Upload, UploadOutput};
use invoke_model_tests::streams::{
    Figure, Kind, Lines, Listen, Ping, Point, Said, Sound, Talk, TalkInput, Text, Usage,
};
use serde_json::{Value, json};

use super::response;

#[test]
fn constants_state_the_facts_of_an_operation() {
    fn check<O: Operation>(label: Option<&str>, has_payload: bool, uses_tokens: bool) {
        let found = (O::MODEL_ID_LABEL, O::HAS_MODEL_PAYLOAD, O::USES_TOKENS);
        assert_eq!(found, (label, has_payload, uses_tokens), "{}", O::NAME);
    }
    check::<Hashed>(Some("owner"), true, false);
    // These operations report token counts in headers, in the body, and in events.
    check::<Upload>(None, false, true);
    check::<PutValues>(None, false, true);
    check::<Talk>(Some("room"), false, true);
    check::<PutRequired>(None, false, false);
    check::<Listen>(None, false, false);
}

#[test]
fn request_facts_of_required_and_optional_members() {
    let mut input = HashedInput::new("m");
    assert_eq!(Hashed::request_facts(&input), facts(Some("m"), None, None));
    input.hash = Some("g".to_owned());
    assert_eq!(Hashed::request_facts(&input), facts(Some("m"), Some("g"), None));
    assert_eq!(Talk::request_facts(&TalkInput::new("r")), facts(Some("r"), None, None));
    let mut input = PutRequiredInput::default();
    (input.tree.name, input.integer) = ("g".to_owned(), i32::MAX);
    assert_eq!(PutRequired::request_facts(&input), facts(None, Some("g"), Some(i32::MAX as u64)));
}

#[test]
fn request_facts_of_nested_members() {
    let mut input = PutValuesInput::default();
    assert_eq!(PutValues::request_facts(&input), RequestFacts::default());
    (input.text, input.tree) = (Some("m".to_owned()), Some(Tree::new("g")));
    for (tokens, expected) in [(None, None), (Some(7), Some(7)), (Some(0), Some(0)), (Some(-1), None)] {
        input.integer = tokens;
        assert_eq!(PutValues::request_facts(&input), facts(Some("m"), Some("g"), expected), "{tokens:?}");
    }
    // If two members have the same fact, only the first member counts, even if it is unset.
    (input.integer, input.long) = (None, Some(7));
    assert_eq!(PutValues::request_facts(&input), facts(Some("m"), Some("g"), None));
    // Members of list elements do not count.
    let mut input = PutCollectionsInput::default();
    input.trees = Some(vec![Tree::new("g")]);
    assert_eq!(PutCollections::request_facts(&input), RequestFacts::default());
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
        Upload::header_metric(name, &HeaderValue::from_static(value), &mut metrics);
    }
    let expected =
        ResponseMetrics { input_tokens: Some(12), latency_ms: Some(u64::MAX), ..ResponseMetrics::default() };
    assert_eq!(metrics, expected);
    // `Talk` has no metrics in headers.
    let mut metrics = ResponseMetrics::default();
    Talk::header_metric("x-input-count", &HeaderValue::from_static("12"), &mut metrics);
    assert_eq!(metrics, ResponseMetrics::default());
}

#[test]
fn metrics_of_an_output() {
    let metrics = |body| {
        let mut metrics = earlier();
        PutValues::output_metrics(
            &PutValues::parse_response(&response(200, &[], body)).unwrap(),
            &mut metrics,
        );
        metrics
    };
    let expected = ResponseMetrics {
        input_tokens: Some(1),
        latency_ms: Some(5),
        stop_reason: Some("new".into()),
        ..earlier()
    };
    assert_eq!(metrics(r#"{"short":1,"byte":5,"kind":"new"}"#), expected);
    // Unset members and negative numbers keep the earlier metrics.
    assert_eq!(metrics("{}"), earlier());
    assert_eq!(metrics(r#"{"short":-1,"byte":-5}"#), earlier());

    let mut metrics = earlier();
    let required = PutRequired::parse(&response(200, &[], r#"{"text":"end"}"#)).unwrap();
    PutRequired::output_metrics(&required, &mut metrics);
    assert_eq!(metrics, ResponseMetrics { stop_reason: Some("end".into()), ..earlier() });
}

#[test]
fn metrics_of_events() {
    let check = |event: Lines, expected: ResponseMetrics| {
        let mut metrics = earlier();
        event.metrics(&mut metrics);
        assert_eq!(metrics, expected, "{event:?}");
    };
    let point = |x| {
        let mut point = Point::default();
        point.x = Some(x);
        point
    };
    let mut said = Said::new(0);
    check(Lines::Said(said.clone()), earlier());
    said.usage = Some(Usage::new(1, point(-3)));
    check(Lines::Said(said.clone()), ResponseMetrics { input_tokens: Some(1), ..earlier() });
    let mut usage = Usage::new(1, point(3));
    (usage.output, usage.cache_write) = (Some(2), Some(4));
    (said.usage, said.kind) = (Some(usage), Some(Kind::SOFT));
    let expected = ResponseMetrics {
        input_tokens: Some(1),
        output_tokens: Some(2),
        cache_read_input_tokens: Some(3),
        cache_write_input_tokens: Some(4),
        stop_reason: Some("soft".into()),
        ..earlier()
    };
    check(Lines::Said(said), expected);
    let mut words = Text::default();
    check(Lines::Text(words.clone()), earlier());
    words.tone = Some("low".to_owned());
    check(Lines::Text(words), ResponseMetrics { stop_reason: Some("low".into()), ..earlier() });
    let mut figure = Figure::default();
    figure.figure = Some(point(9));
    check(Lines::Shape(figure), ResponseMetrics { cache_read_input_tokens: Some(9), ..earlier() });
    check(Lines::Ping(Ping::default()), earlier());
}

#[test]
fn model_content_of_events_and_payloads() {
    let (text, expected) = (Bytes::from_static(b"{\"a\":1}"), json!({"a": 1}));
    let mut said = Said::new(0);
    assert!(said.json::<Value>().is_err());
    assert_eq!(Lines::Said(said.clone()).model_part(), None);
    said.mark = Some(text.clone());
    assert_eq!(said.json::<Value>().unwrap(), expected);
    assert_eq!(Lines::Said(said).model_part(), Some(&text));
    let sound = Sound::new(text.clone());
    assert_eq!(sound.json::<Value>().unwrap(), expected);
    assert_eq!(Lines::Sound(sound).model_part(), Some(&text));
    assert_eq!(Lines::Ping(Ping::default()).model_part(), None);

    let mut input = HashedInput::new("m");
    assert!(input.json::<Value>().is_err());
    input.body = Some(text.clone());
    assert_eq!(input.json::<Value>().unwrap(), expected);
    let mut output = UploadOutput::default();
    output.body = text;
    assert_eq!(output.json::<Value>().unwrap(), expected);
    let error = output.json::<Vec<u8>>().unwrap_err().to_string();
    assert!(error.starts_with("invalid type: map, expected a sequence"), "{error}");
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
    RequestFacts { model_id, guardrail_id, max_output_tokens, ..RequestFacts::default() }
}
