//! Responses of each schema.

use invoke_model_families::{ModelResponse, Usage};
use proptest::prelude::*;
use serde_json::json;

fn parse(body: &str) -> ModelResponse {
    ModelResponse::parse(body.as_bytes()).unwrap()
}

/// Checks text, stop reason, input tokens and output tokens of a response without reasoning and cache.
fn check(body: &str, text: &str, stop_reason: &str, tokens: impl Into<Option<[u64; 2]>>) {
    let response = parse(body);
    assert_eq!(response.text(), text, "{body}");
    assert_eq!(response.reasoning(), "", "{body}");
    assert_eq!(response.stop_reason(), Some(stop_reason), "{body}");
    let mut usage = Usage::default();
    if let Some([input, output]) = tokens.into() {
        (usage.input_tokens, usage.output_tokens) = (Some(input), Some(output));
    }
    assert_eq!(response.usage().unwrap_or_default(), usage, "{body}");
    assert_eq!(response.guardrail_action(), None, "{body}");
}

#[test]
fn reads_the_response_of_each_schema() {
    check(
        r#"{"type":"message","role":"assistant","content":[{"type":"text","text":"a"}],"stop_reason":"end_turn","stop_sequence":null,"usage":{"input_tokens":1,"output_tokens":2}}"#,
        "a",
        "end_turn",
        [1, 2],
    );
    check(
        r#"{"completion":" a","stop_reason":"stop_sequence","stop":"\n\nHuman:"}"#,
        " a",
        "stop_sequence",
        None,
    );
    check(
        r#"{"output":{"message":{"content":[{"text":"a"}],"role":"assistant"}},"stopReason":"max_tokens","usage":{"inputTokens":1,"outputTokens":2,"totalTokens":3}}"#,
        "a",
        "max_tokens",
        [1, 2],
    );
    check(
        r#"{"inputTextTokenCount":1,"results":[{"tokenCount":2,"outputText":"a","completionReason":"FINISH"}]}"#,
        "a",
        "FINISH",
        [1, 2],
    );
    check(
        r#"{"generation":"a","prompt_token_count":1,"generation_token_count":2,"stop_reason":"length"}"#,
        "a",
        "length",
        [1, 2],
    );
    check(r#"{"outputs":[{"text":"a","stop_reason":"length"}]}"#, "a", "length", None);
    check(
        r#"{"choices":[{"index":0,"message":{"role":"assistant","content":"a","tool_calls":null},"stop_reason":"stop"}]}"#,
        "a",
        "stop",
        None,
    );
    // gpt-oss, Qwen, Writer, DeepSeek V3 and Jamba.
    check(
        r#"{"id":"chatcmpl-1","object":"chat.completion","choices":[{"index":0,"finish_reason":"stop","message":{"role":"assistant","content":"a","refusal":null}}],"usage":{"prompt_tokens":1,"completion_tokens":2,"total_tokens":3}}"#,
        "a",
        "stop",
        [1, 2],
    );
    check(r#"{"choices":[{"text":"a","stop_reason":"length"}]}"#, "a", "length", None);
    check(
        r#"{"generation_id":"1","text":"a","finish_reason":"COMPLETE","chat_history":[]}"#,
        "a",
        "COMPLETE",
        None,
    );
    check(
        r#"{"id":"1","generations":[{"id":"2","text":"a","finish_reason":"MAX_TOKENS"}],"prompt":"hi"}"#,
        "a",
        "MAX_TOKENS",
        None,
    );
    check(
        r#"{"id":1,"prompt":{"text":"hi","tokens":[{}]},"completions":[{"data":{"text":"a","tokens":[{},{}]},"finishReason":{"reason":"endoftext"}}]}"#,
        "a",
        "endoftext",
        [1, 2],
    );
}

#[test]
fn concatenates_blocks_of_text_and_skips_other_blocks() {
    let check = |body: &str, text: &str, reasoning: &str| {
        let response = parse(body);
        assert_eq!((&*response.text(), &*response.reasoning()), (text, reasoning), "{body}");
    };
    check(
        r#"{"content":[{"type":"thinking","thinking":"hm","signature":"x"},{"type":"redacted_thinking","data":"y"},{"type":"text","text":"a"},{"type":"tool_use","id":"1","name":"t","input":{"text":"no"}},{"type":"text","text":"b"}]}"#,
        "ab",
        "hm",
    );
    check(
        r#"{"output":{"message":{"content":[{"reasoningContent":{"reasoningText":{"text":"hm"}}},{"text":"a"},{"toolUse":{"name":"t"}},{"text":"b"}]}}}"#,
        "ab",
        "hm",
    );
    check(
        r#"{"choices":[{"message":{"content":[{"type":"text","text":"a"},{"type":"text","text":"b"}]}}]}"#,
        "ab",
        "",
    );
    check(r#"{"choices":[{"message":{"content":"a","reasoning_content":"hm"}}]}"#, "a", "hm");
    check(r#"{"choices":[{"message":{"content":null,"reasoning":"hm"}}]}"#, "", "hm");
    check(
        r#"{"object":"response","output":[{"type":"reasoning","content":[{"type":"reasoning_text","text":"hm"}]},{"type":"message","content":[{"type":"output_text","text":"a"},{"type":"output_text","text":"b"}]},{"type":"message","content":[{"type":"output_text","text":"c"}]}]}"#,
        "abc",
        "",
    );
    check(r#"{"output":[{"type":"message","content":[]}]}"#, "", "");
    check(r#"{"content":[]}"#, "", "");
}

#[test]
fn reads_token_counts_of_the_cache() {
    let check = |body: &str, read, write| {
        let usage = parse(body).usage().unwrap();
        assert_eq!((usage.cache_read_input_tokens, usage.cache_write_input_tokens), (read, write), "{body}");
    };
    check(
        r#"{"usage":{"input_tokens":4,"cache_creation_input_tokens":18131,"cache_read_input_tokens":0,"output_tokens":50}}"#,
        Some(0),
        Some(18_131),
    );
    check(
        r#"{"usage":{"inputTokens":4,"outputTokens":5,"cacheReadInputTokenCount":6,"cacheWriteInputTokenCount":7}}"#,
        Some(6),
        Some(7),
    );
    check(r#"{"usage":{"input_tokens":4,"cache_read_input_tokens":null}}"#, None, None);
}

#[test]
fn reads_a_response_that_a_guardrail_changed() {
    let response = parse(
        r#"{"inputTextTokenCount":28.0,"results":[{"tokenCount":197.0,"outputText":"a","completionReason":"FINISH"}],"amazon-bedrock-guardrailAction":"INTERVENED"}"#,
    );
    assert_eq!(response.guardrail_action(), Some("INTERVENED"));
    let usage = response.usage().unwrap();
    assert_eq!((usage.input_tokens, usage.output_tokens), (Some(28), Some(197)));
}

#[test]
fn a_response_without_text_has_no_text_and_no_stop_reason() {
    for body in [
        r#"{"embeddings":[[0.5]],"id":"1","response_type":"embeddings_floats","texts":["hi"]}"#,
        r#"{"embeddings":[{"embeddingType":"TEXT","embedding":[0.5]}]}"#,
        r#"{"images":["iVBORw0KGgo="]}"#,
        r#"{"message":"The provided model identifier is invalid."}"#,
        r#"{"content":{"text":"an object"},"usage":[],"choices":{}}"#,
        r#"{"usage":{"input_tokens":-1,"output_tokens":1.5,"inputTokens":"7"}}"#,
        "[]",
        "1",
        "null",
    ] {
        let response = parse(body);
        assert_eq!((&*response.text(), &*response.reasoning()), ("", ""), "{body}");
        assert_eq!((response.stop_reason(), response.usage()), (None, None), "{body}");
    }
    let usage = parse(r#"{"embedding":[0.5],"inputTextTokenCount":4}"#).usage().unwrap();
    assert_eq!((usage.input_tokens, usage.output_tokens), (Some(4), None));
}

#[test]
fn a_body_that_is_not_json_is_an_error() {
    for body in ["", "{", r#"{"text":"a"} b"#, "\u{feff}{}"] {
        assert!(ModelResponse::parse(body.as_bytes()).is_err(), "{body}");
    }
}

#[test]
fn converts_from_and_to_json() {
    let body = json!({"generation": "a"});
    assert_eq!(ModelResponse::from(body.clone()).as_json(), &body);
}

proptest! {
    #[test]
    fn returns_the_exact_text(text in any::<String>(), more in any::<String>()) {
        let body = json!({"content": [{"type": "text", "text": text}, {"type": "text", "text": more}]});
        let response = parse(&body.to_string());
        prop_assert_eq!(response.text(), format!("{text}{more}"));
    }
}
