//! Tests of `recorded`.

use invoke_model_protocol::event_stream::Message;

use super::*;

fn exchange(change: &Value) -> Exchange {
    let mut exchange = json!({
        "id": "0a", "source": "owner/name@c0ffee:tests/a.yaml#3", "licence": "MIT", "method": "POST",
        "path": "/model/us.amazon.nova-lite-v1%3A0/converse", "request": "{\"messages\": []}", "status": 200,
        "headers": {"connection": "close", "content-length": "2", "x-amzn-requestid": "a"}, "body": "{}",
    });
    exchange.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
    serde_json::from_value(exchange).unwrap()
}

fn scenario_of(operation: &str, change: &Value) -> Scenario {
    exchange(change).scenario(operation).unwrap()
}

#[test]
fn the_server_sends_the_recorded_response() {
    let scenario = scenario_of("Converse", &json!({"body": "{\"stopReason\": \"end_turn\"}"}));
    assert_eq!(scenario.id, "recorded/Converse/0a");
    assert_eq!(scenario.rule.link, "https://github.com/owner/name/blob/c0ffee/tests/a.yaml");
    assert_eq!(Value::from(scenario.input), json!({"modelId": "us.amazon.nova-lite-v1:0", "messages": []}));
    let body = STANDARD.encode("{\"stopReason\": \"end_turn\"}");
    let headers = json!({"content-type": "application/json", "x-amzn-requestid": "a"});
    assert_eq!(scenario.server.rules, [json!({"status": 200, "headers": headers, "body_base64": body})]);
    assert_eq!(scenario.expect.output, Some(json!({"stopReason": "end_turn"})));
}

#[test]
fn outputs_have_tagged_blobs_and_optional_unmodeled_members() {
    let body = json!({
        "output": {"message": {"content": [
            {"toolUse": {"input": {"a": null, "source": {"bytes": "b"}}}},
            {"reasoningContent": {"redactedContent": "YQ=="}},
        ]}},
        "usage": {"inputTokens": 1, "cacheReadInputTokenCount": 0},
        "trace": null,
    });
    let expected = json!({
        "output": {"message": {"content": [
            {"toolUse": {"input": {"a": null, "source": {"bytes": "b"}}}},
            {"reasoningContent": {"redactedContent": {"$bytes": "YQ=="}}},
        ]}},
        "usage": {"inputTokens": 1, "cacheReadInputTokenCount": {"$optional": true}},
        "trace": {"$optional": true},
    });
    let scenario = scenario_of("Converse", &json!({"body": body.to_string()}));
    assert_eq!(scenario.expect.output, Some(expected));
    let request = json!({"messages": [{"content": [{"image": {"source": {"bytes": "YQ=="}}}]}]}).to_string();
    let scenario = scenario_of("Converse", &json!({"request": request}));
    let bytes = scenario.input["messages"].pointer("/0/content/0/image/source/bytes");
    assert_eq!(bytes, Some(&json!({"$bytes": "YQ=="})));
}

#[test]
fn bodies_of_invoke_model_are_blobs() {
    let change = json!({"path": "/model/a%3Ab/invoke", "request": "{ }", "body": "[1]"});
    let scenario = scenario_of("InvokeModel", &change);
    let blob = |text: &str| tagged::of_bytes(text.as_bytes());
    let input = json!({"modelId": "a:b", "contentType": "application/json", "body": blob("{ }")});
    assert_eq!(Value::from(scenario.input), input);
    let output = json!({"body": blob("[1]"), "contentType": "application/json"});
    assert_eq!(scenario.expect.output, Some(output));
}

#[test]
fn events_have_optional_padding() {
    let frame = |kind: &str, name: &str, payload: &str| {
        let mut builder = Message::builder();
        builder.header(kind, HeaderValue::String(name)).unwrap();
        let mut bytes = Vec::new();
        builder.payload(payload.as_bytes().to_vec()).encode(&mut bytes).unwrap();
        bytes
    };
    let event = frame(":event-type", "messageStart", "{\"role\": \"assistant\", \"p\": \"abc\"}");
    let exception = frame(":exception-type", "throttlingException", "{\"message\": \"Slow\"}");
    let body = STANDARD.encode([event, exception].concat());
    let change = json!({"body": null, "body_base64": body});
    let expect = scenario_of("ConverseStream", &change).expect;
    assert_eq!(
        expect.events,
        Some(vec![json!({"messageStart": {"role": "assistant", "p": {"$optional": true}}})])
    );
    let error = expect.error.unwrap();
    assert!(error.code.unwrap().matches("ThrottlingException") && error.message.unwrap().matches("Slow"));
}

#[test]
fn errors_have_the_code_of_the_header() {
    let mut change = json!({"status": 400, "body": "{\"message\": \"No\"}", "headers": {}});
    let error = scenario_of("Converse", &change).expect.error.unwrap();
    assert!(error.code.is_none() && error.message.is_none() && error.class.unwrap().matches("response"));
    change["headers"] = json!({"x-amzn-errortype": "ValidationException:http://a/"});
    let error = scenario_of("Converse", &change).expect.error.unwrap();
    assert!(error.code.unwrap().matches("ValidationException") && !error.class.unwrap().matches("response"));
}

#[test]
fn errors_state_the_file_and_the_line() {
    let folder = tempfile::tempdir().unwrap();
    let error = super::folder(folder.path()).unwrap_err().to_string();
    assert!(error.ends_with("the folder has no file `OPERATION.jsonl`"), "{error}");
    std::fs::write(folder.path().join("Converse.jsonl"), "{}\n").unwrap();
    let error = super::folder(folder.path()).unwrap_err().to_string();
    assert!(error.contains("Converse.jsonl: missing field `id`") && error.ends_with("in line 1"), "{error}");
}
