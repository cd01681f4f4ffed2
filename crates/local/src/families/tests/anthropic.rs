//! Tests of the Claude Messages API.

use super::*;

const MODEL: &str = "anthropic.claude-3-haiku-20240307-v1:0";

/// A model that supports thinking.
const THINKER: &str = "anthropic.claude-sonnet-4-5-20250929-v1:0";

fn body() -> Value {
    minimal(Family::Anthropic)
}

#[test]
fn responds_to_a_minimal_request() {
    let response = response_body(MODEL, body());
    let id = response["id"].as_str().unwrap();
    assert!(id.starts_with("msg_bdrk_") && id.len() == 33, "{id}");
    let expected = json!({
        "id": id,
        "type": "message",
        "role": "assistant",
        "model": "claude-3-haiku-20240307",
        "content": [{"type": "text", "text": "You said: hello"}],
        "stop_reason": "end_turn",
        "stop_sequence": null,
        "usage": {"input_tokens": 1, "output_tokens": 4},
    });
    assert_eq!(response, expected);
    assert_ne!(response_body(MODEL, with(body(), "/max_tokens", json!(99)))["id"], id);
}

#[test]
fn responds_to_a_full_request() {
    let body = json!({
        "anthropic_version": "bedrock-2023-05-31",
        "anthropic_beta": ["computer-use-2024-10-22"],
        "max_tokens": 1_000,
        "system": [{"type": "text", "text": "Be brief.", "cache_control": {"type": "ephemeral"}}],
        "messages": [
            {"role": "user", "content": "first"},
            {"role": "assistant", "content": [
                {"type": "thinking", "thinking": "hm", "signature": "s"},
                {"type": "tool_use", "id": "t", "name": "look", "input": {}},
            ]},
            {"role": "user", "content": [
                {"type": "tool_result", "tool_use_id": "t", "content": [{"type": "text", "text": "found"}]},
                {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AAAA"}},
                {"type": "search_result", "source": "https://example.com", "title": "t", "content": []},
                {"type": "text", "text": "and what is this?"},
            ]},
            {"role": "assistant", "content": ""},
        ],
        "temperature": 1,
        "top_p": 0.5,
        "top_k": 500,
        "tools": [{"name": "look", "input_schema": {"type": "object"}}],
        "tool_choice": {"type": "auto"},
        "thinking": {"type": "disabled"},
        "metadata": {"user_id": "u"},
        "stop_sequences": ["?"],
    });
    let (response, message) = invoke(MODEL, &body);
    assert_eq!(message["content"][0]["text"], "You said: found\nand what is this");
    assert_eq!(message["stop_reason"], "stop_sequence");
    assert_eq!(message["stop_sequence"], "?");
    assert_eq!(message["usage"], json!({"input_tokens": 1 + 6 + 3, "output_tokens": 8}));
    assert_eq!((response.input_tokens, response.output_tokens), (10, 8));
}

#[test]
fn replies_are_truncated_at_max_tokens() {
    let message = response_body(MODEL, with(body(), "/max_tokens", json!(2)));
    assert_eq!(message["content"][0]["text"], "You said");
    assert_eq!(message["stop_reason"], "max_tokens");
    assert_eq!(message["usage"]["output_tokens"], 2);
}

#[test]
fn a_stop_sequence_at_the_start_yields_no_content() {
    let message = response_body(MODEL, with(body(), "/stop_sequences", json!(["You"])));
    assert_eq!(message["content"], json!([]));
    assert_eq!(message["usage"]["output_tokens"], 0);
}

#[test]
fn responses_have_the_model_name_of_the_vendor() {
    let name = |model| response_body(model, body())["model"].clone();
    assert_eq!(name("anthropic.claude-3-5-sonnet-20241022-v2:0"), "claude-3-5-sonnet-20241022");
    assert_eq!(name("anthropic.claude-opus-4-6-v1"), "claude-opus-4-6");
    assert_eq!(name("anthropic.claude-sonnet-4-6"), "claude-sonnet-4-6");
}

#[test]
fn rejections_use_the_words_of_claude_models() {
    let check =
        |at: &str, value: Value, message: &str| check_rejected(MODEL, with(body(), at, value), message);
    check("/anthropic_version", Value::Null, "anthropic_version: Field required");
    check("/anthropic_version", json!(1), "anthropic_version: Input should be a valid string");
    for version in
        ["", "bedrock", "bedrock-2023-05-32", "2023-06-0x", "2023_06-01", "claude-3-sonnet-20240229-v1:0"]
    {
        check("/anthropic_version", json!(version), &format!("Invalid API version: {version}"));
    }
    assert!(respond(MODEL, &with(body(), "/anthropic_version", json!("2023-06-01"))).is_ok());
    check("/max_tokens", Value::Null, "max_tokens: Field required");
    check("/max_tokens", json!("9"), "max_tokens: Input should be a valid integer");
    check("/max_tokens", json!(0), "max_tokens: 0 is not greater or equal to 1");
    check("/messages", Value::Null, "messages: Field required");
    check("/messages", json!({}), "messages: Input should be a valid list");
    check("/messages", json!([]), "messages: at least one message is required");
    check("/model", json!("x"), "model: Extra inputs are not permitted");
    check("/system", json!(1), "system: Input should be a valid string or list");
    check("/temperature", json!(1.5), "temperature: 1.5 is not less or equal to 1");
    check("/top_p", json!(true), "top_p: Input should be a valid number");
    check("/top_k", json!(501), "top_k: 501 is not less or equal to 500");
    check("/stop_sequences", json!("a"), "stop_sequences: Input should be a valid list");
}

#[test]
fn rejects_invalid_messages() {
    let check =
        |messages: Value, message: &str| check_rejected(MODEL, with(body(), "/messages", messages), message);
    let user = |content: Value| json!([{"role": "user", "content": content}]);
    check(
        json!([{"role": "assistant", "content": "a"}]),
        "messages: first message must use the \"user\" role",
    );
    check(
        json!([{"role": "system", "content": "a"}]),
        "messages.0.role: Input should be 'user' or 'assistant'",
    );
    check(json!([{"role": "user"}]), "messages.0.content: Field required");
    check(
        json!([{"role": "user", "content": "a", "name": "b"}]),
        "messages.0.name: Extra inputs are not permitted",
    );
    let empty = "messages.0: all messages must have non-empty content except for the optional final assistant message";
    check(user(json!("")), empty);
    check(user(json!([])), empty);
    check(
        json!([{"role": "user", "content": "a"}, {"role": "assistant", "content": "b "}]),
        "messages: final assistant content cannot end with trailing whitespace",
    );
    check(user(json!([{"text": "a"}])), "messages.0.content.0.type: Field required");
    check(user(json!([{"type": "text"}])), "messages.0.content.0.text: Field required");
    check(
        user(json!([{"type": "text", "text": ""}])),
        "messages.0.content.0: text content blocks must be non-empty",
    );
    check(
        user(json!([{"type": "song"}])),
        "messages.0.content.0.type: 'song' is not a type of content block",
    );
    let image = |source: Value| user(json!([{"type": "image", "source": source}]));
    let source = json!({"type": "base64", "media_type": "image/png", "data": "AAAA"});
    check(user(json!([{"type": "image"}])), "messages.0.content.0.source: Field required");
    check(
        image(with(source.clone(), "/type", json!("url"))),
        "messages.0.content.0.source.type: Input should be 'base64'",
    );
    check(
        image(with(source.clone(), "/media_type", json!("image/bmp"))),
        "messages.0.content.0.source.media_type: Input should be 'image/gif' or 'image/jpeg' or 'image/png' or \
         'image/webp'",
    );
    check(image(with(source, "/data", Value::Null)), "messages.0.content.0.source.data: Field required");
}

#[test]
fn the_4_5_models_reject_temperature_with_top_p() {
    let both = with(with(body(), "/temperature", json!(0.5)), "/top_p", json!(0.5));
    assert!(respond(MODEL, &both).is_ok());
    for model in ["anthropic.claude-haiku-4-5-20251001-v1:0", "anthropic.claude-sonnet-4-5-20250929-v1:0"] {
        check_rejected(
            model,
            both.clone(),
            "`temperature` and `top_p` cannot both be specified for this model. Please use only one.",
        );
    }
}

fn thinking(budget: Value) -> Value {
    let thinking = with(json!({"type": "enabled"}), "/budget_tokens", budget);
    with(with(body(), "/max_tokens", json!(2_000)), "/thinking", thinking)
}

#[test]
fn thinking_needs_its_signature() {
    let with_signature = |signature: Value| {
        let block = with(json!({"type": "thinking", "thinking": "hm"}), "/signature", signature);
        let messages = json!([
            {"role": "user", "content": "a"},
            {"role": "assistant", "content": [block]},
            {"role": "user", "content": "b"},
        ]);
        with(body(), "/messages", messages)
    };
    assert!(respond(THINKER, &with_signature(json!("c2ln"))).is_ok());
    let missing = "messages.1.content.0.thinking.signature: Field required";
    check_rejected(THINKER, with_signature(Value::Null), missing);
    let empty = "messages.1.content.0: Invalid `signature` in `thinking` block";
    check_rejected(THINKER, with_signature(json!("")), empty);
}

#[test]
fn thinking_precedes_the_text() {
    let (response, message) = invoke(THINKER, &thinking(json!(1_024)));
    let signature = message["content"][0]["signature"].as_str().unwrap();
    assert_eq!(signature.len(), 44, "the signature is a SHA-256 hash in base64");
    let expected = json!([
        {"type": "thinking", "thinking": "The message has 1 tokens. I repeat them.", "signature": signature},
        {"type": "text", "text": "You said: hello"},
    ]);
    assert_eq!(message["content"], expected);
    assert_eq!(message["usage"], json!({"input_tokens": 1, "output_tokens": 10 + 4}));
    assert_eq!(message["stop_reason"], "end_turn");
    assert_eq!((response.output_tokens, response.max_tokens), (14, 2_000));

    let mut next = thinking(json!(1_024));
    let messages = next["messages"].as_array_mut().unwrap();
    messages.push(json!({"role": "assistant", "content": message["content"]}));
    messages.push(json!({"role": "user", "content": "go on"}));
    let next = response_body(THINKER, next);
    assert_eq!(next["content"][1]["text"], "You said: go on");
    assert_ne!(next["content"][0]["signature"], signature);

    for model in [MODEL, THINKER] {
        let off = with(body(), "/thinking", json!({"type": "disabled"}));
        assert_eq!(
            response_body(model, off)["content"],
            json!([{"type": "text", "text": "You said: hello"}])
        );
    }
}

#[test]
fn thinking_counts_towards_max_tokens() {
    let check = |max_tokens: u64, content: &[(&str, &str)]| {
        let body = with(body(), "/thinking", json!({"type": "adaptive"}));
        let message = response_body(THINKER, with(body, "/max_tokens", json!(max_tokens)));
        let blocks = message["content"].as_array().unwrap().iter().map(|block| {
            let kind = block["type"].as_str().unwrap();
            (kind, block[kind].as_str().unwrap())
        });
        assert_eq!(blocks.collect::<Vec<_>>(), content);
        assert_eq!(message["stop_reason"], "max_tokens");
        assert_eq!(message["usage"]["output_tokens"], max_tokens);
    };
    let complete = ("thinking", "The message has 1 tokens. I repeat them.");
    check(3, &[("thinking", "The message has")]);
    check(10, &[complete]);
    check(12, &[complete, ("text", "You said")]);
}

#[test]
fn rejects_invalid_thinking() {
    let check = |body: Value, message: &str| check_rejected(THINKER, body, message);
    let minimum = "thinking.enabled.budget_tokens: Input should be greater than or equal to 1024";
    check(thinking(json!(1_023)), minimum);
    check(thinking(json!(-1)), minimum);
    check(thinking(Value::Null), "thinking.enabled.budget_tokens: Field required");
    check(thinking(json!("1024")), "thinking.enabled.budget_tokens: Input should be a valid integer");
    let maximum = "`max_tokens` must be greater than `thinking.budget_tokens`.";
    check(thinking(json!(2_000)), maximum);
    assert!(respond(THINKER, &thinking(json!(1_999))).is_ok());
    let kinds = "thinking.type: Input should be one of 'adaptive', 'disabled', 'enabled'";
    for invalid in [json!(1), json!({}), json!({"type": "on"})] {
        check(with(body(), "/thinking", invalid), kinds);
    }
    check_rejected(MODEL, thinking(json!(1_024)), "thinking: Extra inputs are not permitted");
}

#[test]
fn thinking_restricts_other_members() {
    let valid = || thinking(json!(1_024));
    let check = |at: &str, value: Value, message: &str| {
        check_rejected(THINKER, with(valid(), at, value.clone()), message);
        let off = with(with(valid(), "/thinking", json!({"type": "disabled"})), at, value);
        assert!(respond(THINKER, &with_tool(off)).is_ok());
    };
    check("/temperature", json!(0.9), "`temperature` may only be set to 1 when thinking is enabled.");
    assert!(respond(THINKER, &with(valid(), "/temperature", json!(1))).is_ok());
    check("/top_k", json!(5), "`top_k` must be unset when thinking is enabled.");
    let forced = "Thinking may not be enabled when tool_choice forces tool use.";
    for choice in [json!({"type": "any"}), json!({"type": "tool", "name": "look"})] {
        check_rejected(THINKER, with(with_tool(valid()), "/tool_choice", choice), forced);
    }
    for choice in [json!({"type": "auto"}), json!({"type": "none"})] {
        let message = response_body(THINKER, with(with_tool(valid()), "/tool_choice", choice));
        assert_eq!(message["content"][0]["type"], "thinking");
    }
}

#[test]
fn streams_thinking_as_the_first_block() {
    let message = response_body(THINKER, thinking(json!(1_024)));
    let chunks = streamed(THINKER, thinking(json!(1_024)));
    let of_block = |index: u64| {
        let chunks = chunks.iter().filter(move |chunk| chunk["index"] == index);
        chunks.cloned().collect::<Vec<_>>()
    };
    let block = of_block(0);
    let empty = json!({"type": "thinking", "thinking": "", "signature": ""});
    assert_eq!(block[0], json!({"type": "content_block_start", "index": 0, "content_block": empty}));
    let (texts, end) = block[1..].split_at(10);
    assert!(texts.iter().all(|chunk| chunk["delta"]["type"] == "thinking_delta"), "{texts:?}");
    let text: String = texts.iter().filter_map(|chunk| chunk["delta"]["thinking"].as_str()).collect();
    assert_eq!(message["content"][0]["thinking"], text);
    let signature = json!({"type": "signature_delta", "signature": message["content"][0]["signature"]});
    let expected = [
        json!({"type": "content_block_delta", "index": 0, "delta": signature}),
        json!({"type": "content_block_stop", "index": 0}),
    ];
    assert_eq!(end, expected);

    let text: String = of_block(1).iter().filter_map(|chunk| chunk["delta"]["text"].as_str()).collect();
    assert_eq!(text, "You said: hello");
    let types: Vec<_> = of_block(1).iter().map(|chunk| chunk["type"].as_str().unwrap().to_owned()).collect();
    assert_eq!((types[0].as_str(), types[5].as_str()), ("content_block_start", "content_block_stop"));
    let count = chunks.len();
    assert_eq!(count, 1 + block.len() + types.len() + 2);
    assert_eq!(chunks[0]["message"]["usage"]["output_tokens"], 1);
    assert_eq!(chunks[count - 2]["usage"]["output_tokens"], 14);
}

fn with_tool(body: Value) -> Value {
    with(body, "/tools", json!([{"name": "look", "input_schema": {"type": "object"}}]))
}

#[test]
fn rejects_malformed_tools() {
    let check = |at: &str, value: Value, message: &str| {
        check_rejected(MODEL, with(with_tool(body()), &format!("/tools/0{at}"), value), message);
    };
    check("/name", Value::Null, "tools.0.custom.name: Field required");
    check("/name", json!(1), "tools.0.name: Input should be a valid string");
    let pattern = "tools.0.custom.name: String should match pattern '^[a-zA-Z0-9_-]{1,128}$'";
    for name in ["", "a b", "a.b", "é", "a\n", &"a".repeat(129)] {
        check("/name", json!(name), pattern);
    }
    check("/input_schema", Value::Null, "tools.0.custom.input_schema: Field required");
    check("/input_schema", json!([]), "tools.0.custom.input_schema: Input should be a valid dictionary");
    check("/input_schema", json!({}), "tools.0.custom.input_schema.type: Field required");
    for kind in [json!("string"), json!(["object"])] {
        check("/input_schema/type", kind, "tools.0.custom.input_schema.type: Input should be 'object'");
    }
    let valid = with_tool(body());
    let tool = valid["tools"][0].clone();
    let twice = with(valid.clone(), "/tools", json!([tool, tool]));
    check_rejected(MODEL, twice, "tools: Tool names must be unique.");
    let named = |name: String| with(valid.clone(), "/tools/0/name", json!(name));
    assert!(respond(MODEL, &named("a".repeat(128))).is_ok());
    assert!(respond(MODEL, &named("get_Weather-2".to_owned())).is_ok());
    assert!(respond(MODEL, &with(valid.clone(), "/tools/0/type", json!("custom"))).is_ok());

    // The vendor defines the schemas of the other types.
    let bash = json!([{"type": "bash_20250124", "name": "bash"}]);
    assert!(respond(MODEL, &with(body(), "/tools", bash)).is_ok());
    let unnamed = json!([{"type": "bash_20250124"}]);
    check_rejected(MODEL, with(body(), "/tools", unnamed), "tools.0.bash_20250124.name: Field required");
}

#[test]
fn streams_the_response() {
    let message = response_body(MODEL, body());
    let delta = |text: &str| json!({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": text}});
    let expected = [
        json!({
            "type": "message_start",
            "message": {
                "id": message["id"],
                "type": "message",
                "role": "assistant",
                "model": message["model"],
                "content": [],
                "stop_reason": null,
                "stop_sequence": null,
                "usage": {"input_tokens": 1, "output_tokens": 1},
            },
        }),
        json!({"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}),
        delta("You"),
        delta(" said"),
        delta(":"),
        delta(" hello"),
        json!({"type": "content_block_stop", "index": 0}),
        json!({
            "type": "message_delta",
            "delta": {"stop_reason": "end_turn", "stop_sequence": null},
            "usage": {"output_tokens": 4},
        }),
        json!({"type": "message_stop"}),
    ];
    assert_eq!(streamed(MODEL, body()), expected);
}

#[test]
fn a_stream_without_text_has_no_content_block() {
    let chunks = streamed(MODEL, with(body(), "/stop_sequences", json!(["You"])));
    let types: Vec<_> = chunks.iter().map(|chunk| chunk["type"].as_str().unwrap()).collect();
    assert_eq!(types, ["message_start", "message_delta", "message_stop"]);
    assert_eq!(chunks[0]["message"]["usage"]["output_tokens"], 0);
    assert_eq!(chunks[1]["delta"], json!({"stop_reason": "stop_sequence", "stop_sequence": "You"}));
}
