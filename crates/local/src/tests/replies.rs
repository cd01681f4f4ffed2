//! Tests of replies by rule: the conditions, and the schemas of the replies.

use serde_json::{Value, json};

use super::converse::{CLAUDE, converse, hello, json_request, tools, user};
use super::converse_stream::events;
use super::streams::messages;
use super::*;
use crate::{Fault, ModelReply, When};

const NOVA: &str = "amazon.nova-lite-v1:0";
const MISTRAL: &str = "mistral.mistral-large-2407-v1:0";
const LLAMA: &str = "meta.llama3-8b-instruct-v1:0";

/// Returns an endpoint with one reply to all calls.
fn replying(reply: impl Into<ModelReply>) -> Arc<EndpointState> {
    builder().reply(When::new(), reply).build_state()
}

fn tool_call() -> ModelReply {
    ModelReply::text("I look.").and(ModelReply::tool_call("weather", json!({"city": "Paris", "days": 1})))
}

fn invoke(endpoint: &Arc<EndpointState>, model_id: &str, body: &Value) -> Value {
    let response = send(endpoint, sign(request(input(model_id, &body.to_string()))));
    let value: Value = serde_json::from_slice(response.body()).unwrap();
    assert_eq!(response.status(), 200, "{value}");
    value
}

/// Returns the chunks of a stream, without the metrics.
fn invoke_stream(endpoint: &Arc<EndpointState>, model_id: &str, body: &Value) -> Vec<Value> {
    let response = head(endpoint, streaming(model_id, &body.to_string()));
    assert_eq!(response.status(), 200);
    let chunks = messages(&frames(response.into_body()).0).into_iter().map(|message| {
        let payload: Value = serde_json::from_slice(message.payload()).unwrap();
        let bytes = base64::Engine::decode(
            &base64::engine::general_purpose::STANDARD,
            payload["bytes"].as_str().unwrap(),
        );
        let mut chunk: Value = serde_json::from_slice(&bytes.unwrap()).unwrap();
        chunk.as_object_mut().unwrap().remove("amazon-bedrock-invocationMetrics");
        chunk
    });
    chunks.collect()
}

/// Concatenates the strings at a JSON Pointer.
fn concatenated(values: &[Value], pointer: &str) -> String {
    values.iter().filter_map(|value| value.pointer(pointer)?.as_str()).collect()
}

fn claude(text: &str) -> Value {
    json!({
        "anthropic_version": "bedrock-2023-05-31",
        "max_tokens": 64,
        "messages": [{"role": "user", "content": text}],
    })
}

fn chat(text: &str) -> Value {
    json!({"messages": [{"role": "user", "content": text}]})
}

#[test]
fn converse_has_all_blocks_of_a_reply() {
    let reply = ModelReply::reasoning("Hm.").and(tool_call()).usage(7, 5);
    let value = converse(
        &replying(reply),
        CLAUDE,
        &json!({"messages": [user("a")], "toolConfig": tools(json!({"auto": {}}))}),
    );
    let content = &value["output"]["message"]["content"];
    assert_eq!(content[0]["reasoningContent"]["reasoningText"]["text"], "Hm.");
    assert_eq!(content[1], json!({"text": "I look."}));
    assert_eq!(content[2]["toolUse"]["input"], json!({"city": "Paris", "days": 1}));
    assert_eq!(value["stopReason"], "tool_use");
    assert_eq!((&value["usage"]["inputTokens"], &value["usage"]["outputTokens"]), (&json!(7), &json!(5)));
    assert_eq!(value["usage"]["totalTokens"], 12);
}

#[test]
fn converse_stream_has_all_blocks_of_a_reply() {
    let events = events(&replying(tool_call()), CLAUDE, &json!({"messages": [user("a")]}));
    let payloads: Vec<_> = events.iter().map(|(_, payload)| payload.clone()).collect();
    assert_eq!(concatenated(&payloads, "/delta/text"), "I look.");
    let input: Value = serde_json::from_str(&concatenated(&payloads, "/delta/toolUse/input")).unwrap();
    assert_eq!(input, json!({"city": "Paris", "days": 1}));
    let starts: Vec<_> = events.iter().filter(|(name, _)| name == "contentBlockStart").collect();
    assert_eq!(starts.len(), 1);
    assert_eq!(
        (&starts[0].1["contentBlockIndex"], &starts[0].1["start"]["toolUse"]["name"]),
        (&json!(1), &json!("weather"))
    );
    assert_eq!(events.iter().filter(|(name, _)| name == "contentBlockStop").count(), 2);
    assert_eq!(concatenated(&payloads, "/stopReason"), "tool_use");
}

#[test]
fn claude_body_has_all_blocks_of_a_reply() {
    let endpoint = replying(ModelReply::reasoning("Hm.").and(tool_call()));
    let value = invoke(&endpoint, CLAUDE, &claude("a"));
    assert_eq!(value["content"][0]["thinking"], "Hm.");
    assert_eq!(value["content"][1], json!({"type": "text", "text": "I look."}));
    assert_eq!(value["content"][2]["input"], json!({"city": "Paris", "days": 1}));
    assert!(value["content"][2]["id"].as_str().unwrap().starts_with("toolu_bdrk_01"));
    assert_eq!(value["stop_reason"], "tool_use");

    let chunks = invoke_stream(&endpoint, CLAUDE, &claude("a"));
    assert_eq!(chunks[0]["type"], "message_start");
    assert_eq!(concatenated(&chunks, "/delta/thinking"), "Hm.");
    assert_eq!(concatenated(&chunks, "/delta/text"), "I look.");
    assert_eq!(concatenated(&chunks, "/delta/partial_json"), r#"{"city":"Paris","days":1}"#);
    assert_eq!(chunks.iter().filter(|chunk| chunk["type"] == "content_block_stop").count(), 3);
    assert_eq!(chunks[chunks.len() - 2]["delta"]["stop_reason"], "tool_use");
    assert_eq!(chunks[chunks.len() - 2]["usage"]["output_tokens"], value["usage"]["output_tokens"]);
}

#[test]
fn reasoning_of_claude_has_a_signature_that_the_endpoint_accepts() {
    let endpoint = replying(ModelReply::reasoning("Hm.").and(ModelReply::text("Hi.")));
    let value = invoke(&endpoint, CLAUDE, &claude("a"));
    let signature = value["content"][0]["signature"].as_str().unwrap();
    assert!(signature.len() > 20, "{signature}");
    let chunks = invoke_stream(&endpoint, CLAUDE, &claude("a"));
    assert_eq!(concatenated(&chunks, "/delta/signature"), signature);
    assert_eq!(concatenated(&chunks, "/delta/thinking"), "Hm.");

    let mut next = claude("a");
    let turn = json!([{"role": "assistant", "content": value["content"]}, {"role": "user", "content": "b"}]);
    next["messages"].as_array_mut().unwrap().extend(turn.as_array().unwrap().clone());
    assert_eq!(invoke(&endpoint, CLAUDE, &next)["content"][1]["text"], "Hi.");
}

#[test]
fn nova_body_has_all_blocks_of_a_reply() {
    let endpoint = replying(tool_call());
    let value = invoke(&endpoint, NOVA, &json!({"messages": [user("a")]}));
    let content = &value["output"]["message"]["content"];
    assert_eq!((&content[0]["text"], &content[1]["toolUse"]["name"]), (&json!("I look."), &json!("weather")));
    assert_eq!(value["stopReason"], "tool_use");
    let chunks = invoke_stream(&endpoint, NOVA, &json!({"messages": [user("a")]}));
    assert_eq!(concatenated(&chunks, "/contentBlockDelta/delta/text"), "I look.");
    assert_eq!(
        concatenated(&chunks, "/contentBlockDelta/delta/toolUse/input"),
        r#"{"city":"Paris","days":1}"#
    );
    assert_eq!(concatenated(&chunks, "/messageStop/stopReason"), "tool_use");
}

#[test]
fn a_nova_stream_has_the_members_of_a_simulated_stream() {
    let reply = ModelReply::reasoning("Hm. Hm.").and(ModelReply::text("Hi."));
    let body = json!({"messages": [user("a")], "reasoningConfig": {"type": "enabled"}});
    let chunks = invoke_stream(&replying(reply), "amazon.nova-2-lite-v1:0", &body);
    let simulated = invoke_stream(&builder().build_state(), "amazon.nova-2-lite-v1:0", &body);
    for chunks in [&chunks, &simulated] {
        let reasoning = chunks.iter().filter_map(|chunk| {
            let delta = chunk.get("contentBlockDelta")?;
            let is_reasoning = delta.pointer("/delta/reasoningContent/reasoningText/text").is_some();
            is_reasoning.then(|| delta["contentBlockIndex"].as_u64().unwrap())
        });
        let indexes: Vec<_> = reasoning.collect();
        assert!(indexes.len() > 1 && indexes.iter().all(|index| *index == 0), "{indexes:?}");
    }
    let usage = |chunks: &[Value]| {
        let usage = chunks.last().unwrap()["metadata"]["usage"].as_object().unwrap();
        usage.keys().cloned().collect::<Vec<_>>()
    };
    assert_eq!(usage(&chunks), usage(&simulated));
    assert!(!usage(&chunks).contains(&"totalTokens".to_owned()));
}

#[test]
fn mistral_body_has_all_blocks_of_a_reply() {
    let endpoint = replying(tool_call());
    let value = invoke(&endpoint, MISTRAL, &chat("a"));
    let message = &value["choices"][0]["message"];
    assert_eq!(message["content"], "I look.");
    assert_eq!(message["tool_calls"][0]["function"]["arguments"], r#"{"city":"Paris","days":1}"#);
    assert_eq!(value["choices"][0]["stop_reason"], "tool_calls");
    let chunks = invoke_stream(&endpoint, MISTRAL, &chat("a"));
    assert_eq!(concatenated(&chunks, "/choices/0/message/content"), "I look.");
    assert_eq!(chunks.last().unwrap()["choices"][0]["message"]["tool_calls"], message["tool_calls"]);
}

#[test]
fn reasoning_of_chat_completions_has_the_form_of_the_model() {
    let endpoint = replying(ModelReply::reasoning("Hm.").and(ModelReply::text("Hi.")));
    let (gpt, qwen) = ("openai.gpt-oss-20b-1:0", "qwen.qwen3-32b-v1:0");
    let message = |model_id: &str| invoke(&endpoint, model_id, &chat("a"))["choices"][0]["message"].clone();
    assert_eq!(message(gpt), json!({"role": "assistant", "content": "<reasoning>Hm.</reasoning>Hi."}));
    let separate = json!({"role": "assistant", "content": "Hi.", "reasoning_content": "Hm."});
    assert_eq!(message(qwen), separate);

    let chunks = invoke_stream(&endpoint, gpt, &chat("a"));
    assert_eq!(concatenated(&chunks, "/choices/0/delta/content"), "<reasoning>Hm.</reasoning>Hi.");
    assert!(chunks.iter().all(|chunk| chunk["choices"][0].get("logprobs") == Some(&Value::Null)));
    let chunks = invoke_stream(&endpoint, qwen, &chat("a"));
    assert_eq!(concatenated(&chunks, "/choices/0/delta/reasoning_content"), "Hm.");
    assert_eq!(concatenated(&chunks, "/choices/0/delta/content"), "Hi.");
}

#[test]
fn the_members_of_a_body_have_the_order_of_the_service() {
    let mut body = chat("a");
    body["anthropic_version"] = json!("bedrock-2023-05-31");
    body["max_tokens"] = json!(9);
    let input = input("anthropic.claude-sonnet-4-20250514-v1:0", &body.to_string());
    let response = send(&replying("one"), sign(request(input)));
    let text = String::from_utf8_lossy(response.body());
    let members = ["\"id\":", "\"type\":", "\"role\":", "\"content\":", "\"usage\":"];
    let positions: Vec<_> = members.iter().map(|member| text.find(member).unwrap()).collect();
    assert!(positions.is_sorted(), "{text}");
}

#[test]
fn a_reply_fits_a_body_that_asks_for_a_stream() {
    let mut body = chat("a");
    body["stream"] = json!(true);
    let chunks = invoke_stream(&replying("one two"), "openai.gpt-oss-20b-1:0", &body);
    assert_eq!(concatenated(&chunks, "/choices/0/delta/content"), "one two");
}

/// Checks the text of a reply in a complete response and in a stream.
fn check_text(model_id: &str, body: &Value, text: &str, chunk: &str, stop_reason: &str, expected: &str) {
    let endpoint = replying(ModelReply::text("one two").stop_reason("max_tokens"));
    let value = invoke(&endpoint, model_id, body);
    assert_eq!(value.pointer(text).unwrap(), "one two", "{value}");
    assert_eq!(value.pointer(stop_reason).unwrap(), expected, "{value}");
    let chunks = invoke_stream(&endpoint, model_id, body);
    assert_eq!(concatenated(&chunks, chunk), "one two", "{chunks:?}");
}

#[test]
fn completions_have_the_text_of_a_reply() {
    let prompt = json!({"prompt": "a"});
    check_text(LLAMA, &prompt, "/generation", "/generation", "/stop_reason", "length");
    let mistral = "mistral.mistral-7b-instruct-v0:2";
    check_text(mistral, &prompt, "/outputs/0/text", "/outputs/0/text", "/outputs/0/stop_reason", "length");
    let (titan, reason) = ("amazon.titan-text-express-v1", "/results/0/completionReason");
    check_text(titan, &json!({"inputText": "a"}), "/results/0/outputText", "/outputText", reason, "LENGTH");
    let cohere = "cohere.command-r-v1:0";
    check_text(cohere, &json!({"message": "a"}), "/text", "/text", "/finish_reason", "MAX_TOKENS");
}

#[test]
fn a_reply_must_fit_the_schema_of_the_model() {
    let endpoint = replying(tool_call());
    let message =
        check_error(&endpoint, sign(request(input(LLAMA, r#"{"prompt":"a"}"#))), 400, "ValidationException");
    check_contains(&message, "calls the tool \"weather\"");
    check_contains(
        &check_error(&endpoint, streaming(LLAMA, r#"{"prompt":"a"}"#), 400, "ValidationException"),
        "calls the tool",
    );
    let message = check_error(&endpoint, sign(request(input(TITAN, BODY))), 400, "ValidationException");
    check_contains(&message, "Use a text model");
}

#[test]
fn an_invalid_request_gets_no_reply() {
    check_error(
        &replying("hello"),
        sign(request(input(CLAUDE, r#"{"messages":[]}"#))),
        400,
        "ValidationException",
    );
}

/// Checks that a request of `Converse` meets a condition if `expected` is `true`, and does not meet the
/// condition if `expected` is `false`.
fn check_when(when: When, body: &Value, expected: bool) {
    let endpoint = builder().reply(when.clone(), "matched").build_state();
    let value = converse(&endpoint, CLAUDE, body);
    let matched = value["output"]["message"]["content"][0]["text"] == "matched";
    assert_eq!(matched, expected, "{when:?} {body}");
}

fn with_result() -> Value {
    let call = json!({"toolUse": {"toolUseId": "t1", "name": "weather", "input": {}}});
    let result = json!({"toolResult": {"toolUseId": "t1", "content": [{"text": "sunny"}]}});
    json!({
        "system": [{"text": "You are a planner."}],
        "messages": [
            user("How is the weather?"),
            {"role": "assistant", "content": [call]},
            {"role": "user", "content": [result]},
        ],
        "toolConfig": tools(json!({"auto": {}})),
    })
}

#[test]
fn conditions_select_calls() {
    check_when(When::new().operation("Converse"), &hello(), true);
    check_when(When::new().operation("ConverseStream"), &hello(), false);
    check_when(When::new().model("anthropic.*"), &hello(), true);
    check_when(When::new().model("amazon.*"), &hello(), false);
    check_when(When::new().prompt_contains("ell"), &hello(), true);
    check_when(When::new().prompt_contains("Ell"), &hello(), false);
    check_when(When::new().prompt_matches("^h.llo$").unwrap(), &hello(), true);
    check_when(When::new().prompt_matches("(?i)^HI").unwrap(), &hello(), false);
    check_when(When::new().system_contains("planner"), &with_result(), true);
    check_when(When::new().system_contains("planner"), &hello(), false);
    check_when(When::new().tool("weather"), &with_result(), true);
    check_when(When::new().tool("other"), &with_result(), false);
    check_when(When::new().tool_result("weather"), &with_result(), true);
    check_when(When::new().tool_result("*"), &with_result(), true);
    check_when(When::new().tool_result("final"), &with_result(), false);
    check_when(When::new().tool_result("*"), &hello(), false);
    // The last message of the user has a result, but no text.
    check_when(When::new().prompt_contains("weather"), &with_result(), false);
    check_when(When::new().prompt_contains("hello").model("amazon.*"), &hello(), false);
    assert!(When::new().prompt_matches("(").is_err());
}

#[test]
fn a_result_belongs_to_the_last_call_with_its_id() {
    let call = json!({"toolUse": {"toolUseId": "t1", "name": "final", "input": {}}});
    let result = json!({"toolResult": {"toolUseId": "t1", "content": [{"text": "done"}]}});
    let mut body = with_result();
    let messages = body["messages"].as_array_mut().unwrap();
    messages.push(json!({"role": "assistant", "content": [call]}));
    messages.push(json!({"role": "user", "content": [result]}));
    check_when(When::new().tool_result("final"), &body, true);
    check_when(When::new().tool_result("weather"), &body, false);
}

/// Checks that a body in the schema of a model family meets the conditions.
fn check_body(model_id: &str, body: &Value, when: When) {
    let other = Fault::error(invoke_model_types::ThrottlingException::default());
    let endpoint =
        builder().fault_rules([Fault::new().when(when).reply("matched").into(), other.into()]).build_state();
    let value = invoke(&endpoint, model_id, body);
    check_contains(&value.to_string(), "matched");
}

#[test]
fn conditions_read_the_bodies_of_all_families() {
    let call = json!({"type": "tool_use", "id": "t1", "name": "weather", "input": {}});
    let result = json!({"type": "tool_result", "tool_use_id": "t1", "content": "sunny"});
    let tool = json!({"name": "weather", "input_schema": {"type": "object"}});
    let mut body = claude("weather?");
    body["system"] = json!("planner");
    body["tools"] = json!([tool]);
    check_body(
        CLAUDE,
        &body,
        When::new().prompt_contains("weather?").system_contains("planner").tool("weather"),
    );
    body["messages"] = json!([
        {"role": "user", "content": "weather?"},
        {"role": "assistant", "content": [call]},
        {"role": "user", "content": [result, {"type": "text", "text": "go on"}]},
    ]);
    check_body(CLAUDE, &body, When::new().tool_result("weather").prompt_contains("go on"));

    let mut nova = with_result();
    check_body(NOVA, &nova, When::new().tool_result("weather").system_contains("planner").tool("final"));
    nova["messages"] = json!([user("hello")]);
    check_body(NOVA, &nova, When::new().prompt_contains("hello"));

    let function = json!({"name": "weather", "arguments": "{}"});
    let body = json!({
        "messages": [
            {"role": "system", "content": "planner"},
            {"role": "user", "content": "weather?"},
            {"role": "assistant", "content": "", "tool_calls": [{"id": "t1", "type": "function", "function": function}]},
            {"role": "tool", "tool_call_id": "t1", "content": "sunny"},
        ],
        "tools": [{"type": "function", "function": {"name": "weather", "parameters": {"type": "object"}}}],
    });
    check_body(MISTRAL, &body, When::new().tool_result("weather").system_contains("planner").tool("weather"));

    let prompt = "<|start_header_id|>user<|end_header_id|>\n\nfirst<|eot_id|><|start_header_id|>user<|end_header_id|>\n\nsecond<|eot_id|>";
    check_body(LLAMA, &json!({"prompt": prompt}), When::new().prompt_matches("^second$").unwrap());
    check_body("cohere.command-r-v1:0", &json!({"message": "second"}), When::new().prompt_contains("second"));
    let titan = "amazon.titan-text-express-v1";
    check_body(
        titan,
        &json!({"inputText": "User: second\nBot:"}),
        When::new().prompt_matches("^second$").unwrap(),
    );
}

#[test]
fn each_of_several_replies_is_given_once() {
    let when = When::new().model("anthropic.*");
    let endpoint = builder().replies(&when, ["one", "two"]).build_state();
    let texts: Vec<_> = (0..3)
        .map(|_| converse(&endpoint, CLAUDE, &hello())["output"]["message"]["content"][0]["text"].clone())
        .collect();
    assert_eq!(texts, ["one", "two", "You said: hello"]);
}

#[test]
fn a_fault_can_break_a_reply() {
    let fault =
        Fault::new().reply("one two three").break_stream(2, crate::StreamFault::Truncate { bytes: 3 });
    let endpoint = builder().fault_rules([fault.into()]).build_state();
    let response = head(&endpoint, json_request(CLAUDE, "converse-stream", &hello()));
    let (frames, error) = frames(response.into_body());
    assert_eq!((frames.len(), frames[2].len()), (3, 3));
    assert!(error.is_some());
}

#[test]
fn a_reply_counts_against_the_quotas_and_in_the_log() {
    let endpoint = replying(ModelReply::text("hello").usage(11, 3));
    converse(&endpoint, CLAUDE, &hello());
    let call = endpoint.log.calls().pop().unwrap();
    assert_eq!((call.input_tokens, call.output_tokens, call.worked_on), (Some(11), Some(3), true));
}
