//! Tests of the chat completion schema of OpenAI.

use super::*;

pub(super) const GPT_OSS: &str = "openai.gpt-oss-20b-1:0";
pub(super) const QWEN: &str = "qwen.qwen3-32b-v1:0";
pub(super) const DEEPSEEK: &str = "deepseek.v3-v1:0";
pub(super) const JAMBA: &str = "ai21.jamba-1-5-large-v1:0";
pub(super) const PALMYRA: &str = "writer.palmyra-x5-v1:0";
pub(super) const ALL: [&str; 5] = [GPT_OSS, QWEN, DEEPSEEK, JAMBA, PALMYRA];

pub(super) fn hello() -> Value {
    json!({"messages": [{"role": "user", "content": "hello"}]})
}

#[test]
fn responds_to_a_minimal_request() {
    for model in [QWEN, DEEPSEEK, JAMBA, PALMYRA] {
        let mut response = response_body(model, hello());
        let id = response["id"].take();
        assert!(id.as_str().is_some_and(|id| id.starts_with("chatcmpl-")), "{id}");
        let expected = json!({
            "id": null,
            "object": "chat.completion",
            "created": 1_754_352_000,
            "model": model,
            "choices": [{
                "index": 0,
                "message": {"role": "assistant", "content": "You said: hello"},
                "finish_reason": "stop",
                "logprobs": null,
            }],
            "usage": {"prompt_tokens": 1, "completion_tokens": 4, "total_tokens": 5},
        });
        assert_eq!(response, expected);
    }
}

#[test]
fn responds_to_a_full_request() {
    let body = json!({
        "model": QWEN,
        "messages": [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": [{"type": "text", "text": "one"}, {"type": "text", "text": "two"}]},
            {"role": "assistant", "content": "three", "reasoning_content": "?", "tool_calls": null},
            {"role": "user", "content": "four, five", "name": null},
        ],
        "max_completion_tokens": 4,
        "stop": "|",
        "temperature": 2,
        "top_p": 1.0,
        "presence_penalty": -2,
        "frequency_penalty": 0.5,
        "seed": 7,
        "n": 1,
        "stream": false,
        "logit_bias": {},
        "response_format": {"type": "text"},
        "tools": null,
        "user": null,
    });
    let (response, value) = invoke(QWEN, &body);
    let choice = &value["choices"][0];
    assert_eq!(choice["message"]["content"], "You said: four");
    assert_eq!(choice["finish_reason"], "length");
    assert_eq!((response.input_tokens, response.output_tokens, response.max_tokens), (9, 4, 4));
    let value = response_body(QWEN, with(body, "/stop", json!([" said", "four"])));
    assert_eq!(value["choices"][0]["message"]["content"], "You");
    assert_eq!(value["choices"][0]["finish_reason"], "stop");
}

#[test]
fn limits_and_defaults_differ_by_vendor() {
    let long = json!({"messages": [{"role": "user", "content": "a ".repeat(50)}]});
    let finish = |model: &str| response_body(model, long.clone())["choices"][0]["finish_reason"].clone();
    assert_eq!(ALL.map(finish), ["stop", "stop", "stop", "stop", "length"].map(|reason| json!(reason)));
    let (response, _) = invoke(PALMYRA, &long);
    assert_eq!((response.output_tokens, response.max_tokens), (16, 16));
    assert_eq!(invoke(JAMBA, &long).0.max_tokens, 4_096);
    let limited = with(hello(), "/max_tokens", json!(5_000));
    check_malformed(JAMBA, limited.clone(), "#/max_tokens: 5000 is not less or equal to 4096");
    assert!(respond(QWEN, &limited).is_ok());
    let none = with(hello(), "/max_tokens", json!(0));
    check_malformed(QWEN, none.clone(), "#/max_tokens: 0 is not greater or equal to 1");
    assert_eq!(response_body(JAMBA, none)["choices"][0]["message"]["content"], "");
    let five = with(hello(), "/stop", json!(vec!["a"; 5]));
    check_malformed(PALMYRA, five.clone(), "#/stop: expected maximum item count: 4, found: 5");
    check_malformed(GPT_OSS, five.clone(), "#/stop: expected maximum item count: 4, found: 5");
    assert!(respond(JAMBA, &five).is_ok());
    let minimum = with(with(hello(), "/min_tokens", json!(9)), "/max_tokens", json!(8));
    check_malformed(PALMYRA, minimum, "#/min_tokens: 9 is not less or equal to 8");
}

#[test]
fn the_text_fits_a_json_schema() {
    let schema = json!({"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]});
    let format = json!({"type": "json_schema", "json_schema": {"name": "a", "schema": schema}});
    for model in [QWEN, DEEPSEEK, PALMYRA] {
        let response = response_body(model, with(hello(), "/response_format", format.clone()));
        assert_eq!(response["choices"][0]["message"]["content"], r#"{"n":0}"#);
    }
    let check = |format: Value, problem: &str| {
        check_malformed(QWEN, with(hello(), "/response_format", format), problem);
    };
    check(json!({"type": "json_schema"}), "#/response_format: required key [json_schema] not found");
    check(json!({"type": "xml"}), "#/response_format/type: xml is not a valid enum value");
}

#[test]
fn rejects_invalid_requests() {
    for model in ALL {
        let check = |at: &str, value: Value, problem: &str| {
            check_malformed(model, with(hello(), at, value), problem);
        };
        check("/messages", Value::Null, "#: required key [messages] not found");
        check("/messages", json!([]), "#/messages: expected minimum item count: 1, found: 0");
        check("/messages/0/role", json!("bot"), "#/messages/0/role: bot is not a valid enum value");
        check("/messages/0/content", Value::Null, "#/messages/0: required key [content] not found");
        check(
            "/messages/0/content",
            json!(1),
            "#/messages/0/content: expected type: String or JSONArray, found: Integer",
        );
        check(
            "/messages/0/content",
            json!([{"type": "file"}]),
            "#/messages/0/content/0/type: file is not a valid enum value",
        );
        check(
            "/messages/0/content",
            json!([{"type": "image_url", "image_url": {"url": "data:"}}]),
            "#/messages/0/content/0/type: the model does not support images",
        );
        check("/prompt", json!("a"), "#: extraneous key [prompt] is not permitted");
        check("/max_tokens", json!("a"), "#/max_tokens: expected type: Integer, found: String");
        check("/temperature", json!(2.5), "#/temperature: 2.5 is not less or equal to 2");
        check("/top_p", json!(-1), "#/top_p: -1 is not greater or equal to 0");
        check("/stop", json!([1]), "#/stop/0: expected type: String, found: Integer");
        check("/stop", json!(1), "#/stop: expected type: JSONArray, found: Integer");
        check("/n", json!(2), "#/n: only one response is implemented by the local endpoint; use 1");
        check("/stream", json!(true), "#/stream: true is not valid for InvokeModel; omit [stream]");
    }
    check_malformed(JAMBA, with(hello(), "/top_k", json!(1)), "#: extraneous key [top_k] is not permitted");
    check_malformed(PALMYRA, with(hello(), "/user", json!("a")), "#: extraneous key [user] is not permitted");
    let other = with(hello(), "/model", json!(GPT_OSS));
    check_malformed(
        QWEN,
        other.clone(),
        "#/model: openai.gpt-oss-20b-1:0 is not the model of the request; omit [model]",
    );
    assert!(respond(GPT_OSS, &other).is_ok());
    let rejection = stream(QWEN, &with(hello(), "/stream", json!(false))).unwrap_err();
    let problem = "#/stream: false is not valid for InvokeModelWithResponseStream; omit [stream]";
    assert!(rejection.to_string().contains(problem), "{rejection}");
}

#[test]
fn vision_models_accept_images() {
    let body = with(
        hello(),
        "/messages/0/content",
        json!([{"type": "text", "text": "a"}, {"type": "image_url", "image_url": {"url": "data:"}}]),
    );
    let response = response_body("qwen.qwen3-vl-235b-a22b", body);
    assert_eq!(response["choices"][0]["message"]["content"], "You said: a");
}

#[test]
fn streams_chunks_with_deltas() {
    let body = with(hello(), "/max_tokens", json!(2));
    let response = response_body(QWEN, body.clone());
    let chunk = |choices: Value| {
        json!({
            "id": response["id"],
            "object": "chat.completion.chunk",
            "created": response["created"],
            "model": QWEN,
            "choices": choices,
        })
    };
    let delta = |delta: Value, reason: Value| json!([{"index": 0, "delta": delta, "finish_reason": reason, "logprobs": null}]);
    let expected = [
        chunk(delta(json!({"role": "assistant", "content": ""}), Value::Null)),
        chunk(delta(json!({"content": "You"}), Value::Null)),
        chunk(delta(json!({"content": " said"}), Value::Null)),
        chunk(delta(json!({}), json!("length"))),
    ];
    assert_eq!(streamed(QWEN, body), expected);
}

#[test]
fn the_usage_is_streamed_if_it_is_requested() {
    let body = with(hello(), "/stream_options", json!({"include_usage": true}));
    let usage = json!({"prompt_tokens": 1, "completion_tokens": 4, "total_tokens": 5});
    let last = |model: &str, body: Value| streamed(model, body).pop().unwrap();
    for chunk in [last(QWEN, body), last(JAMBA, hello())] {
        assert_eq!((&chunk["choices"], &chunk["usage"]), (&json!([]), &usage));
    }
    assert!(last(QWEN, hello()).get("usage").is_none());
}
