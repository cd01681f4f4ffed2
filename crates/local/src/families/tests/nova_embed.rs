//! Tests of Amazon Nova Multimodal Embeddings.

use super::shared::cosine;
use super::*;

const MODEL: &str = "amazon.nova-2-multimodal-embeddings-v1:0";

/// Returns a request with `value` as the member `key` of the parameters.
fn request(key: &str, value: Value) -> Value {
    let params = json!({"embeddingPurpose": "GENERIC_RETRIEVAL", "embeddingDimension": 256, key: value});
    json!({"taskType": "SINGLE_EMBEDDING", "singleEmbeddingParams": params})
}

fn text(value: &str) -> Value {
    request("text", json!({"truncationMode": "NONE", "value": value}))
}

fn embeddings(body: Value) -> Vec<(String, Vec<f64>)> {
    let response = response_body(MODEL, body);
    let embeddings = response["embeddings"].as_array().unwrap().iter().map(|embedding| {
        let vector = serde_json::from_value(embedding["embedding"].clone()).unwrap();
        (embedding["embeddingType"].as_str().unwrap().to_owned(), vector)
    });
    embeddings.collect()
}

#[test]
fn embeds_text() {
    let [(kind, vector)] = embeddings(minimal(Family::NovaEmbed)).try_into().unwrap();
    assert_eq!((kind.as_str(), vector.len()), ("TEXT", 3_072));
    let length = vector.iter().map(|x| x * x).sum::<f64>();
    assert!((length - 1.0).abs() < 1e-6, "{length}");
    let [cat, same, market] = ["the cat sat on the mat", "a cat sat on a mat", "markets fell in Tokyo"]
        .map(|value| embeddings(text(value)).remove(0).1);
    assert!(cosine(&cat, &same) > cosine(&cat, &market) + 0.2);
    let source = json!({"truncationMode": "END", "source": {"bytes": "aGVsbG8="}});
    assert_eq!(embeddings(request("text", source)), embeddings(text("hello")));
}

#[test]
fn embeds_files() {
    let source = json!({"bytes": "AAAA"});
    let image = json!({"format": "png", "detailLevel": "DOCUMENT_IMAGE", "source": source});
    let audio = json!({"format": "wav", "source": source});
    let video = |mode: &str| json!({"format": "3gp", "embeddingMode": mode, "source": source});
    let check = |key: &str, value: Value, kinds: &[&str]| {
        let found = embeddings(request(key, value));
        assert_eq!(found.iter().map(|(kind, _)| kind.as_str()).collect::<Vec<_>>(), kinds);
        assert!(found.iter().all(|(_, vector)| vector.len() == 256 && vector.iter().all(|x| *x != 0.0)));
    };
    check("image", image, &["IMAGE"]);
    check("audio", audio, &["AUDIO"]);
    check("video", video("AUDIO_VIDEO_COMBINED"), &["AUDIO_VIDEO_COMBINED"]);
    check("video", video("AUDIO_VIDEO_SEPARATE"), &["VIDEO", "AUDIO"]);
}

#[test]
fn truncates_long_texts() {
    let long = format!("start {}end", "a ".repeat(8_192));
    let embed = |mode: &str| {
        let (response, value) =
            invoke(MODEL, &request("text", json!({"truncationMode": mode, "value": long})));
        (response.input_tokens, value["embeddings"][0].clone())
    };
    let (at_end, at_start) = (embed("END"), embed("START"));
    assert_eq!((at_end.0, at_start.0), (8_192, 8_192));
    assert_ne!(at_end.1["embedding"], at_start.1["embedding"]);
    assert!(at_end.1["truncatedCharLength"].as_u64().is_some_and(|length| length < long.len() as u64));
    check_malformed(
        MODEL,
        request("text", json!({"truncationMode": "NONE", "value": long})),
        "#/singleEmbeddingParams/text/value: expected at most 8192 tokens, actual: 8194; set truncationMode to \
         START or END",
    );
}

#[test]
fn rejects_invalid_requests() {
    let check = |at: &str, value: Value, problem: &str| {
        check_malformed(MODEL, with(minimal(Family::NovaEmbed), at, value), problem);
    };
    check("/taskType", Value::Null, "#: required key [taskType] not found");
    check(
        "/taskType",
        json!("SEGMENTED_EMBEDDING"),
        "#/taskType: SEGMENTED_EMBEDDING requires StartAsyncInvoke; use SINGLE_EMBEDDING",
    );
    check("/schemaVersion", json!("v2"), "#/schemaVersion: v2 is not a valid enum value");
    let params = |at: &str, value: Value, problem: &str| {
        check(&format!("/singleEmbeddingParams{at}"), value, &format!("#/singleEmbeddingParams{problem}"));
    };
    params("/embeddingPurpose", Value::Null, ": required key [embeddingPurpose] not found");
    params("/embeddingPurpose", json!("SEARCH"), "/embeddingPurpose: SEARCH is not a valid enum value");
    params("/embeddingDimension", json!(512), "/embeddingDimension: 512 is not a valid enum value");
    let one = ": expected exactly one of [text], [image], [audio] and [video]";
    params("/text", Value::Null, one);
    params("/image", json!({"format": "png", "source": {"bytes": "AAAA"}}), one);
    params("/text/truncationMode", Value::Null, "/text: required key [truncationMode] not found");
    params("/text/value", Value::Null, "/text: required key [value] not found");
    params("/text/value", json!(""), "/text/value: expected minLength: 1, actual: 0");
    params("/text/source", json!({"bytes": "AAAA"}), "/text: only one of [value] and [source] is permitted");
    let image = |source: Value, problem: &str| {
        let body = request("image", json!({"format": "png", "source": source}));
        check_malformed(MODEL, body, &format!("#/singleEmbeddingParams/image/source{problem}"));
    };
    image(json!({}), ": required key [bytes] not found");
    image(json!({"bytes": "?"}), "/bytes: expected base64");
    image(
        json!({"s3Location": {"uri": "s3://a/b"}}),
        "/s3Location: the local endpoint cannot read objects from Amazon S3; use [bytes]",
    );
}
