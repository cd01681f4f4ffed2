//! Tests of replies in rule files, and of an agent that runs against the example of `docs/rules.md`.

use serde_json::{Value, json};

use super::converse::{CLAUDE, converse, tools, user};
use super::*;
use crate::FaultFile;

fn from_file(text: &str) -> Arc<EndpointState> {
    builder().fault_file(FaultFile::from_json(text).unwrap()).build_state()
}

fn check_error_text(rule: &Value, expected: &str) {
    let file = format!("{{\"rules\": [\n{{\"status\": 500}},\n{rule}\n]}}");
    let error = FaultFile::from_json(&file).unwrap_err().to_string();
    assert!(error.starts_with("rule 2: ") && error.contains(expected), "{error}");
    assert!(error.contains(" at line 3 column "), "{error}");
}

#[test]
fn mistakes_in_replies_are_named() {
    check_error_text(&json!({"reply": {"txt": "a"}}), "unknown field `txt`");
    check_error_text(&json!({"reply": {}}), "the reply is empty");
    check_error_text(&json!({"reply": 1}), "expected a reply: a text or an object");
    check_error_text(&json!({"reply": {"text": "a", "json": 1}}), "`text` and `json` exclude each other");
    check_error_text(&json!({"reply": {"text": "a", "stop_reason": "done"}}), "`stop_reason` is \"done\"");
    check_error_text(&json!({"reply": {"tool": {"name": "a", "input": 1}}}), "must be an object");
    check_error_text(&json!({"reply": "a", "status": 200}), "`reply` excludes");
    check_error_text(&json!({"reply": "a", "replies": ["b"]}), "`reply` and `replies` exclude each other");
    check_error_text(&json!({"replies": ["b"], "first": 2}), "remove `first` and `every`");
    check_error_text(&json!({"prompt": {"matches": "("}, "reply": "a"}), "the regular expression \"(\"");
    check_error_text(&json!({"prompt": {"is": "a"}, "reply": "a"}), "unknown field `is`");
    check_error_text(&json!({"prompt": "a", "reply": "a"}), "expected `{\"contains\": TEXT}`");
    check_error_text(&json!({"prompt": {}, "reply": "a"}), "needs `contains` or `matches`");
    let both = json!({"contains": "a", "matches": "b"});
    check_error_text(&json!({"prompt": both, "reply": "a"}), "`contains` and `matches` exclude each other");
    check_error_text(&json!({"prompt": {"contains": "a"}}), "has no effect");
    let accept = json!({"tool": "a", "break": {"at": "accept", "by": "close"}});
    check_error_text(&accept, "the request is not known at `accept`");
}

#[test]
fn a_list_of_replies_counts_as_one_rule() {
    let error = FaultFile::from_json(r#"{"rules": [{"replies": ["a", "b"]}, {"first": 0}]}"#).unwrap_err();
    check_contains(&error.to_string(), "rule 2: ");
}

#[test]
fn replies_have_all_members() {
    let endpoint = from_file(
        r#"{"rules": [{"operation": "Converse", "reply": {
            "reasoning": "Hm.", "json": {"a": 1},
            "tools": [{"name": "x", "input": {"b": 2}, "id": "call-1"}, {"name": "y"}],
            "stop_reason": "end_turn", "usage": {"input_tokens": 9, "output_tokens": 8}}}]}"#,
    );
    let value = converse(&endpoint, CLAUDE, &json!({"messages": [user("a")]}));
    let content = &value["output"]["message"]["content"];
    assert_eq!(content[1]["text"], r#"{"a":1}"#);
    assert_eq!(
        (&content[2]["toolUse"]["toolUseId"], &content[2]["toolUse"]["input"]),
        (&json!("call-1"), &json!({"b": 2}))
    );
    assert_eq!((&content[3]["toolUse"]["name"], &content[3]["toolUse"]["input"]), (&json!("y"), &json!({})));
    assert_eq!((&value["stopReason"], &value["usage"]["totalTokens"]), (&json!("end_turn"), &json!(17)));
}

/// Runs a minimal agent: calls the model until a response contains no tool call.
fn run_agent(endpoint: &Arc<EndpointState>, question: &str) -> (Vec<String>, String) {
    let mut messages = vec![user(question)];
    let mut called = Vec::new();
    for _ in 0..10 {
        let body = json!({"messages": messages, "toolConfig": tools(json!({"auto": {}}))});
        let value = converse(endpoint, CLAUDE, &body);
        let message = value["output"]["message"].clone();
        if value["stopReason"] != "tool_use" {
            return (called, message["content"][0]["text"].as_str().unwrap().to_owned());
        }
        let calls = message["content"].as_array().unwrap().iter().filter_map(|block| block.get("toolUse"));
        let results: Vec<_> = calls
            .map(|call| {
                called.push(format!("{} {}", call["name"].as_str().unwrap(), call["input"]));
                json!({"toolResult": {"toolUseId": call["toolUseId"], "content": [{"json": {"degrees": 21}}]}})
            })
            .collect();
        messages.extend([message, json!({"role": "user", "content": results})]);
    }
    panic!("the agent does not stop");
}

/// Runs an agent against the first example of `docs/rules.md`.
#[test]
fn an_agent_is_deterministic() {
    let page = include_str!("../../../../docs/rules.md");
    let example = page.split("```json\n").nth(1).unwrap().split("```").next().unwrap();
    for _ in 0..2 {
        let (called, answer) = run_agent(&from_file(example), "How is the weather in Paris?");
        assert_eq!(called, [r#"weather {"city":"Paris","days":1}"#]);
        assert_eq!(answer, "It is 21 degrees in Paris.");
    }
    let (called, answer) = run_agent(&from_file(example), "Tell me a joke.");
    assert_eq!((called.len(), answer.as_str()), (0, "I only know the weather."));
}
