//! Tests of `CountTokens`.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::converse::{CLAUDE, converse, json_request, tools, user};
use super::*;

fn count(endpoint: &Arc<EndpointState>, input: &Value) -> Value {
    let response = send(endpoint, json_request(CLAUDE, "count-tokens", &json!({"input": input})));
    let value: Value = serde_json::from_slice(response.body()).unwrap();
    assert_eq!(response.status(), 200, "{value}");
    value["inputTokens"].clone()
}

#[test]
fn agrees_with_converse() {
    let endpoint = endpoint();
    let mut body = json!({
        "system": [{"text": "be kind"}],
        "messages": [user("one two three")],
        "toolConfig": tools(json!({"auto": {}})),
    });
    let counted = count(&endpoint, &json!({"converse": body}));
    assert_eq!(counted, converse(&endpoint, CLAUDE, &body)["usage"]["inputTokens"]);
    body["messages"][0]["content"][0]["text"] = json!("one two three four");
    assert_eq!(
        count(&endpoint, &json!({"converse": body})).as_u64(),
        counted.as_u64().map(|count| count + 1)
    );
}

#[test]
fn agrees_with_invoke_model() {
    let endpoint = endpoint();
    let body = json!({
        "anthropic_version": "bedrock-2023-05-31",
        "max_tokens": 100,
        "system": "be kind",
        "messages": [{"role": "user", "content": "one two three"}],
        "tools": [{"name": "f", "input_schema": {"type": "object"}}],
    });
    let encoded = STANDARD.encode(body.to_string());
    let counted = count(&endpoint, &json!({"invokeModel": {"body": encoded}}));
    let response = send(&endpoint, sign(request(input(CLAUDE, &body.to_string()))));
    let header = response.headers()["x-amzn-bedrock-input-token-count"].to_str().unwrap();
    assert_eq!(counted.to_string(), header);
}

#[test]
fn is_not_billed() {
    let quotas = crate::Quotas { tokens_per_minute: Some(1), ..crate::Quotas::default() };
    let endpoint = builder().quotas(quotas).build_state();
    assert_eq!(count(&endpoint, &json!({"converse": {"messages": [user("one two three")]}})), 3);
    let call = endpoint.log.calls().pop().unwrap();
    assert_eq!((call.worked_on, call.input_tokens, call.status), (false, None, 200));
}

#[test]
fn rejects_other_models_and_malformed_inputs() {
    let body = json!({"input": {"converse": {"messages": [user("a")]}}});
    for model_id in ["amazon.nova-lite-v1:0", "us.anthropic.claude-sonnet-4-20250514-v1:0"] {
        let request = json_request(model_id, "count-tokens", &body);
        let message = check_error(&endpoint(), request, 400, "ValidationException");
        assert_eq!(message, "The provided model doesn't support counting tokens.");
    }
    for (input, expected) in [
        (json!({"converse": {"messages": []}}), "The messages field is empty."),
        (json!({"invokeModel": {"body": "e30="}}), "anthropic_version: Field required"),
        (json!({"invokeModel": {"body": "eA=="}}), "the body is not JSON"),
        (json!({"novel": {}}), "set `invokeModel` or `converse`"),
    ] {
        let request = json_request(CLAUDE, "count-tokens", &json!({"input": input}));
        check_contains(&check_error(&endpoint(), request, 400, "ValidationException"), expected);
    }
}
