//! Tests of forced tool calls in the chat completion schema.

use super::chat_completion::{ALL, QWEN, hello};
use super::*;

fn body(choice: Value) -> Value {
    let schema = json!({
        "type": "object",
        "properties": {"city": {"type": "string", "minLength": 2}},
        "required": ["city"],
    });
    let tools = json!([
        {"type": "function", "function": {"name": "f", "description": null, "parameters": schema}},
        {"type": "function", "function": {"name": "g"}},
    ]);
    with(with(hello(), "/tools", tools), "/tool_choice", choice)
}

fn push(body: &mut Value, message: Value) {
    body["messages"].as_array_mut().unwrap().push(message);
}

#[test]
fn a_forced_tool_is_called_and_its_result_is_answered() {
    for model in ALL {
        let mut body = body(json!({"type": "function", "function": {"name": "f"}}));
        let response = response_body(model, with(body.clone(), "/max_tokens", json!(50)));
        let choice = &response["choices"][0];
        assert_eq!(choice["finish_reason"], "tool_calls");
        let message = choice["message"].clone();
        let call = &message["tool_calls"][0];
        assert_eq!(call["type"], "function");
        assert_eq!(call["function"], json!({"name": "f", "arguments": r#"{"city":"aa"}"#}));
        let result = json!({"role": "tool", "tool_call_id": call["id"], "content": "sunny"});
        push(&mut body, message);
        push(&mut body, result);
        let response = response_body(model, with(body, "/max_tokens", json!(50)));
        let choice = &response["choices"][0];
        let text = choice["message"]["content"].as_str().unwrap();
        assert!(text.ends_with("You said: sunny"), "{text}");
        assert_eq!(choice["finish_reason"], "stop");
    }
}

#[test]
fn the_choice_decides_about_the_call() {
    let name = |choice: Value| {
        response_body(QWEN, body(choice))["choices"][0]["message"]["tool_calls"][0]["function"]["name"]
            .clone()
    };
    assert_eq!(name(json!("required")), "f");
    assert_eq!(name(json!({"type": "function", "function": {"name": "g"}})), "g");
    assert_eq!([name(json!("auto")), name(json!("none"))], [Value::Null, Value::Null]);
    let message = &response_body(QWEN, body(json!("required")))["choices"][0]["message"];
    assert_eq!(message["content"], Value::Null);
}

#[test]
fn the_arguments_are_streamed_as_pieces_of_json() {
    let chunks = streamed(QWEN, body(json!("required")));
    let calls: Vec<_> =
        chunks.iter().filter_map(|chunk| chunk.pointer("/choices/0/delta/tool_calls/0")).collect();
    let start = calls[0];
    assert!(start["id"].as_str().is_some_and(|id| id.starts_with("call_")), "{start}");
    assert_eq!((&start["function"]["name"], &start["index"]), (&json!("f"), &json!(0)));
    let pieces: Vec<_> = calls.iter().map(|call| call["function"]["arguments"].as_str().unwrap()).collect();
    assert!(pieces.len() > 2 && pieces[0].is_empty(), "{pieces:?}");
    assert_eq!(pieces.concat(), r#"{"city":"aa"}"#);
    assert_eq!(chunks.last().unwrap()["choices"][0]["finish_reason"], "tool_calls");
}

#[test]
fn rejects_invalid_tools() {
    let check = |at: &str, value: Value, problem: &str| {
        check_malformed(QWEN, with(body(json!("required")), at, value), problem);
    };
    check("/tool_choice", json!("always"), "#/tool_choice: always is not a valid enum value");
    check(
        "/tool_choice",
        json!({"type": "function"}),
        "#/tool_choice: expected a string, or an object with [function][name]",
    );
    let missing = "#/tool_choice: the chosen tool is not one of the [tools]";
    check("/tool_choice", json!({"type": "function", "function": {"name": "h"}}), missing);
    check("/tools", json!([]), missing);
    check("/tools/1/function/name", json!("f"), "#/tools: the name of a tool occurs more than once");
    check("/tools/0/type", json!("retrieval"), "#/tools/0/type: retrieval is not a valid enum value");
    check("/tools/0/function", Value::Null, "#/tools/0: required key [function] not found");
    let with_result = |result: Value| {
        let mut body = hello();
        push(&mut body, result);
        body
    };
    check_malformed(
        QWEN,
        with_result(json!({"role": "tool", "content": "a"})),
        "#/messages/1: required key [tool_call_id] not found",
    );
    check_malformed(
        QWEN,
        with_result(json!({"role": "tool", "content": "a", "tool_call_id": "t"})),
        "#/messages/1/tool_call_id: no earlier message has a tool call with the id t",
    );
}
