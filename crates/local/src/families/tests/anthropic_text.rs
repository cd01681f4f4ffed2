//! Tests of the text completions of Claude 2 and Claude Instant.

use super::*;

const MODEL: &str = "anthropic.claude-v2:1";

fn body() -> Value {
    minimal(Family::AnthropicText)
}

#[test]
fn responds_to_a_minimal_request() {
    let expected = json!({
        "type": "completion",
        "completion": "You said: hello",
        "stop_reason": "stop_sequence",
        "stop": "\n\nHuman:",
    });
    for model in ["anthropic.claude-instant-v1", "anthropic.claude-v2", MODEL] {
        assert_eq!(response_body(model, body()), expected);
    }
}

#[test]
fn responds_to_a_full_request() {
    let body = json!({
        "anthropic_version": "bedrock-2023-05-31",
        "prompt": "\n\nHuman: one\n\nAssistant: two\n\nHuman: three, four\n\nAssistant:",
        "max_tokens_to_sample": 4,
        "stop_sequences": ["\n\nHuman:", ","],
        "temperature": 0.5,
        "top_p": 1,
        "top_k": 250,
    });
    let (response, text) = invoke(MODEL, &body);
    assert_eq!(
        (&text["completion"], &text["stop_reason"]),
        (&json!("You said: three"), &json!("max_tokens"))
    );
    assert_eq!((&text["stop"], response.output_tokens, response.max_tokens), (&Value::Null, 4, 4));
    let text = response_body(MODEL, with(body, "/max_tokens_to_sample", json!(9)));
    assert_eq!((&text["stop_reason"], &text["stop"]), (&json!("stop_sequence"), &json!(",")));
}

#[test]
fn supports_the_messages_api() {
    let message = response_body("anthropic.claude-v2", minimal(Family::Anthropic));
    assert_eq!(message["content"][0]["text"], "You said: hello");
    assert_eq!(message["model"], "claude-2.0");
}

#[test]
fn later_models_do_not_support_text_completions() {
    check_rejected(
        "anthropic.claude-3-haiku-20240307-v1:0",
        body(),
        "\"claude-3-haiku-20240307\" is not supported on this API. Please use the Messages API instead.",
    );
}

#[test]
fn rejects_invalid_requests() {
    let check =
        |at: &str, value: Value, problem: &str| check_rejected(MODEL, with(body(), at, value), problem);
    check("/prompt", Value::Null, "prompt: Field required");
    check("/max_tokens_to_sample", Value::Null, "max_tokens_to_sample: Field required");
    check("/max_tokens_to_sample", json!("a"), "max_tokens_to_sample: Input should be a valid integer");
    check("/max_tokens", json!(1), "max_tokens: Extra inputs are not permitted");
    let start = "prompt must start with \"\n\nHuman:\" turn after an optional system prompt";
    let end = "prompt must end with \"\n\nAssistant:\" turn";
    check("/prompt", json!("hello"), start);
    check("/prompt", json!("hello\n\nAssistant:"), start);
    check("/prompt", json!("\n\nAssistant: a\n\nHuman: hello\n\nAssistant:"), start);
    check("/prompt", json!("\n\nHuman: hello"), end);
    let two_turns = "\n\nHuman: a\n\nAssistant: b\n\nHuman: c";
    check("/prompt", json!(two_turns), end);
}

#[test]
fn streams_the_response() {
    let chunk = |text: &str, reason: Value, stop: Value| json!({"type": "completion", "completion": text, "stop_reason": reason, "stop": stop});
    let body = with(body(), "/max_tokens_to_sample", json!(2));
    let expected = [chunk("You", Value::Null, Value::Null), chunk(" said", json!("max_tokens"), Value::Null)];
    assert_eq!(streamed(MODEL, body), expected);
}

#[test]
fn a_system_prompt_may_precede_the_first_turn() {
    let prompt = "Be brief.\n\nHuman: hello\n\nAssistant:";
    let response = response_body("anthropic.claude-v2:1", with(body(), "/prompt", json!(prompt)));
    assert_eq!(response["completion"], "You said: hello");
}
