//! Tests of forced tool calls in the schemas of Claude, Nova and Mistral.

use serde_json::{Value, json};

use super::{check_malformed, check_rejected, response_body, streamed, with};

const CLAUDE: &str = "anthropic.claude-3-haiku-20240307-v1:0";
const NOVA: &str = "amazon.nova-lite-v1:0";
const MISTRAL: &str = "mistral.mistral-large-2407-v1:0";

fn schema() -> Value {
    json!({"type": "object", "properties": {"city": {"type": "string", "minLength": 2}}, "required": ["city"]})
}

fn claude(choice: Value) -> Value {
    json!({
        "anthropic_version": "bedrock-2023-05-31",
        "max_tokens": 100,
        "messages": [{"role": "user", "content": "hello"}],
        "tools": [{"name": "f", "input_schema": schema()}, {"name": "g", "input_schema": {"type": "object"}}],
        "tool_choice": choice,
    })
}

fn nova(choice: Value) -> Value {
    json!({
        "messages": [{"role": "user", "content": [{"text": "hello"}]}],
        "toolConfig": {
            "tools": [{"toolSpec": {"name": "f", "description": "d", "inputSchema": {"json": schema()}}}],
            "toolChoice": choice,
        },
    })
}

fn mistral(choice: &str) -> Value {
    json!({
        "messages": [{"role": "user", "content": "hello"}],
        "tools": [{"type": "function", "function": {"name": "f", "description": "d", "parameters": schema()}}],
        "tool_choice": choice,
    })
}

fn push(body: &mut Value, message: Value) {
    body["messages"].as_array_mut().unwrap().push(message);
}

#[test]
fn claude_calls_a_forced_tool_and_answers_its_result() {
    for (choice, name) in [(json!({"type": "any"}), "f"), (json!({"type": "tool", "name": "g"}), "g")] {
        let mut body = claude(choice.clone());
        let message = response_body(CLAUDE, body.clone());
        assert_eq!(
            (&message["stop_reason"], &message["content"][0]["name"]),
            (&json!("tool_use"), &json!(name))
        );
        let id = message["content"][0]["id"].as_str().unwrap().to_owned();
        assert!(id.starts_with("toolu_bdrk_01"), "{id}");
        push(&mut body, json!({"role": "assistant", "content": message["content"]}));
        let result = json!({"type": "tool_result", "tool_use_id": id, "content": "sunny"});
        push(&mut body, json!({"role": "user", "content": [result]}));
        let expected = if choice["type"] == "any" { "tool_use" } else { "end_turn" };
        assert_eq!(response_body(CLAUDE, body)["stop_reason"], expected, "`any` calls the other tool");
    }
    assert_eq!(response_body(CLAUDE, claude(json!({"type": "auto"})))["stop_reason"], "end_turn");
    assert_eq!(response_body(CLAUDE, claude(json!({"type": "none"})))["stop_reason"], "end_turn");
}

#[test]
fn claude_streams_the_arguments_as_pieces_of_json() {
    let chunks = streamed(CLAUDE, claude(json!({"type": "any"})));
    let start = &chunks[1]["content_block"];
    assert_eq!(
        (&start["type"], &start["name"], &start["input"]),
        (&json!("tool_use"), &json!("f"), &json!({}))
    );
    let pieces = chunks.iter().filter_map(|chunk| chunk["delta"]["partial_json"].as_str());
    let pieces: Vec<_> = pieces.collect();
    assert!(pieces.len() > 2, "{pieces:?}");
    assert_eq!(pieces.concat(), r#"{"city":"aa"}"#);
    assert_eq!(chunks[chunks.len() - 2]["delta"]["stop_reason"], "tool_use");
}

#[test]
fn a_call_that_exceeds_the_limit_is_not_returned() {
    let message = response_body(CLAUDE, with(claude(json!({"type": "any"})), "/max_tokens", json!(2)));
    assert_eq!((&message["content"], &message["stop_reason"]), (&json!([]), &json!("max_tokens")));
    assert_eq!(message["usage"]["output_tokens"], 2);
}

#[test]
fn claude_rejects_malformed_tools() {
    let any = || claude(json!({"type": "any"}));
    check_rejected(CLAUDE, with(any(), "/tools/1/name", json!("f")), "tools: Tool names must be unique.");
    check_rejected(
        CLAUDE,
        with(any(), "/tools", json!([])),
        "tool_choice: tool_choice may only be specified while providing tools.",
    );
    let other = claude(json!({"type": "tool", "name": "h"}));
    check_rejected(CLAUDE, other, "tool_choice: Tool 'h' not found in provided tools");
    check_rejected(CLAUDE, claude(json!({"type": "tool"})), "tool_choice.tool.name: Field required");
    let mut unpaired = any();
    let call = json!({"type": "tool_use", "id": "t", "name": "f", "input": {}});
    push(&mut unpaired, json!({"role": "assistant", "content": [call]}));
    push(&mut unpaired, json!({"role": "user", "content": "b"}));
    check_rejected(
        CLAUDE,
        unpaired,
        "messages.1: `tool_use` ids were found without `tool_result` blocks immediately after: t. Each `tool_use` \
         block must have a corresponding `tool_result` block in the next message.",
    );
    let mut unexpected = any();
    let result = json!([{"type": "tool_result", "tool_use_id": "t", "content": "a"}]);
    unexpected["messages"][0]["content"] = result;
    check_rejected(
        CLAUDE,
        unexpected,
        "messages.0.content: unexpected `tool_use_id` found in `tool_result` blocks: t. Each `tool_result` block must \
         have a corresponding `tool_use` block in the previous message.",
    );
}

#[test]
fn nova_calls_a_forced_tool_and_answers_its_result() {
    for choice in [json!({"any": {}}), json!({"tool": {"name": "f"}})] {
        let mut body = nova(choice);
        let response = response_body(NOVA, body.clone());
        assert_eq!(response["stopReason"], "tool_use");
        let message = response["output"]["message"].clone();
        let call = &message["content"][0]["toolUse"];
        assert_eq!((&call["name"], &call["input"]), (&json!("f"), &json!({"city": "aa"})));
        let result =
            json!({"toolUseId": call["toolUseId"], "content": [{"text": "sunny"}, {"json": {"n": 1}}]});
        push(&mut body, message.clone());
        push(&mut body, json!({"role": "user", "content": [{"toolResult": result}]}));
        let response = response_body(NOVA, body);
        let text = &response["output"]["message"]["content"][0]["text"];
        assert_eq!(
            (text, &response["stopReason"]),
            (&json!("You said: sunny\n{\"n\":1}"), &json!("end_turn"))
        );
    }
    assert_eq!(response_body(NOVA, nova(json!({"auto": {}})))["stopReason"], "end_turn");
}

#[test]
fn nova_streams_the_arguments_as_pieces_of_json() {
    let chunks = streamed(NOVA, nova(json!({"any": {}})));
    assert_eq!(chunks[1]["contentBlockStart"]["start"]["toolUse"]["name"], "f");
    let pieces: Vec<_> = chunks
        .iter()
        .filter_map(|chunk| chunk.pointer("/contentBlockDelta/delta/toolUse/input")?.as_str())
        .collect();
    assert!(pieces.len() > 1, "{pieces:?}");
    assert_eq!(pieces.concat(), r#"{"city":"aa"}"#);
    assert_eq!(chunks[chunks.len() - 2]["messageStop"]["stopReason"], "tool_use");
}

#[test]
fn nova_rejects_malformed_tools() {
    let problem = "#/toolConfig/toolChoice: the tool h is not one of the tools";
    check_malformed(NOVA, nova(json!({"tool": {"name": "h"}})), problem);
    let mut twice = nova(json!({"any": {}}));
    let tool = twice["toolConfig"]["tools"][0].clone();
    twice["toolConfig"]["tools"] = json!([tool, tool]);
    check_malformed(NOVA, twice, "#/toolConfig/tools: the tool name f occurs more than once");
}

#[test]
fn mistral_calls_a_forced_tool_and_answers_its_result() {
    let mut body = mistral("any");
    let response = response_body(MISTRAL, body.clone());
    let choice = &response["choices"][0];
    assert_eq!(choice["stop_reason"], "tool_calls");
    let message = choice["message"].clone();
    let call = &message["tool_calls"][0];
    assert_eq!(call["function"], json!({"name": "f", "arguments": r#"{"city":"aa"}"#}));
    let result = json!({"role": "tool", "tool_call_id": call["id"], "content": "sunny"});
    let chunks = streamed(MISTRAL, body.clone());
    assert_eq!(chunks.len(), 1);
    assert_eq!(chunks[0]["choices"][0]["message"]["tool_calls"], message["tool_calls"]);
    push(&mut body, message);
    push(&mut body, result);
    let response = response_body(MISTRAL, body);
    let choice = &response["choices"][0];
    assert_eq!(
        (&choice["message"]["content"], &choice["stop_reason"]),
        (&json!("You said: sunny"), &json!("stop"))
    );
    assert_eq!(response_body(MISTRAL, mistral("auto"))["choices"][0]["stop_reason"], "stop");
}
