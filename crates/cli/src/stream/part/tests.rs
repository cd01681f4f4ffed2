//! Tests with one part of each model family.

use super::Part;

fn check(part: &str, text: &str) {
    assert_eq!(Part::parse(part.as_bytes()), Part { text: text.to_owned(), has_metrics: false }, "{part}");
}

#[test]
fn finds_the_text_of_each_family() {
    check(r#"{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"a"}}"#, "a");
    check(r#"{"contentBlockDelta":{"delta":{"text":"a"},"contentBlockIndex":0}}"#, "a");
    check(r#"{"outputText":"a","index":0,"totalOutputTextTokenCount":null}"#, "a");
    check(r#"{"generation":"a","stop_reason":null}"#, "a");
    check(r#"{"outputs":[{"text":"a","stop_reason":null}]}"#, "a");
    check(r#"{"choices":[{"index":0,"message":{"role":"assistant","content":"a"}}]}"#, "a");
    check(r#"{"choices":[{"index":0,"delta":{"content":"a"}}]}"#, "a");
    check(r#"{"is_finished":false,"event_type":"text-generation","text":"a"}"#, "a");
}

#[test]
fn finds_no_text_in_other_parts() {
    check(r#"{"type":"message_start","message":{"content":[]}}"#, "");
    check(r#"{"type":"content_block_start","content_block":{"type":"text","text":""}}"#, "");
    check(r#"{"type":"content_block_delta","delta":{"type":"thinking_delta","thinking":"hm"}}"#, "");
    check(r#"{"event_type":"stream-end","response":{"text":"all of it"}}"#, "");
    check(r#"{"generation":null}"#, "");
    check("[]", "");
    check("no JSON", "");
}

#[test]
fn finds_the_metrics_of_the_last_part() {
    assert!(Part::parse(br#"{"type":"message_stop","amazon-bedrock-invocationMetrics":{}}"#).has_metrics);
}
