//! Tests of Nova understanding models.

use super::*;

const MODEL: &str = "amazon.nova-lite-v1:0";

fn body() -> Value {
    minimal(Family::Nova)
}

#[test]
fn responds_to_a_minimal_request() {
    let expected = json!({
        "output": {"message": {"role": "assistant", "content": [{"text": "You said: hello"}]}},
        "stopReason": "end_turn",
        "usage": {
            "inputTokens": 1,
            "outputTokens": 4,
            "totalTokens": 5,
            "cacheReadInputTokenCount": 0,
            "cacheWriteInputTokenCount": 0,
        },
    });
    assert_eq!(response_body(MODEL, body()), expected);
}

#[test]
fn responds_to_a_full_request() {
    let body = json!({
        "schemaVersion": "messages-v1",
        "system": [{"text": "Be brief."}, {"cachePoint": {"type": "default"}}],
        "messages": [
            {"role": "user", "content": [
                {"image": {"format": "png", "source": {"bytes": "AAAA"}}},
                {"text": "what"},
                {"text": "is it?"},
            ]},
            {"role": "assistant", "content": [{"toolUse": {"toolUseId": "t", "name": "n", "input": {}}}]},
            {"role": "user", "content": [{"toolResult": {"toolUseId": "t", "content": []}}, {"text": "go on"}]},
            {"role": "assistant", "content": [{"text": "It"}]},
        ],
        "inferenceConfig": {
            "maxTokens": 10,
            "temperature": 0.7,
            "topP": 0.9,
            "topK": 50,
            "stopSequences": [" on"],
        },
        "toolConfig": {"tools": []},
    });
    let (response, message) = invoke(MODEL, &body);
    assert_eq!(message["output"]["message"]["content"][0]["text"], "You said: go");
    assert_eq!(message["stopReason"], "stop_sequence");
    assert_eq!(message["usage"]["inputTokens"], 3 + 4 + 2 + 1);
    assert_eq!((response.input_tokens, response.output_tokens), (10, 4));
}

#[test]
fn replies_are_truncated_at_max_tokens() {
    for key in ["maxTokens", "max_new_tokens"] {
        let message = response_body(MODEL, with(body(), "/inferenceConfig", json!({key: 1})));
        assert_eq!(message["output"]["message"]["content"][0]["text"], "You");
        assert_eq!(message["stopReason"], "max_tokens");
    }
}

#[test]
fn rejects_invalid_requests() {
    let check =
        |at: &str, value: Value, problem: &str| check_malformed(MODEL, with(body(), at, value), problem);
    check("/messages", Value::Null, "#: required key [messages] not found");
    check("/messages", json!([]), "#/messages: expected minimum item count: 1, found: 0");
    check(
        "/messages",
        json!([{"content": []}]),
        "#/messages/0/content: expected minimum item count: 1, found: 0",
    );
    check("/messages", json!([{"content": [{"text": "a"}]}]), "#/messages/0: required key [role] not found");
    check(
        "/messages",
        json!([{"role": "user", "content": [{"type": "text", "text": "a"}]}]),
        "#/messages/0/content/0: extraneous key [type] is not permitted",
    );
    check(
        "/messages",
        json!([{"role": "user", "content": "a"}]),
        "#/messages/0/content: expected type: JSONArray, found: String",
    );
    check(
        "/messages",
        json!([{"role": "system", "content": [{"text": "a"}]}]),
        "#/messages/0/role: system is not a valid enum value",
    );
    check("/max_tokens", json!(1), "#: extraneous key [max_tokens] is not permitted");
    check("/schemaVersion", json!("messages-v2"), "#/schemaVersion: messages-v2 is not a valid enum value");
    check("/system", json!("a"), "#/system: expected type: JSONArray, found: String");
    let config = |key: &str, value: Value| with(body(), "/inferenceConfig", json!({key: value}));
    let at = |key: &str, value: Value, problem: &str| {
        check_malformed(MODEL, config(key, value), &format!("#/inferenceConfig/{key}: {problem}"));
    };
    at("maxTokens", json!(0), "0 is not greater or equal to 1");
    at("maxTokens", json!(1.5), "expected type: Integer, found: Double");
    at("temperature", json!(-0.1), "-0.1 is not greater or equal to 0");
    at("topP", json!(1.1), "1.1 is not less or equal to 1");
    at("topK", json!(null), "expected type: Integer, found: Null");
}

#[test]
fn conversations_must_start_with_the_user() {
    check_rejected(
        MODEL,
        json!({"messages": [{"role": "assistant", "content": [{"text": "a"}]}]}),
        "A conversation must start with a user message. Try again with a conversation that starts with a user message.",
    );
}

#[test]
fn streams_the_response() {
    let block = |index: u64, text: &str| {
        [
            json!({"contentBlockDelta": {"delta": {"text": text}, "contentBlockIndex": index}}),
            json!({"contentBlockStop": {"contentBlockIndex": index}}),
        ]
    };
    let blocks = [block(0, "You"), block(1, " said"), block(2, ":")].concat();
    let usage = json!({
        "inputTokens": 1,
        "outputTokens": 3,
        "cacheReadInputTokenCount": 0,
        "cacheWriteInputTokenCount": 0,
    });
    let ends = [
        json!({"messageStop": {"stopReason": "max_tokens"}}),
        json!({"metadata": {"usage": usage, "metrics": {}, "trace": {}}}),
    ];
    let expected = [vec![json!({"messageStart": {"role": "assistant"}})], blocks, ends.to_vec()].concat();
    assert_eq!(streamed(MODEL, with(body(), "/inferenceConfig", json!({"maxTokens": 3}))), expected);
}
