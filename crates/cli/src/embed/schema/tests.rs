//! Tests of the schemas of embedding models.

use super::*;

#[test]
fn body_has_the_schema_of_the_model() {
    let check = |model: &str, dimensions, expected: Value| {
        let schema = Schema::new(model, dimensions, "clustering").unwrap();
        assert_eq!(schema.body("a"), expected, "{model}");
    };
    check("amazon.titan-embed-text-v1", None, json!({"inputText": "a"}));
    check("amazon.titan-embed-text-v2:0", Some(256), json!({"inputText": "a", "dimensions": 256}));
    let config = json!({"outputEmbeddingLength": 384});
    let image = json!({"inputText": "a", "embeddingConfig": config});
    check("amazon.titan-embed-image-v1", Some(384), image);
    let cohere = json!({"texts": ["a"], "input_type": "clustering"});
    check("cohere.embed-english-v3", None, cohere);
    let cohere = json!({"texts": ["a"], "input_type": "clustering", "output_dimension": 512});
    check("us.cohere.embed-v4:0", Some(512), cohere);
}

#[test]
fn vector_keeps_the_digits_of_the_response() {
    let check = |model: &str, response: &str, expected: Result<&str, &str>| {
        let vector = Schema::new(model, None, "").unwrap().vector(response.as_bytes());
        let vector = vector.map(|vector| vector.get().to_owned()).map_err(|error| error.to_string());
        match (vector, expected) {
            (Ok(vector), Ok(expected)) => assert_eq!(vector, expected),
            (Err(error), Err(expected)) => assert!(error.contains(expected), "{error}"),
            (result, _) => panic!("{result:?}"),
        }
    };
    let titan = "amazon.titan-embed-text-v2:0";
    check(titan, r#"{"embedding":[0.10,-1e-7],"inputTextTokenCount":1}"#, Ok("[0.10,-1e-7]"));
    check(titan, r#"{"embeddings":[]}"#, Err("missing field `embedding`"));
    check("cohere.embed-english-v3", r#"{"embeddings":[[0.10]]}"#, Ok("[0.10]"));
    check("cohere.embed-v4:0", r#"{"embeddings":{"float":[[0.10]]}}"#, Ok("[0.10]"));
    check("cohere.embed-v4:0", r#"{"embeddings":[]}"#, Err("`embeddings` is empty"));
}

#[test]
fn other_models_and_flags_are_errors() {
    let check = |model: &str, dimensions, expected: &str| {
        let error = Schema::new(model, dimensions, "").unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    };
    check("amazon.nova-lite-v1:0", None, "`amazon.nova-lite-v1:0` is not a text embedding model");
    check("amazon.titan-embed-text-v1", Some(256), "--dimensions: ");
    check("cohere.embed-english-v3", Some(256), "omit the flag");
}
