//! Stream parts of each schema.

use invoke_model_families::{StreamPart, Usage};
use proptest::prelude::*;
use serde_json::json;

fn parse(part: &str) -> StreamPart {
    StreamPart::parse(part.as_bytes()).unwrap()
}

fn check_text(part: &str, text: &str) {
    let parsed = parse(part);
    assert_eq!((parsed.text(), parsed.reasoning(), parsed.stop_reason()), (text, "", None), "{part}");
    assert!(!parsed.has_invocation_metrics(), "{part}");
}

#[test]
fn finds_the_text_of_each_schema() {
    check_text(r#"{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"a"}}"#, "a");
    check_text(r#"{"completion":"a","stop_reason":null,"stop":null}"#, "a");
    check_text(r#"{"contentBlockDelta":{"delta":{"text":"a"},"contentBlockIndex":0}}"#, "a");
    check_text(r#"{"outputText":"a","index":0,"totalOutputTextTokenCount":null}"#, "a");
    check_text(r#"{"generation":"a","stop_reason":null}"#, "a");
    check_text(r#"{"outputs":[{"text":"a","stop_reason":null}]}"#, "a");
    check_text(r#"{"choices":[{"index":0,"message":{"role":"assistant","content":"a"}}]}"#, "a");
    check_text(r#"{"choices":[{"index":0,"delta":{"content":"a"},"finish_reason":null}]}"#, "a");
    check_text(r#"{"choices":[{"text":"a","stop_reason":null}]}"#, "a");
    check_text(r#"{"is_finished":false,"event_type":"text-generation","text":"a"}"#, "a");
    check_text(r#"{"index":0,"is_finished":false,"text":"a"}"#, "a");
    check_text(r#"{"type":"response.output_text.delta","item_id":"1","delta":"a"}"#, "a");
}

#[test]
fn finds_no_text_in_other_parts() {
    check_text(r#"{"type":"message_start","message":{"content":[],"stop_reason":null}}"#, "");
    check_text(r#"{"type":"content_block_start","content_block":{"type":"text","text":""}}"#, "");
    check_text(
        r#"{"type":"content_block_delta","delta":{"type":"input_json_delta","partial_json":"a"}}"#,
        "",
    );
    check_text(r#"{"contentBlockDelta":{"delta":{"toolUse":{"input":"{}"}},"contentBlockIndex":1}}"#, "");
    check_text(r#"{"event_type":"stream-end","response":{"text":"all of it"}}"#, "");
    check_text(r#"{"generation":null}"#, "");
    check_text(r#"{"choices":[]}"#, "");
    check_text(r#"{"type":"response.function_call_arguments.delta","delta":"{}"}"#, "");
    check_text(r#"{"type":"response.output_text.done","text":"all of it"}"#, "");
    check_text("[]", "");
    assert_eq!(StreamPart::default().text(), "");
    assert!(StreamPart::parse(b"no JSON").is_err());
}

#[test]
fn finds_the_reasoning_of_each_schema() {
    for part in [
        r#"{"type":"content_block_delta","delta":{"type":"thinking_delta","thinking":"hm"}}"#,
        r#"{"contentBlockDelta":{"delta":{"reasoningContent":{"reasoningText":{"text":"hm"}}}}}"#,
        r#"{"contentBlockDelta":{"delta":{"reasoningContent":{"text":"hm"}}}}"#,
        r#"{"choices":[{"delta":{"content":null,"reasoning_content":"hm"}}]}"#,
        r#"{"choices":[{"delta":{"reasoning":"hm"}}]}"#,
    ] {
        assert_eq!((parse(part).reasoning(), parse(part).text()), ("hm", ""), "{part}");
    }
}

#[test]
fn finds_the_stop_reason_of_each_schema() {
    let check = |part: &str, reason| assert_eq!(parse(part).stop_reason(), Some(reason), "{part}");
    check(r#"{"type":"message_delta","delta":{"stop_reason":"end_turn","stop_sequence":null}}"#, "end_turn");
    check(r#"{"completion":"","stop_reason":"max_tokens"}"#, "max_tokens");
    check(r#"{"messageStop":{"stopReason":"tool_use"}}"#, "tool_use");
    check(r#"{"outputText":"a","completionReason":"LENGTH"}"#, "LENGTH");
    check(r#"{"generation":"","stop_reason":"stop"}"#, "stop");
    check(r#"{"outputs":[{"text":"","stop_reason":"length"}]}"#, "length");
    check(r#"{"choices":[{"message":{"content":""},"stop_reason":"stop"}]}"#, "stop");
    check(r#"{"choices":[{"delta":{},"finish_reason":"stop","stop_reason":null}]}"#, "stop");
    check(r#"{"event_type":"stream-end","is_finished":true,"finish_reason":"COMPLETE"}"#, "COMPLETE");
}

fn check_usage(part: &str, input: Option<u64>, output: Option<u64>) {
    let usage = parse(part).usage().unwrap();
    assert_eq!((usage.input_tokens, usage.output_tokens), (input, output), "{part}");
}

#[test]
fn finds_the_token_counts_of_each_schema() {
    check_usage(
        r#"{"type":"message_start","message":{"usage":{"input_tokens":37,"output_tokens":1}}}"#,
        Some(37),
        Some(1),
    );
    check_usage(r#"{"type":"message_delta","delta":{},"usage":{"output_tokens":8}}"#, None, Some(8));
    check_usage(r#"{"metadata":{"usage":{"inputTokens":5,"outputTokens":10}}}"#, Some(5), Some(10));
    check_usage(
        r#"{"outputText":"a","inputTextTokenCount":28.0,"totalOutputTextTokenCount":null}"#,
        Some(28),
        None,
    );
    check_usage(r#"{"generation":"a","prompt_token_count":3,"generation_token_count":1}"#, Some(3), Some(1));
    check_usage(r#"{"choices":[],"usage":{"prompt_tokens":3,"completion_tokens":4}}"#, Some(3), Some(4));
    for part in [r#"{"choices":[],"usage":null}"#, r#"{"generation":"a"}"#, r#"{"usage":{"totalTokens":3}}"#]
    {
        assert_eq!(parse(part).usage(), None, "{part}");
    }
}

#[test]
fn counts_of_the_service_take_precedence() {
    let part = parse(
        r#"{"generation":"","prompt_token_count":3,"generation_token_count":4,"amazon-bedrock-invocationMetrics":{"inputTokenCount":5,"outputTokenCount":6,"cacheReadInputTokenCount":7,"cacheWriteInputTokenCount":8}}"#,
    );
    assert!(part.has_invocation_metrics());
    let mut expected = Usage::default();
    expected.input_tokens = Some(5);
    expected.output_tokens = Some(6);
    expected.cache_read_input_tokens = Some(7);
    expected.cache_write_input_tokens = Some(8);
    assert_eq!(part.usage(), Some(expected));
    assert!(
        parse(r#"{"type":"message_stop","amazon-bedrock-invocationMetrics":{}}"#).has_invocation_metrics()
    );
}

#[test]
fn finds_the_action_of_a_guardrail() {
    let part = parse(r#"{"outputText":"Input blocked","amazon-bedrock-guardrailAction":"INTERVENED"}"#);
    assert_eq!(part.guardrail_action(), Some("INTERVENED"));
    assert_eq!(parse(r#"{"outputText":"a"}"#).guardrail_action(), None);
}

#[test]
fn converts_from_and_to_json() {
    let part = json!({"generation": "a"});
    assert_eq!(StreamPart::from(part.clone()).as_json(), &part);
}

#[test]
fn lossy_parser_replaces_what_a_strict_parser_rejects() {
    let check = |part: &[u8], text: &str| {
        assert!(StreamPart::parse(part).is_err(), "{}", part.escape_ascii());
        let parsed = StreamPart::parse_lossy(part).unwrap_or_else(|error| panic!("{error}: {part:?}"));
        assert_eq!(parsed.text(), text, "{}", part.escape_ascii());
    };
    check(br#"{"generation":"a\ud83d"}"#, "a\u{fffd}");
    check(br#"{"generation":"\ude00\ud83d\ude00\ud83d"}"#, "\u{fffd}\u{1f600}\u{fffd}");
    check(br#"{"generation":"\ud83d\u0041\u12g4\u+123"}"#, "\u{fffd}A\u{fffd}12g4\u{fffd}+123");
    check(br#"{"generation":"a\x","b":"\\"}"#, "ax");
    check(b"{\"generation\":\"caf\xe9\"}", "caf\u{fffd}");
    check(b"\xef\xbb\xbf{\"generation\":\"a\"}", "a");
    check(b"{\"generation\":\"a\x01\tb\nc\"}", "a\u{1}\tb\nc");
    for number in ["NaN", "Infinity", "-Infinity", "1e999", "-1e999", "01", "+1", ".5", "undefined"] {
        check(format!(r#"{{"score":[{number}, 1],"generation":"a"}}"#).as_bytes(), "a");
    }
    for depth in [128, 200, 100_000] {
        let (open, close) = ("[{\"a\":".repeat(depth), "}]".repeat(depth));
        check(format!(r#"{{"logprobs":{open}"x"{close},"generation":"a"}}"#).as_bytes(), "a");
    }
}

#[test]
fn lossy_parser_does_not_accept_other_mistakes() {
    for part in [
        "",
        "{",
        "no JSON",
        "word",
        "NaN",
        "\u{feff}word",
        r#"{"generation":"a"#,
        r#"{"generation":"a\"#,
        r#"{generation:"a"}"#,
        "{}{}",
        "]",
    ] {
        assert!(StreamPart::parse_lossy(part.as_bytes()).is_err(), "{part}");
    }
}

/// Returns any JSON that is not nested too deep.
fn json_value() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(json!(null)),
        any::<bool>().prop_map(|value| json!(value)),
        any::<f64>().prop_map(|value| json!(value)),
        any::<String>().prop_map(|value| json!(value)),
    ];
    leaf.prop_recursive(4, 32, 4, |value| {
        prop_oneof![
            prop::collection::vec(value.clone(), 0..4).prop_map(|values| json!(values)),
            prop::collection::btree_map(any::<String>(), value, 0..4).prop_map(|values| json!(values)),
        ]
    })
}

proptest! {
    #[test]
    fn lossy_parser_does_not_change_json(value in json_value()) {
        for text in [value.to_string(), format!("{value:#}")] {
            let strict = StreamPart::parse(text.as_bytes()).unwrap();
            prop_assert_eq!(StreamPart::parse_lossy(text.as_bytes()).unwrap(), strict);
        }
    }

    #[test]
    fn lossy_parser_never_panics(part in any::<Vec<u8>>(), text in r#"[\[\]{}:,"\\udD8e0-9N. \n\x01é]{0,40}"#) {
        let _ = StreamPart::parse_lossy(&part);
        let _ = StreamPart::parse_lossy(text.as_bytes());
    }
}
