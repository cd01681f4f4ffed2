//! Tests of Mistral text completion and chat completion.

use super::*;

const MODEL: &str = "mistral.mistral-7b-instruct-v0:2";
const BOTH: &str = "mistral.mistral-large-2402-v1:0";
const CHAT: &str = "mistral.mistral-large-2407-v1:0";

#[test]
fn responds_to_a_minimal_completion() {
    let expected = json!({"outputs": [{"text": "You said: hello", "stop_reason": "stop"}]});
    assert_eq!(response_body(MODEL, minimal(Family::Mistral)), expected);
}

#[test]
fn responds_to_a_full_completion() {
    let body = json!({
        "prompt": "<s>[INST] one [/INST] well</s> [INST] two, three [/INST]",
        "max_tokens": 5,
        "stop": ["END"],
        "temperature": 0.5,
        "top_p": 0.9,
        "top_k": 50,
    });
    let (response, text) = invoke(MODEL, &body);
    assert_eq!(text, json!({"outputs": [{"text": "You said: two,", "stop_reason": "length"}]}));
    assert_eq!(response.output_tokens, 5);
    let text = response_body(MODEL, with(body, "/stop", json!([","])));
    assert_eq!(text, json!({"outputs": [{"text": "You said: two", "stop_reason": "stop"}]}));
}

#[test]
fn responds_to_a_minimal_chat() {
    let expected = json!({"choices": [{
        "index": 0,
        "message": {"role": "assistant", "content": "You said: hello"},
        "stop_reason": "stop",
    }]});
    for model in [BOTH, CHAT, "mistral.pixtral-large-2502-v1:0"] {
        assert_eq!(response_body(model, minimal(Family::MistralChat)), expected);
    }
    assert_eq!(response_body(BOTH, minimal(Family::Mistral))["outputs"][0]["stop_reason"], "stop");
}

#[test]
fn responds_to_a_full_chat() {
    let body = json!({
        "messages": [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": [
                {"type": "text", "text": "look up"},
                {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}},
            ]},
            {"role": "assistant", "content": "", "tool_calls": [{"id": "a", "function": {"name": "f"}}]},
            {"role": "tool", "tool_call_id": "a", "content": "42"},
        ],
        "tools": [{"type": "function", "function": {"name": "f"}}],
        "tool_choice": "auto",
        "max_tokens": 4,
        "top_p": 1,
        "temperature": 0,
    });
    let (response, text) = invoke(CHAT, &body);
    assert_eq!(text["choices"][0]["message"]["content"], "You said: 42");
    assert_eq!(text["choices"][0]["stop_reason"], "stop");
    assert_eq!((response.input_tokens, response.output_tokens), (3 + 2 + 1, 4));
}

#[test]
fn rejects_invalid_completions() {
    let check = |at: &str, value: Value, problem: &str| {
        check_malformed(MODEL, with(minimal(Family::Mistral), at, value), problem);
    };
    check("/prompt", Value::Null, "#: required key [prompt] not found");
    check("/messages", json!([]), "#: extraneous key [messages] is not permitted");
    check("/max_tokens", json!(0), "#/max_tokens: 0 is not greater or equal to 1");
    check("/stop", json!(vec!["a"; 11]), "#/stop: expected maximum item count: 10, found: 11");
    check("/stop", json!([1]), "#/stop/0: expected type: String, found: Integer");
    check("/top_k", json!(0), "#/top_k: 0 is not greater or equal to 1");
    check("/temperature", json!(1.2), "#/temperature: 1.2 is not less or equal to 1");
    check("/top_p", json!({}), "#/top_p: expected type: Number, found: JSONObject");
}

#[test]
fn rejects_invalid_chats() {
    let check = |at: &str, value: Value, problem: &str| {
        check_malformed(CHAT, with(minimal(Family::MistralChat), at, value), problem);
    };
    check("/messages", Value::Null, "#: required key [messages] not found");
    check("/prompt", json!("a"), "#: extraneous key [prompt] is not permitted");
    check(
        "/messages",
        json!([{"role": "bot", "content": "a"}]),
        "#/messages/0/role: bot is not a valid enum value",
    );
    check(
        "/messages",
        json!([{"role": "user", "content": 5}]),
        "#/messages/0/content: expected type: String or JSONArray, found: Integer",
    );
    check("/tool_choice", json!("some"), "#/tool_choice: some is not a valid enum value");
}

#[test]
fn streams_both_schemas() {
    let text = |text: &str, reason: Value| json!({"outputs": [{"text": text, "stop_reason": reason}]});
    let body = with(minimal(Family::Mistral), "/max_tokens", json!(2));
    let model = "mistral.mistral-7b-instruct-v0:2";
    assert_eq!(streamed(model, body), [text("You", Value::Null), text(" said", json!("length"))]);

    let choice = |text: &str, reason: Value| {
        let message = json!({"role": "assistant", "content": text});
        json!({"choices": [{"index": 0, "message": message, "stop_reason": reason}]})
    };
    let expected = [
        choice("You", Value::Null),
        choice(" said", Value::Null),
        choice(":", Value::Null),
        choice(" hello", Value::Null),
        choice("", json!("stop")),
    ];
    for model in ["mistral.mistral-large-2407-v1:0", "mistral.mistral-large-2402-v1:0"] {
        assert_eq!(streamed(model, minimal(Family::MistralChat)), expected);
    }
}
