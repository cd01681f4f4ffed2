//! Stream parts of each schema.

use invoke_model_families::{StreamPart, Usage};
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
