//! Property tests of conversations that are generated from valid and invalid parts.

use invoke_model_types::{Converse, ConverseStream, OperationError};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::converse::json_request;
use super::*;
use crate::families::MODELS;

fn any_block() -> impl Strategy<Value = Value> {
    let id = prop_oneof![Just("t1"), Just("t2"), Just("not an id")];
    let name = prop_oneof![Just("f"), Just("g")];
    prop_oneof![
        4 => "[a-z \n]{0,12}".prop_map(|text| json!({"text": text})),
        2 => (id.clone(), name).prop_map(|(id, name)| json!({"toolUse": {"toolUseId": id, "name": name, "input": {}}})),
        2 => id.prop_map(|id| json!({"toolResult": {"toolUseId": id, "content": [{"text": "a"}, {"json": {}}]}})),
        1 => Just(json!({"cachePoint": {"type": "default"}})),
        1 => Just(json!({"image": {"format": "png", "source": {"bytes": "aGk="}}})),
        1 => Just(json!({"document": {"format": "pdf", "name": "d", "source": {"bytes": "aGk="}}})),
        1 => Just(json!({"reasoningContent": {"reasoningText": {"text": "hm"}}})),
        1 => Just(json!({"novel": 1})),
    ]
}

fn any_messages() -> impl Strategy<Value = Value> {
    let contents = prop::collection::vec(prop::collection::vec(any_block(), 0..3), 0..4);
    (contents, prop::bool::weighted(0.9)).prop_map(|(contents, alternates)| {
        let messages = contents.into_iter().enumerate().map(|(index, content)| {
            let role = if alternates && index % 2 == 1 { "assistant" } else { "user" };
            json!({"role": role, "content": content})
        });
        messages.collect()
    })
}

/// Generates JSON Schemas that contain references, alternatives and bounds.
fn any_schema() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(json!({"type": "string", "minLength": 3})),
        Just(json!({"type": "integer", "minimum": 2, "maximum": 9})),
        Just(json!({"enum": [1, "a"]})),
        Just(json!({"$ref": "#"})),
        Just(json!(true)),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            inner.clone().prop_map(|item| json!({"type": "array", "items": item, "minItems": 2})),
            inner.clone().prop_map(|schema| json!({"anyOf": [schema, {"type": "null"}]})),
            (inner.clone(), inner).prop_map(|(a, b)| {
                json!({"type": "object", "properties": {"a": a, "b": b}, "required": ["a", "b"]})
            }),
        ]
    })
}

fn any_tools() -> impl Strategy<Value = Value> {
    let choice = prop_oneof![
        Just(json!({"auto": {}})),
        Just(json!({"any": {}})),
        Just(json!({"tool": {"name": "f"}})),
        Just(json!({"tool": {"name": "h"}})),
    ];
    (any_schema(), choice).prop_map(|(inner, choice)| {
        let schema = json!({"type": "object", "properties": {"n": inner}, "required": ["n"]});
        let tool = json!({"toolSpec": {"name": "f", "inputSchema": {"json": schema}}});
        json!({"tools": [tool, {"toolSpec": {"name": "g", "inputSchema": {"json": {"type": "object"}}}}], "toolChoice": choice})
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]
    #[test]
    fn every_conversation_gets_a_response(
        model in 0..MODELS.len(),
        messages in any_messages(),
        tools in prop::option::of(any_tools()),
        max_tokens in prop::option::of(0..20),
        thinks: bool,
    ) {
        let model_id = MODELS[model].id;
        let mut conversation = json!({"messages": messages});
        if let Some(tools) = tools {
            conversation["toolConfig"] = tools;
        }
        if thinks {
            conversation["additionalModelRequestFields"] = json!({"thinking": {"type": "adaptive"}});
        }
        let counted = send(
            &endpoint(),
            json_request(model_id, "count-tokens", &json!({"input": {"converse": conversation}})),
        );
        let mut body = conversation;
        if let Some(max_tokens) = max_tokens {
            body["inferenceConfig"] = json!({"maxTokens": max_tokens});
        }
        let response = send(&endpoint(), json_request(model_id, "converse", &body));
        let stream = send(&endpoint(), json_request(model_id, "converse-stream", &body));
        match Converse::parse_response(&response) {
            Ok(output) => {
                let usage = output.usage;
                // The input tokens do not include the tokens of the prompt cache. The total includes them.
                let cached = [usage.cache_read_input_tokens, usage.cache_write_input_tokens];
                let cached: i32 = cached.into_iter().flatten().sum();
                prop_assert_eq!(usage.total_tokens, usage.input_tokens + cached + usage.output_tokens);
                if let Some(max_tokens) = max_tokens {
                    prop_assert!(usage.output_tokens <= max_tokens);
                }
                if counted.status().is_success() {
                    let counted: Value = serde_json::from_slice(counted.body()).unwrap();
                    prop_assert_eq!(&counted["inputTokens"], usage.input_tokens + cached);
                }
            }
            Err(invoke_model_types::ResponseError::Service(error)) => {
                prop_assert!(matches!(error.status(), Some(400 | 403)), "{}", error);
                prop_assert!(error.message().is_some_and(|message| !message.is_empty()));
                let same = ConverseStream::service_error(&stream);
                // Some models support tools, but not in streams.
                if same.message() != Some("This model doesn't support tool use in streaming mode.") {
                    prop_assert_eq!(same.message(), error.message());
                }
            }
            Err(error) => prop_assert!(false, "{}", error),
        }
    }
}
