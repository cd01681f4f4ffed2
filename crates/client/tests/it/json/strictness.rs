//! Errors of inputs that do not match the model. No request is sent.

use invoke_model_client::ErrorKind;
use serde_json::{Value, json};

use crate::fake::Fake;

const ID: &str = "us.amazon.nova-lite-v1:0";

/// Checks the text of the error for this input.
async fn check(operation: &str, input: Value, expected: &str) {
    // A request would fail the test, because the transport has no response.
    let fake = Fake::default();
    let error = fake.client().operation(operation).unwrap().json(input).sign().await.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Json(_)), "{error:?}");
    assert_eq!(error.to_string(), format!("{operation}: request not sent: {expected}"));
    assert_eq!((error.attempts(), fake.requests().len()), (0, 0));
}

/// Checks the error for a content block in a message.
async fn check_block(block: Value, expected: &str) {
    let content = json!([{"text": "hi"}, block]);
    check("Converse", json!({"modelId": ID, "messages": [{"role": "user", "content": content}]}), expected)
        .await;
}

#[tokio::test]
async fn unknown_members_are_named_with_the_known_members() {
    check(
        "CountTokens",
        json!({"modelId": ID, "inputs": {}}),
        "`inputs` is not a member of CountTokensInput; known members: modelId, input",
    )
    .await;
    check_block(
        json!({"txt": "hi"}),
        "`messages[0].content[1].txt` is not a member of ContentBlock; known members: text, image, document, video, \
         audio, toolUse, toolResult, guardContent, cachePoint, reasoningContent, citationsContent, searchResult, \
         toolAddition, toolRemoval",
    )
    .await;
    check_block(
        json!({"image": {"format": "png", "source": {"bytes": "", "url": ""}}}),
        "`messages[0].content[1].image.source.url` is not a member of ImageSource; known members: bytes, s3Location",
    )
    .await;
    check_block(
        json!({"cachePoint": {"type": "default", "max": 1}}),
        "`messages[0].content[1].cachePoint.max` is not a member of CachePointBlock; known members: type, ttl",
    )
    .await;
    check(
        "Converse",
        json!({"modelId": ID, "toolConfig": {"tools": [], "toolChoice": {"auto": {"x": 1}}}}),
        "`toolConfig.toolChoice.auto.x` is not a member of AutoToolChoice; it has no members",
    )
    .await;
    check(
        "Converse",
        json!({"modelId": ID, "promptVariables": {"secret-key": {"txt": "a"}}}),
        "`promptVariables[..].txt` is not a member of PromptVariableValues; known members: text",
    )
    .await;
}

#[tokio::test]
async fn missing_members_are_named() {
    check("Converse", json!({}), "`modelId` is required and was not set").await;
    check(
        "Converse",
        json!({"modelId": ID, "messages": [{"role": "user"}]}),
        "`messages[0].content` is required and was not set",
    )
    .await;
    check_block(
        json!({"toolUse": {"toolUseId": "a", "input": {}}}),
        "`messages[0].content[1].toolUse.name` is required and was not set",
    )
    .await;
}

#[tokio::test]
async fn wrong_types_are_named() {
    let config = |config: Value| json!({"modelId": ID, "inferenceConfig": config});
    check("Converse", json!([]), "the input: expected an object, found an array").await;
    check("Converse", json!({"modelId": 1}), "`modelId`: expected a string, found an integer").await;
    check("Converse", json!({"modelId": null}), "`modelId`: expected a string, found null").await;
    check(
        "Converse",
        json!({"modelId": ID, "messages": {}}),
        "`messages`: expected an array, found an object",
    )
    .await;
    check(
        "Converse",
        json!({"modelId": ID, "messages": ["hi"]}),
        "`messages[0]`: expected an object, found a string",
    )
    .await;
    check(
        "Converse",
        config(json!({"maxTokens": "5"})),
        "`inferenceConfig.maxTokens`: expected an integer, found a string",
    )
    .await;
    check(
        "Converse",
        config(json!({"maxTokens": 1.5})),
        "`inferenceConfig.maxTokens`: expected an integer, found a number with a fraction",
    )
    .await;
    check(
        "Converse",
        config(json!({"maxTokens": 1_u64 << 40})),
        "`inferenceConfig.maxTokens`: the number does not fit i32",
    )
    .await;
    check(
        "Converse",
        config(json!({"topP": true})),
        "`inferenceConfig.topP`: expected a number, found a boolean",
    )
    .await;
    check("Converse", config(json!({"topP": 1e300})), "`inferenceConfig.topP`: the number does not fit f32")
        .await;
    check(
        "Converse",
        config(json!({"stopSequences": [1]})),
        "`inferenceConfig.stopSequences[0]`: expected a string, found an integer",
    )
    .await;
    check(
        "Converse",
        json!({"modelId": ID, "requestMetadata": {"a": 1}}),
        "`requestMetadata[..]`: expected a string, found an integer",
    )
    .await;
    check("InvokeModel", json!({"modelId": ID, "body": "{}"}), "`body`: the text is not base64").await;
    check("InvokeModel", json!({"modelId": ID, "body": {}}), "`body`: expected a string, found an object")
        .await;
    check_block(json!("hi"), "`messages[0].content[1]`: expected an object with one member, found a string")
        .await;
    check_block(
        json!({"image": {"format": "png", "source": {"bytes": "?"}}}),
        "`messages[0].content[1].image.source.bytes`: the text is not base64",
    )
    .await;
}

#[tokio::test]
async fn invalid_timestamps_are_named() {
    for value in [json!("yesterday"), json!(1_700_000_000)] {
        let input = json!({"submitTimeAfter": value});
        let error = Fake::default().client().operation("ListAsyncInvokes").unwrap().json(input).sign().await;
        let text = error.unwrap_err().to_string();
        assert!(text.starts_with("ListAsyncInvokes: request not sent: `submitTimeAfter`: "), "{text}");
    }
}

#[tokio::test]
async fn a_union_has_exactly_one_member() {
    let known = "known members: text, image, document, video, audio, toolUse, toolResult, guardContent, cachePoint, \
                 reasoningContent, citationsContent, searchResult, toolAddition, toolRemoval";
    check_block(
        json!({"text": "a", "cachePoint": {"type": "default"}}),
        &format!(
            "`messages[0].content[1]` must have exactly one member of ContentBlock, but it has 2; {known}"
        ),
    )
    .await;
    check_block(
        json!({}),
        &format!(
            "`messages[0].content[1]` must have exactly one member of ContentBlock, but it has 0; {known}"
        ),
    )
    .await;
}

#[tokio::test]
async fn not_a_number_is_an_error() {
    let null = "is null: omit the member; a `NaN` or infinite number in Rust also becomes null in JSON";
    let input = json!({"modelId": ID, "inferenceConfig": {"temperature": f64::NAN}});
    check("Converse", input, &format!("`inferenceConfig.temperature` {null}")).await;
    let input = json!({"modelId": ID, "inferenceConfig": {"temperature": "NaN"}});
    check("Converse", input, "`inferenceConfig.temperature`: expected a number, found a string").await;
    for text in [r#"{"modelId":NaN}"#, r#"{"modelId":1e999}"#] {
        let call = Fake::default().client().operation("Converse").unwrap().json_text(text);
        let error = call.sign().await.unwrap_err().to_string();
        assert!(
            error.starts_with("Converse: request not sent: the input is not JSON (line 1, column 1"),
            "{error}"
        );
    }
}

#[tokio::test]
async fn text_that_is_not_json_is_an_error() {
    for text in ["", "{", "{}}", "\u{feff}{}", r#"{"a":1 "#] {
        let call = Fake::default().client().operation("ListAsyncInvokes").unwrap().json_text(text);
        let error = call.sign().await.unwrap_err().to_string();
        assert!(
            error.starts_with("ListAsyncInvokes: request not sent: the input is not JSON"),
            "{text:?}: {error}"
        );
    }
}

/// Returns a number inside `depth` nested levels, alternately arrays and objects.
fn nested(depth: usize) -> Value {
    (0..depth).fold(json!(1), |inner, level| match level % 2 {
        0 => json!([inner]),
        _ => json!({"a]\"[": inner}),
    })
}

fn with_schema(schema: &Value) -> Value {
    let tool = json!({"toolSpec": {"name": "a", "inputSchema": {"json": schema}}});
    json!({"modelId": ID, "toolConfig": {"tools": [tool]}})
}

#[tokio::test]
async fn a_tool_schema_can_be_200_levels_deep() {
    let input = with_schema(&nested(200));
    let client = Fake::default().client();
    let from_value = client.operation("Converse").unwrap().json(input.clone()).sign().await.unwrap();
    let from_text = client.operation("Converse").unwrap().json_text(input.to_string()).sign().await.unwrap();
    assert_eq!(from_value.body(), from_text.body());
    let schema = nested(200).to_string();
    assert!(std::str::from_utf8(from_text.body()).unwrap().contains(&schema));
}

#[tokio::test]
async fn a_deeper_input_is_an_error() {
    let expected = "Converse: request not sent: the input has more than 256 nested arrays and objects";
    let client = Fake::default().client();
    // The input around the schema has six levels.
    for (depth, is_too_deep) in [(250, false), (251, true), (300, true)] {
        let input = with_schema(&nested(depth));
        for call in [
            client.operation("Converse").unwrap().json_text(input.to_string()),
            client.operation("Converse").unwrap().json(input),
        ] {
            let error = call.sign().await.err().map(|error| error.to_string());
            assert_eq!(error.as_deref(), is_too_deep.then_some(expected), "{depth}");
        }
    }
    // Neither the parser nor the destructor overflows the stack.
    let deep = "[".repeat(1_000_000);
    let error = client.operation("Converse").unwrap().json_text(&deep).sign().await.unwrap_err();
    assert_eq!(error.to_string(), expected);
    let mut value = json!(1);
    for _ in 0..100_000 {
        value = Value::Array(vec![value]);
    }
    let error = client.operation("Converse").unwrap().json(value).sign().await.unwrap_err();
    assert_eq!(error.to_string(), expected);
}

#[tokio::test]
async fn text_that_would_lose_a_value_is_an_error() {
    let check = async |text: &str, expected: &str| {
        let call = Fake::default().client().operation("Converse").unwrap().json_text(text);
        let error = call.sign().await.unwrap_err();
        assert_eq!(error.to_string(), format!("Converse: request not sent: {expected}"));
    };
    let twice = "occurs twice in the same object: remove one of the two";
    check(r#"{"modelId":"a","modelId":"b"}"#, &format!("`modelId` {twice}")).await;
    check(
        r#"{"modelId":"a","messages":[{"role":"user","content":[{"text":"a","text":"b"}]}]}"#,
        &format!("`messages[0].content[0].text` {twice}"),
    )
    .await;
    check(
        r#"{"modelId":"a","requestMetadata":{"secret":"a","secret":"b"}}"#,
        &format!("`requestMetadata[..]` {twice}"),
    )
    .await;
    check(
        r#"{"modelId":"a","additionalModelRequestFields":{"seed":18446744073709551616}}"#,
        "the integer at line 1, column 55 has more than 64 bits: write it as a string, or as a number with an exponent",
    )
    .await;
}
