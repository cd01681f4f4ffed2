//! Tests of Titan text and embeddings.

use super::shared::cosine;
use super::*;

const TEXT: &str = "amazon.titan-text-express-v1";
const EMBED_1: &str = "amazon.titan-embed-text-v1";
const EMBED_2: &str = "amazon.titan-embed-text-v2:0";
const MULTIMODAL: &str = "amazon.titan-embed-image-v1";

fn body() -> Value {
    json!({"inputText": "hello"})
}

#[test]
fn responds_to_a_minimal_text_request() {
    let expected = json!({
        "inputTextTokenCount": 1,
        "results": [{"tokenCount": 4, "outputText": "You said: hello", "completionReason": "FINISHED"}],
    });
    assert_eq!(response_body(TEXT, body()), expected);
}

#[test]
fn responds_to_a_full_text_request() {
    let body = json!({
        "inputText": "User: one\nBot: two\nUser: three four\nBot:",
        "textGenerationConfig": {"temperature": 0, "topP": 1, "maxTokenCount": 4, "stopSequences": ["|"]},
    });
    let (response, text) = invoke(TEXT, &body);
    let result = json!([{"tokenCount": 4, "outputText": "You said: three", "completionReason": "LENGTH"}]);
    assert_eq!(text["results"], result);
    assert_eq!((response.input_tokens, response.output_tokens), (12, 4));
    let text = response_body(TEXT, with(body, "/textGenerationConfig/stopSequences", json!([" three"])));
    assert_eq!(text["results"][0]["completionReason"], "STOP_CRITERIA_MET");
    assert_eq!(text["results"][0]["outputText"], "You said:");
}

#[test]
fn rejects_invalid_text_requests() {
    check_malformed(TEXT, json!({}), "#: required key [inputText] not found");
    check_malformed(TEXT, json!({"inputText": ""}), "#/inputText: expected minLength: 1, actual: 0");
    check_malformed(
        TEXT,
        with(body(), "/max_tokens", json!(1)),
        "#: extraneous key [max_tokens] is not permitted",
    );
    let check = |model: &str, key: &str, value: Value, problem: &str| {
        let body = with(body(), "/textGenerationConfig", json!({key: value}));
        check_malformed(model, body, &format!("#/textGenerationConfig{problem}"));
    };
    check(TEXT, "top_p", json!(1), ": extraneous key [top_p] is not permitted");
    check(TEXT, "topP", json!(2), "/topP: 2 is not less or equal to 1");
    check(TEXT, "temperature", json!("a"), "/temperature: expected type: Number, found: String");
    check(TEXT, "stopSequences", json!("a"), "/stopSequences: expected type: JSONArray, found: String");
    check(TEXT, "maxTokenCount", json!(-1), "/maxTokenCount: -1 is not greater or equal to 0");
    check(TEXT, "maxTokenCount", json!(8193), "/maxTokenCount: 8193 is not less or equal to 8192");
    let (lite, premier) = ("amazon.titan-text-lite-v1", "amazon.titan-text-premier-v1:0");
    check(lite, "maxTokenCount", json!(4097), "/maxTokenCount: 4097 is not less or equal to 4096");
    check(premier, "maxTokenCount", json!(3073), "/maxTokenCount: 3073 is not less or equal to 3072");
}

fn vector(value: &Value) -> Vec<f64> {
    serde_json::from_value(value.clone()).expect("a list of numbers")
}

fn length(vector: &[f64]) -> f64 {
    vector.iter().map(|x| x * x).sum::<f64>().sqrt()
}

#[test]
fn responds_to_minimal_embedding_requests() {
    let response = response_body(EMBED_1, body());
    assert_eq!(vector(&response["embedding"]).len(), 1_536);
    assert_eq!(response["inputTextTokenCount"], 1);
    assert!(response.get("embeddingsByType").is_none());
    assert!(length(&vector(&response["embedding"])) > 1.1, "the first version does not normalize");

    let response = response_body(EMBED_2, body());
    let embedding = vector(&response["embedding"]);
    assert_eq!(embedding.len(), 1_024);
    assert!((length(&embedding) - 1.0).abs() < 1e-6);
    assert_eq!(response["embeddingsByType"], json!({"float": response["embedding"]}));
}

#[test]
fn responds_to_a_full_embedding_request() {
    for dimensions in [256, 512, 1_024] {
        let body = json!({
            "inputText": "the cat sat on the mat",
            "dimensions": dimensions,
            "normalize": false,
            "embeddingTypes": ["binary", "float"],
        });
        let (response, embedded) = invoke(EMBED_2, &body);
        assert_eq!(response.input_tokens, 6);
        let raw = vector(&embedded["embedding"]);
        assert_eq!(raw.len(), dimensions);
        assert!(length(&raw) > 1.5);
        let bits = vector(&embedded["embeddingsByType"]["binary"]);
        assert_eq!(bits, raw.iter().map(|x| f64::from(*x > 0.0)).collect::<Vec<_>>());
        let unit = vector(&response_body(EMBED_2, with(body, "/normalize", json!(true)))["embedding"]);
        assert!((cosine(&raw, &unit) - 1.0).abs() < 1e-9);
        assert!((length(&unit) - 1.0).abs() < 1e-6);
    }
}

#[test]
fn similar_texts_have_similar_embeddings() {
    for model in [EMBED_1, EMBED_2, MULTIMODAL] {
        let embed = |text: &str| vector(&response_body(model, json!({"inputText": text}))["embedding"]);
        let cat = embed("the cat sat on the mat");
        let near = cosine(&cat, &embed("a cat sat on a mat"));
        let far = cosine(&cat, &embed("stock markets fell in Tokyo"));
        assert!(near > far + 0.2, "{model}: {near} is not above {far}");
    }
}

#[test]
fn rejects_invalid_embedding_requests() {
    let check = |model: &str, at: &str, value: Value, problem: &str| {
        check_malformed(model, with(body(), at, value), problem);
    };
    check(EMBED_2, "/inputText", Value::Null, "#: required key [inputText] not found");
    check(EMBED_2, "/inputText", json!(""), "#/inputText: expected minLength: 1, actual: 0");
    check(
        EMBED_2,
        "/inputText",
        json!("é".repeat(50_001)),
        "#/inputText: expected maxLength: 50000, actual: 50001",
    );
    check(EMBED_2, "/inputText", json!(["a"]), "#/inputText: expected type: String, found: JSONArray");
    check(EMBED_2, "/dimensions", json!(100), "#/dimensions: 100 is not a valid enum value");
    check(EMBED_2, "/dimensions", json!("256"), "#/dimensions: expected type: Integer, found: String");
    check(EMBED_2, "/normalize", json!("yes"), "#/normalize: expected type: Boolean, found: String");
    check(EMBED_2, "/embeddingTypes", json!(["int8"]), "#/embeddingTypes/0: int8 is not a valid enum value");
    check(EMBED_2, "/texts", json!([]), "#: extraneous key [texts] is not permitted");
    check(EMBED_1, "/dimensions", json!(256), "#: extraneous key [dimensions] is not permitted");
    check(
        EMBED_1,
        "/textGenerationConfig",
        json!({}),
        "#: extraneous key [textGenerationConfig] is not permitted",
    );
    check_rejected(
        EMBED_2,
        json!({"inputText": "a ".repeat(8_193)}),
        "400 Bad Request: Too many input tokens. Max input tokens: 8192, request input token count: 8193",
    );
}

#[test]
fn the_embedding_of_text_and_image_is_their_mean() {
    let config = json!({"outputEmbeddingLength": 256});
    let embed = |body: Value| response_body(MULTIMODAL, with(body, "/embeddingConfig", config.clone()));
    let text = embed(body());
    assert_eq!(text["message"], Value::Null);
    assert_eq!(text["inputTextTokenCount"], 1);
    let image = embed(json!({"inputImage": "iVBORw0KGgo="}));
    let both = embed(json!({"inputText": "hello", "inputImage": "iVBORw0KGgo="}));
    let [text, image, both] = [text, image, both].map(|response| vector(&response["embedding"]));
    assert_eq!(both.len(), 256);
    for ((x, y), z) in text.iter().zip(&image).zip(both) {
        assert!(((x + y) / 2.0 - z).abs() < 1e-6);
    }
}

#[test]
fn rejects_invalid_multimodal_requests() {
    check_malformed(MULTIMODAL, json!({}), "#: required key [inputText] not found");
    check_malformed(MULTIMODAL, json!({"inputImage": "?"}), "#/inputImage: expected base64");
    check_malformed(
        MULTIMODAL,
        with(body(), "/embeddingConfig", json!({"outputEmbeddingLength": 512})),
        "#/embeddingConfig/outputEmbeddingLength: 512 is not a valid enum value",
    );
    check_rejected(
        MULTIMODAL,
        json!({"inputText": "a ".repeat(257)}),
        "400 Bad Request: Too many input tokens. Max input tokens: 256, request input token count: 257",
    );
}

#[test]
fn streams_the_response() {
    let chunk = |text: &str, read: Value, generated: Value, reason: Value| {
        json!({
            "index": 0,
            "inputTextTokenCount": read,
            "totalOutputTextTokenCount": generated,
            "outputText": text,
            "completionReason": reason,
        })
    };
    let null = || Value::Null;
    let expected = [
        chunk("You", json!(1), null(), null()),
        chunk(" said", null(), null(), null()),
        chunk(":", null(), null(), null()),
        chunk(" hello", null(), null(), null()),
        chunk("", null(), json!(4), json!("FINISHED")),
    ];
    assert_eq!(streamed(TEXT, body()), expected);
    let limited = |limit: i64| with(body(), "/textGenerationConfig", json!({"maxTokenCount": limit}));
    // If the token limit is reached, the last chunk contains the last token.
    assert_eq!(
        streamed(TEXT, limited(2)),
        [chunk("You", json!(1), null(), null()), chunk(" said", null(), json!(2), json!("LENGTH"))]
    );
    assert_eq!(streamed(TEXT, limited(0)), [chunk("", json!(1), json!(0), json!("LENGTH"))]);
}
