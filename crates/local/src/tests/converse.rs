//! Tests of `Converse`: responses, usage, tools, reasoning and the prompt cache.

use invoke_model_types::{Converse, ConverseOutput, ConverseOutputShape};
use serde_json::{Value, json};

use super::guardrails::guarded_endpoint;
use super::*;
use crate::families::{Family, MODELS, ModelModality};

pub(super) const CLAUDE: &str = "anthropic.claude-sonnet-4-20250514-v1:0";

/// Returns a request of an operation whose input is JSON.
pub(super) fn json_request(model_id: &str, operation: &str, body: &Value) -> Request<Bytes> {
    let request = Request::builder()
        .method("POST")
        .uri(format!("/model/{}/{operation}", model_id.replace(':', "%3A")))
        .header("host", "127.0.0.1:8080")
        .header("content-type", "application/json");
    sign(request.body(Bytes::from(body.to_string())).unwrap())
}

pub(super) fn converse(endpoint: &Arc<EndpointState>, model_id: &str, body: &Value) -> Value {
    let response = send(endpoint, json_request(model_id, "converse", body));
    let value = serde_json::from_slice(response.body()).unwrap();
    assert_eq!(response.status(), 200, "{value}");
    value
}

pub(super) fn user(text: &str) -> Value {
    json!({"role": "user", "content": [{"text": text}]})
}

pub(super) fn hello() -> Value {
    json!({"messages": [user("hello")]})
}

pub(super) fn tools(choice: Value) -> Value {
    let schema = json!({
        "type": "object",
        "properties": {"city": {"type": "string", "minLength": 2}, "days": {"type": "integer", "minimum": 1}},
        "required": ["city", "days"],
    });
    json!({
        "tools": [
            {"toolSpec": {"name": "weather", "description": "d", "inputSchema": {"json": schema}}},
            {"toolSpec": {"name": "final", "inputSchema": {"json": {"type": "object"}}}},
        ],
        "toolChoice": choice,
    })
}

#[test]
fn every_text_model_answers() {
    for model in MODELS.iter().filter(|model| model.output_modality() == ModelModality::Text) {
        let value = converse(&endpoint(), model.id, &hello());
        let text = json!({"text": "You said: hello"});
        let reasoning = "The message has 1 tokens. I repeat them.";
        let reasoning = json!({"reasoningContent": {"reasoningText": {"text": reasoning}}});
        let (content, tokens) = match model.family {
            Family::OpenAi => (json!([reasoning, text]), 14),
            Family::DeepSeek => (json!([text, reasoning]), 14),
            _ => (json!([text]), 4),
        };
        assert_eq!(value["output"]["message"], json!({"role": "assistant", "content": content}));
        assert_eq!(value["stopReason"], "end_turn");
        assert_eq!(value["metrics"], json!({"latencyMs": 0}));
        let usage = &value["usage"];
        let counts = ["inputTokens", "outputTokens", "totalTokens"].map(|name| usage[name].as_u64().unwrap());
        assert_eq!(counts, [1, tokens, tokens + 1], "{}", model.id);
    }
}

#[test]
fn models_without_text_are_rejected() {
    let request = json_request(TITAN, "converse", &hello());
    let message = check_error(&endpoint(), request, 400, "ValidationException");
    check_contains(&message, "This action doesn't support the model that you provided.");
}

#[test]
fn the_head_has_no_token_counts() {
    let endpoint = endpoint();
    let response = send(&endpoint, json_request(CLAUDE, "converse", &hello()));
    let names: Vec<_> = response.headers().keys().map(|name| name.as_str().to_owned()).collect();
    assert_eq!(names, ["content-type", "x-amzn-requestid"]);
    let call = endpoint.log.calls().pop().unwrap();
    assert_eq!((call.input_tokens, call.output_tokens), (Some(1), Some(4)));
    assert!(call.worked_on);
    let output = Converse::parse_response(&response).unwrap();
    let ConverseOutput { output: ConverseOutputShape::Message(message), .. } = output else {
        panic!("no message")
    };
    assert_eq!(message.content.len(), 1);
}

#[test]
fn bounds_end_a_response() {
    let check = |inference: Value, text: Option<&str>, reason: &str, tokens: u64| {
        let body = json!({"messages": [user("one two three")], "inferenceConfig": inference});
        let value = converse(&endpoint(), CLAUDE, &body);
        assert_eq!(value["output"]["message"]["content"][0]["text"].as_str(), text);
        assert_eq!(value["stopReason"], reason);
        assert_eq!(value["usage"]["outputTokens"], tokens);
    };
    check(json!({"maxTokens": 4}), Some("You said: one"), "max_tokens", 4);
    check(json!({"maxTokens": 6}), Some("You said: one two three"), "end_turn", 6);
    check(json!({"stopSequences": ["two"]}), Some("You said: one "), "stop_sequence", 4);
    check(json!({"stopSequences": ["You"]}), None, "stop_sequence", 0);
}

#[test]
fn paths_select_members_of_the_response_of_the_model() {
    let body = json!({
        "messages": [user("one two")],
        "inferenceConfig": {"stopSequences": ["two"]},
        "additionalModelResponseFieldPaths": ["/stop_sequence", "/no_such_member"],
    });
    let value = converse(&endpoint(), CLAUDE, &body);
    assert_eq!(value["additionalModelResponseFields"], json!({"stop_sequence": "two"}));
    let body = json!({"messages": [user("a")], "additionalModelResponseFieldPaths": ["stop_sequence"]});
    let request = json_request(CLAUDE, "converse", &body);
    check_contains(&check_error(&endpoint(), request, 400, "ValidationException"), "is not a JSON Pointer");
}

#[test]
fn a_forced_tool_is_called_with_arguments_that_fit_its_schema() {
    let expected = json!({"city": "aa", "days": 1});
    for (model_id, choice, kind) in [
        (CLAUDE, json!({"any": {}}), Some("tool_use")),
        (CLAUDE, json!({"tool": {"name": "weather"}}), Some("tool_use")),
        ("amazon.nova-lite-v1:0", json!({"any": {}}), None),
        ("mistral.mistral-large-2407-v1:0", json!({"any": {}}), None),
    ] {
        let body = json!({"messages": [user("hello")], "toolConfig": tools(choice)});
        let value = converse(&endpoint(), model_id, &body);
        assert_eq!(value["stopReason"], "tool_use");
        let content = value["output"]["message"]["content"].as_array().unwrap();
        assert_eq!(content.len(), 1);
        let call = &content[0]["toolUse"];
        assert_eq!((&call["name"], &call["input"]), (&json!("weather"), &expected));
        assert_eq!(call["type"].as_str(), kind);
        let id = call["toolUseId"].as_str().unwrap();
        assert!(id.starts_with("tooluse_") && id.len() == 30, "{id}");
        assert_eq!(converse(&endpoint(), model_id, &body), value, "the same request has the same response");
    }
    let body = json!({"messages": [user("hello")], "toolConfig": tools(json!({"auto": {}}))});
    assert_eq!(converse(&endpoint(), CLAUDE, &body)["stopReason"], "end_turn");
}

#[test]
fn a_field_of_claude_forces_a_tool() {
    let check = |choice: Value, expected: &str| {
        let body = json!({
            "messages": [user("hello")],
            "toolConfig": tools(json!({"auto": {}})),
            "additionalModelRequestFields": {"tool_choice": choice},
        });
        assert_eq!(converse(&endpoint(), CLAUDE, &body)["stopReason"], expected, "{body}");
    };
    check(json!({"type": "any"}), "tool_use");
    check(json!({"type": "tool", "name": "weather", "disable_parallel_tool_use": true}), "tool_use");
    check(json!({"type": "tool", "name": "unknown"}), "end_turn");
    check(json!({"type": "auto"}), "end_turn");
    check(json!({"type": "none"}), "end_turn");
}

#[test]
fn a_tool_call_that_exceeds_the_limit_is_not_returned() {
    let body = json!({
        "messages": [user("hello")],
        "toolConfig": tools(json!({"any": {}})),
        "inferenceConfig": {"maxTokens": 3},
    });
    let value = converse(&endpoint(), CLAUDE, &body);
    assert_eq!((&value["stopReason"], &value["usage"]["outputTokens"]), (&json!("max_tokens"), &json!(3)));
    assert_eq!(value["output"]["message"]["content"], json!([]));
}

/// Runs a conversation: sends a result for each tool call, until the model responds with text. Returns the
/// names of the called tools, and the text.
fn run_tools(choice: Value) -> (Vec<String>, String) {
    let endpoint = endpoint();
    let mut body = json!({"messages": [user("hello")], "toolConfig": tools(choice)});
    let mut called = Vec::new();
    loop {
        let message = converse(&endpoint, CLAUDE, &body)["output"]["message"].clone();
        let block = message["content"][0].clone();
        if let Some(text) = block["text"].as_str() {
            return (called, text.to_owned());
        }
        let call = &block["toolUse"];
        called.push(call["name"].as_str().unwrap().to_owned());
        assert!(called.len() < 5, "{called:?}");
        let content = json!([{"text": "sunny"}, {"json": {"degrees": 20}}]);
        let result = json!({"toolResult": {"toolUseId": call["toolUseId"], "content": content}});
        let messages = body["messages"].as_array_mut().unwrap();
        messages.push(message);
        messages.push(json!({"role": "user", "content": [result]}));
    }
}

#[test]
fn tool_results_are_answered() {
    let text = "You said: sunny\n{\"degrees\":20}";
    let named = json!({"tool": {"name": "weather"}});
    assert_eq!(run_tools(named), (vec!["weather".to_owned()], text.to_owned()));
    let both = vec!["weather".to_owned(), "final".to_owned()];
    assert_eq!(run_tools(json!({"any": {}})), (both, text.to_owned()));
}

#[test]
fn reasoning_precedes_the_text() {
    for (model_id, fields, has_signature) in [
        (CLAUDE, json!({"thinking": {"type": "enabled", "budget_tokens": 1_024}}), true),
        (CLAUDE, json!({"reasoning_config": {"type": "enabled", "budget_tokens": 1_024}}), true),
        ("anthropic.claude-sonnet-4-6", json!({"thinking": {"type": "adaptive"}}), true),
        (
            "amazon.nova-2-lite-v1:0",
            json!({"reasoningConfig": {"type": "enabled", "maxReasoningEffort": "low"}}),
            false,
        ),
    ] {
        let body = json!({"messages": [user("hello")], "additionalModelRequestFields": fields});
        let value = converse(&endpoint(), model_id, &body);
        let content = &value["output"]["message"]["content"];
        let reasoning = &content[0]["reasoningContent"]["reasoningText"];
        assert_eq!(reasoning["text"], "The message has 1 tokens. I repeat them.");
        assert_eq!(reasoning.get("signature").is_some(), has_signature);
        assert_eq!(content[1]["text"], "You said: hello");
        assert_eq!(value["usage"]["outputTokens"], 14);
    }
    let off =
        json!({"messages": [user("a")], "additionalModelRequestFields": {"thinking": {"type": "disabled"}}});
    for model_id in [CLAUDE, "anthropic.claude-3-haiku-20240307-v1:0"] {
        let value = converse(&endpoint(), model_id, &off);
        assert!(value["output"]["message"]["content"][0]["text"].is_string(), "{model_id}");
    }
}

#[test]
fn structured_output_fits_its_schema() {
    let schema =
        json!({"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}).to_string();
    let format = json!({"type": "json_schema", "structure": {"jsonSchema": {"schema": schema}}});
    let body = json!({"messages": [user("a")], "outputConfig": {"textFormat": format}});
    let value = converse(&endpoint(), CLAUDE, &body);
    assert_eq!(value["output"]["message"]["content"][0]["text"], r#"{"n":0}"#);
}

#[test]
fn documents_and_images_count_as_input() {
    let body = json!({
        "system": [{"text": "be kind"}],
        "messages": [{"role": "user", "content": [
            {"text": "look"},
            {"image": {"format": "png", "source": {"bytes": "aGVsbG8="}}},
            {"document": {"format": "txt", "name": "doc", "source": {"bytes": "aGVsbG8gd29ybGQ="}}},
        ]}],
    });
    let value = converse(&endpoint(), CLAUDE, &body);
    // The image counts as 1,000 tokens. The system prompt has two tokens, and the text has one token. The
    // document and its name have three tokens.
    assert_eq!(value["usage"]["inputTokens"], 1_006);
}

#[test]
fn a_guardrail_is_traced_on_request() {
    let guarded = |trace: &str| {
        let config = json!({"guardrailIdentifier": "abc", "guardrailVersion": "1", "trace": trace});
        converse(
            &guarded_endpoint(),
            CLAUDE,
            &json!({"messages": [user("hello")], "guardrailConfig": config}),
        )
    };
    let coverage = "/trace/guardrail/inputAssessment/abc/invocationMetrics/guardrailCoverage/textCharacters";
    assert_eq!(guarded("enabled").pointer(coverage), Some(&json!({"guarded": 5, "total": 5})));
    assert_eq!(guarded("disabled").get("trace"), None);
    let body = json!({"messages": [user("hello")], "guardrailConfig": {"guardrailIdentifier": "abc"}});
    let message =
        check_error(&endpoint(), json_request(CLAUDE, "converse", &body), 400, "ValidationException");
    check_contains(&message, "guardrailConfig.guardrailVersion field is empty");
}

#[test]
fn cache_points_write_and_then_read() {
    let endpoint = endpoint();
    let text = "word ".repeat(1_100);
    let body = json!({
        "system": [{"text": text}, {"cachePoint": {"type": "default"}}],
        "messages": [user("hello")],
    });
    let usage = |body: &Value| converse(&endpoint, CLAUDE, body)["usage"].clone();
    let counts = |usage: &Value| {
        let names = ["inputTokens", "cacheReadInputTokens", "cacheWriteInputTokens", "totalTokens"];
        names.map(|name| usage[name].as_u64().unwrap())
    };
    let first = usage(&body);
    assert_eq!(counts(&first), [1, 0, 1_100, 1_105]);
    assert_eq!(first["cacheDetails"], json!([{"ttl": "5m", "inputTokens": 1_100}]));
    let second = usage(&body);
    assert_eq!(counts(&second), [1, 1_100, 0, 1_105]);
    assert_eq!(second.get("cacheDetails"), None);
    // A short prefix is not cached.
    let mut short = hello();
    short["messages"][0]["content"].as_array_mut().unwrap().push(json!({"cachePoint": {"type": "default"}}));
    assert_eq!(counts(&usage(&short)), [1, 0, 0, 5]);
    assert_eq!(counts(&usage(&short)), [1, 0, 0, 5]);
}

#[test]
fn the_access_policy_denies_the_action_of_invoke_model() {
    let policy = crate::AccessPolicy::allow_all().deny("*claude*");
    let endpoint = builder().policy(policy).build_state();
    for (operation, action) in [
        ("converse", "bedrock:InvokeModel on"),
        ("converse-stream", "bedrock:InvokeModelWithResponseStream on"),
    ] {
        let request = json_request(CLAUDE, operation, &hello());
        check_contains(&check_error(&endpoint, request, 403, "AccessDeniedException"), action);
    }
}

#[test]
fn the_error_model_reads_the_fields_of_the_request() {
    let fields = json!({"error": "ModelNotReadyException", "message": "text"});
    let body = json!({"messages": [user("hello")], "additionalModelRequestFields": fields});
    for operation in ["converse", "converse-stream"] {
        let request = json_request(crate::ERROR_MODEL_ID, operation, &body);
        assert_eq!(check_error(&endpoint(), request, 429, "ModelNotReadyException"), "text");
    }
}

#[test]
fn an_effort_turns_on_reasoning() {
    let body = |name: &str, effort: &str| json!({"messages": [user("hello")], "additionalModelRequestFields": {name: effort}});
    for model in ["qwen.qwen3-32b-v1:0", "deepseek.v3-v1:0"] {
        for name in ["reasoning_config", "reasoning_effort"] {
            let value = converse(&endpoint(), model, &body(name, "high"));
            let content = &value["output"]["message"]["content"];
            assert!(content[0].get("reasoningContent").is_some(), "{content}");
            assert_eq!(content[1], json!({"text": "You said: hello"}));
        }
    }
    let check = |model: &str, name: &str, effort: &str, problem: &str| {
        let request = json_request(model, "converse", &body(name, effort));
        check_contains(&check_error(&endpoint(), request, 400, "ValidationException"), problem);
    };
    let one_of = "Input should be one of 'low', 'medium', 'high'";
    check("openai.gpt-oss-20b-1:0", "reasoning_effort", "none", &format!("reasoning_effort: {one_of}"));
    check("qwen.qwen3-32b-v1:0", "reasoning_config", "none", &format!("reasoning_config: {one_of}"));
    let extra = "reasoning_config: Extra inputs are not permitted";
    check("writer.palmyra-x5-v1:0", "reasoning_config", "low", extra);
}

#[test]
fn models_with_open_weights_call_forced_tools() {
    for model in
        ["openai.gpt-oss-20b-1:0", "qwen.qwen3-32b-v1:0", "deepseek.v3-v1:0", "writer.palmyra-x4-v1:0"]
    {
        let body = json!({"messages": [user("hello")], "toolConfig": tools(json!({"any": {}}))});
        let value = converse(&endpoint(), model, &body);
        assert_eq!(value["stopReason"], "tool_use");
        let content = value["output"]["message"]["content"].as_array().unwrap();
        assert_eq!(content.last().unwrap()["toolUse"]["name"], "weather", "{model}");
    }
    let body = json!({"messages": [user("hello")], "toolConfig": tools(json!({"auto": {}}))});
    for model in ["anthropic.claude-v2", "deepseek.r1-v1:0", "ai21.jamba-instruct-v1:0"] {
        let message =
            check_error(&endpoint(), json_request(model, "converse", &body), 400, "ValidationException");
        check_contains(&message, "This model doesn't support tool use.");
    }
    assert_eq!(converse(&endpoint(), "ai21.jamba-1-5-mini-v1:0", &body)["stopReason"], "end_turn");
}
