//! Tests with the kinds of `Converse` request that agent frameworks send: `ChatBedrockConverse` of
//! langchain-aws, `BedrockModel` of strands-agents, and `BedrockConverseModel` of pydantic-ai. We wrote the
//! requests ourselves. They have the members that these classes set.

use std::fmt::Debug;

use invoke_model_types::{Converse, ConverseStream, CountTokens, ServerOperation};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::model::Model;

/// The model id of all requests. It is part of the path, not of the body.
const MODEL: &str = "eu.anthropic.claude-sonnet-4-5-20250929-v1:0";

#[test]
fn text_requests_round_trip() {
    // langchain-aws omits parameters that are not set, but sends `system` and `inferenceConfig` even if they are
    // empty.
    check(json!({
        "messages": [{ "role": "user", "content": [{ "text": "hello" }] }],
        "system": [],
        "inferenceConfig": {},
    }));
    // strands-agents always sends the system prompt and the inference parameters.
    check(json!({
        "messages": [
            { "role": "user", "content": [{ "text": "Name a river." }, { "text": " " }] },
            { "role": "assistant", "content": [{ "text": "Rhône" }] },
            { "role": "user", "content": [{ "text": "Another one." }] },
        ],
        "system": [{ "text": "Be brief." }],
        "inferenceConfig": {
            "maxTokens": 512, "temperature": 0.3, "topP": 0.95, "stopSequences": ["</answer>", "\n\n"],
        },
        "additionalModelRequestFields": { "top_k": 50, "nested": { "list": [0.25, null, true] } },
        "additionalModelResponseFieldPaths": ["/stop_sequence"],
    }));
    check(json!({
        "messages": [{ "role": "user", "content": [{ "text": "hello" }] }],
        "performanceConfig": { "latency": "optimized" },
        "serviceTier": { "type": "flex" },
        "requestMetadata": { "tenant": "a", "trace": "b/c" },
        "promptVariables": { "topic": { "text": "rivers" } },
    }));
}

#[test]
fn media_requests_round_trip() {
    check(json!({ "messages": [{ "role": "user", "content": [
        { "text": "Describe these files." },
        { "image": { "format": "png", "source": { "bytes": "iVBORw0KGgo=" } } },
        { "image": { "format": "jpeg", "source": { "s3Location": { "uri": "s3://bucket/a.jpg" } } } },
        { "document": { "name": "report", "format": "pdf", "source": { "bytes": "JVBERi0=" } } },
        { "document": { "name": "notes", "format": "txt", "source": { "text": "plain" } } },
        { "document": {
            "name": "cited", "format": "md", "source": { "bytes": "IyBhCg==" }, "context": "draft",
            "citations": { "enabled": true },
        } },
        { "document": { "name": "remote", "format": "docx", "source": {
            "s3Location": { "uri": "s3://bucket/a.docx", "bucketOwner": "123456789012" },
        } } },
        { "video": { "format": "three_gp", "source": { "bytes": "AAAA" } } },
        { "video": { "format": "mp4", "source": { "s3Location": { "uri": "s3://bucket/a.mp4" } } } },
        { "audio": { "format": "wav", "source": { "bytes": "UklGRg==" } } },
    ] }] }));
}

#[test]
fn tool_requests_round_trip() {
    let schema = json!({
        "$defs": { "Unit": { "enum": ["C", "F"], "type": "string" } },
        "additionalProperties": false,
        "properties": {
            "city": { "type": "string", "description": "Name of the city" },
            "unit": { "anyOf": [{ "$ref": "#/$defs/Unit" }, { "type": "null" }], "default": null },
            "days": { "type": "integer", "minimum": 1, "maximum": 14 },
        },
        "required": ["city"],
        "type": "object",
    });
    for choice in [json!({ "auto": {} }), json!({ "any": {} }), json!({ "tool": { "name": "weather" } })] {
        check(json!({
            "messages": [{ "role": "user", "content": [{ "text": "Weather in Lyon?" }] }],
            "toolConfig": {
                "tools": [
                    { "toolSpec": { "name": "weather", "description": "Returns the weather.",
                        "inputSchema": { "json": schema }, "strict": true } },
                    { "toolSpec": { "name": "now", "inputSchema": { "json": { "type": "object", "properties": {} } } } },
                    { "systemTool": { "name": "nova_code_interpreter" } },
                    { "cachePoint": { "type": "default" } },
                ],
                "toolChoice": choice,
            },
        }));
    }
    check(json!({
        "messages": [
            { "role": "user", "content": [{ "text": "Weather in Lyon?" }] },
            { "role": "assistant", "content": [
                { "text": "I look it up." },
                { "toolUse": { "toolUseId": "tooluse_1", "name": "weather", "input": { "city": "Lyon", "days": 3 } } },
                { "toolUse": { "toolUseId": "tooluse_2", "name": "now", "input": {} } },
                { "toolUse": { "toolUseId": "tooluse_3", "name": "nova_code_interpreter",
                    "input": { "snippet": "1 + 1" }, "type": "server_tool_use" } },
                { "toolResult": { "toolUseId": "tooluse_3", "content": [{ "json": null }], "status": "error",
                    "type": "nova_code_interpreter_result" } },
            ] },
            { "role": "user", "content": [
                { "toolResult": { "toolUseId": "tooluse_1", "status": "success", "content": [
                    { "text": "sunny" },
                    { "json": { "degrees": 21.5, "hours": [9, 10], "wind": null } },
                    { "json": "text" },
                    { "json": [1, 2] },
                    { "image": { "format": "webp", "source": { "bytes": "UklGRg==" } } },
                    { "document": { "name": "forecast", "format": "csv", "source": { "bytes": "YSxi" } } },
                    { "searchResult": { "source": "https://example.com", "title": "Weather",
                        "content": [{ "text": "Sun." }], "citations": { "enabled": true } } },
                ] } },
                { "toolResult": { "toolUseId": "tooluse_2", "content": [{ "text": "Error: no clock" }], "status": "error" } },
                { "cachePoint": { "type": "default", "ttl": "1h" } },
            ] },
        ],
        "toolConfig": { "tools": [{ "toolSpec": { "name": "now", "inputSchema": { "json": {} } } }] },
    }));
}

#[test]
fn cache_points_round_trip() {
    check(json!({
        "messages": [{ "role": "user", "content": [
            { "text": "A long text." }, { "cachePoint": { "type": "default" } }, { "text": "A question." },
        ] }],
        "system": [{ "text": "Be brief." }, { "cachePoint": { "type": "default", "ttl": "5m" } }],
        "toolConfig": { "tools": [
            { "toolSpec": { "name": "now", "inputSchema": { "json": { "type": "object" } } } },
            { "cachePoint": { "type": "default", "ttl": "1h" } },
        ] },
    }));
}

#[test]
fn reasoning_and_citations_round_trip() {
    check(json!({
        "messages": [
            { "role": "user", "content": [
                { "searchResult": { "source": "a", "title": "b", "content": [{ "text": "c" }] } },
                { "text": "Why?" },
            ] },
            { "role": "assistant", "content": [
                { "reasoningContent": { "reasoningText": { "text": "First", "signature": "c2lnbmF0dXJl" } } },
                { "reasoningContent": { "reasoningText": { "text": "Then" } } },
                { "reasoningContent": { "redactedContent": "aGlkZGVu" } },
                { "citationsContent": {
                    "content": [{ "text": "Because." }],
                    "citations": [{ "title": "b", "source": "a", "sourceContent": [{ "text": "c" }],
                        "location": { "searchResultLocation": { "searchResultIndex": 0, "start": 0, "end": 1 } } }],
                } },
            ] },
        ],
        "additionalModelRequestFields": {
            "thinking": { "type": "enabled", "budget_tokens": 2048 },
            "anthropic_beta": ["interleaved-thinking-2025-05-14"],
        },
        "outputConfig": { "effort": "high", "textFormat": { "type": "json_schema", "structure": {
            "jsonSchema": { "schema": "{\"type\":\"object\"}", "name": "Place", "description": "A place." },
        } } },
    }));
}

#[test]
fn guardrail_requests_round_trip() {
    let content = json!([
        { "guardContent": { "text": { "text": "Only this.", "qualifiers": ["guard_content", "query"] } } },
        { "guardContent": { "text": { "text": "[tool_result]" } } },
        { "guardContent": { "image": { "format": "png", "source": { "bytes": "iVBORw0KGgo=" } } } },
    ]);
    let request = |guardrail: Value| {
        json!({
            "messages": [{ "role": "user", "content": content }],
            "system": [{ "guardContent": { "text": { "text": "A rule." } } }],
            "guardrailConfig": guardrail,
        })
    };
    let guardrail =
        json!({ "guardrailIdentifier": "gr1abc", "guardrailVersion": "DRAFT", "trace": "enabled" });
    check_operation::<Converse>(&request(guardrail));
    check_operation::<ConverseStream>(&request(json!({
        "guardrailIdentifier": "arn:aws:bedrock:eu-west-1:123456789012:guardrail/gr1abc", "guardrailVersion": "1",
        "trace": "enabled_full", "streamProcessingMode": "async",
    })));
}

/// Checks a body of `Converse`, `ConverseStream` and `CountTokens`.
fn check(body: Value) {
    check_operation::<Converse>(&body);
    check_operation::<ConverseStream>(&body);
    let mut counted = json!({ "converse": {} });
    for name in ["messages", "system", "toolConfig", "additionalModelRequestFields"] {
        if let Some(value) = body.get(name) {
            counted["converse"][name] = value.clone();
        }
    }
    check_operation::<CountTokens>(&json!({ "input": counted }));
}

/// Checks that an input of the operation keeps all members of a body. Deserializes the body into an input
/// with serde. Then compares the body with the JSON that serde writes for the input, and with the body of the
/// serialized request.
fn check_operation<O: ServerOperation>(body: &Value)
where
    O::Input: Clone + Debug + PartialEq + Serialize + DeserializeOwned,
{
    let mut members = body.clone();
    members["modelId"] = json!(MODEL);
    let input: O::Input = serde_json::from_value(members.clone()).unwrap();
    // Converts the input to text first, because `serde_json::to_value` would convert a float into a double
    // with more digits.
    let text = serde_json::to_string(&input).unwrap();
    assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), members);

    let request = O::serialize(input.clone()).unwrap();
    assert_eq!(serde_json::from_slice::<Value>(request.body()).unwrap(), *body);
    assert_eq!(O::parse_request(&request).unwrap(), input);
    let known = Model::new().input(O::NAME, &request);
    assert_eq!(known.value, members);
    assert!(known.unknown.is_empty(), "the Smithy model does not define {:?}", known.unknown);
}
