//! Tests of DeepSeek-R1.

use super::*;

const MODEL: &str = "deepseek.r1-v1:0";

#[test]
fn responds_to_a_minimal_request() {
    let expected = json!({"choices": [{"index": 0, "text": "You said: hello", "stop_reason": "stop"}]});
    assert_eq!(response_body(MODEL, minimal(Family::DeepSeek)), expected);
}

#[test]
fn responds_to_a_full_request() {
    let body = json!({
        "prompt": "<｜begin▁of▁sentence｜><｜User｜>one<｜Assistant｜>two<｜User｜>three, four<｜Assistant｜><think>\n",
        "max_tokens": 4,
        "stop": ["|"],
        "temperature": 0.5,
        "top_p": 0.9,
    });
    let (response, text) = invoke(MODEL, &body);
    let expected = json!({"index": 0, "text": "You said: three", "stop_reason": "length"});
    assert_eq!(text["choices"][0], expected);
    assert_eq!(response.output_tokens, 4);
    let text = response_body(MODEL, with(body, "/stop", json!([" three"])));
    assert_eq!(text["choices"][0]["stop_reason"], "stop");
}

#[test]
fn rejects_invalid_requests() {
    let check = |at: &str, value: Value, problem: &str| {
        check_malformed(MODEL, with(minimal(Family::DeepSeek), at, value), problem);
    };
    check("/prompt", Value::Null, "#: required key [prompt] not found");
    check("/messages", json!([]), "#: extraneous key [messages] is not permitted");
    check("/max_tokens", json!(32_769), "#/max_tokens: 32769 is not less or equal to 32768");
    check("/stop", json!(vec!["a"; 11]), "#/stop: expected maximum item count: 10, found: 11");
    check("/temperature", json!(1.5), "#/temperature: 1.5 is not less or equal to 1");
    check("/top_p", json!("a"), "#/top_p: expected type: Number, found: String");
}

#[test]
fn streams_the_response() {
    let choice =
        |text: &str, reason: Value| json!({"choices": [{"index": 0, "text": text, "stop_reason": reason}]});
    let body = with(minimal(Family::DeepSeek), "/max_tokens", json!(2));
    assert_eq!(streamed(MODEL, body), [choice("You", Value::Null), choice(" said", json!("length"))]);
}
