//! Tests of Cohere Rerank and Amazon Rerank.

use super::*;

const COHERE: &str = "cohere.rerank-v3-5:0";
const AMAZON: &str = "amazon.rerank-v1:0";

fn body(model: &str) -> Value {
    let documents = json!(["stock markets fell in Tokyo", "a cat on a mat", "the cat sat on the mat"]);
    let body = json!({"query": "Where did the cat sit?", "documents": documents});
    if model == COHERE { with(body, "/api_version", json!(2)) } else { body }
}

#[test]
fn orders_documents_by_relevance() {
    for model in [AMAZON, COHERE] {
        let response = response_body(model, body(model));
        let results = response["results"].as_array().unwrap();
        let indexes: Vec<_> = results.iter().map(|result| result["index"].as_u64().unwrap()).collect();
        assert_eq!(indexes, [2, 1, 0]);
        let scores: Vec<_> =
            results.iter().map(|result| result["relevance_score"].as_f64().unwrap()).collect();
        assert!(scores.is_sorted_by(|a, b| a > b) && scores.iter().all(|score| (0.0..=1.0).contains(score)));
        let first = response_body(model, with(body(model), "/top_n", json!(1)));
        assert_eq!(first["results"], json!([results[0]]));
    }
    let same = json!({"query": "a cat", "documents": ["a cat"]});
    assert_eq!(response_body(AMAZON, same)["results"][0]["relevance_score"], 1.0);
}

#[test]
fn long_documents_are_truncated() {
    let body = json!({
        "query": "a",
        "documents": ["a b c d"],
        "api_version": 2,
        "max_tokens_per_doc": 2,
    });
    assert_eq!(invoke(COHERE, &body).0.input_tokens, 1 + 2);
}

#[test]
fn rejects_invalid_requests() {
    for model in [AMAZON, COHERE] {
        let check = |at: &str, value: Value, problem: &str| {
            check_malformed(model, with(body(model), at, value), problem);
        };
        check("/query", Value::Null, "#: required key [query] not found");
        check("/query", json!(""), "#/query: expected minLength: 1, actual: 0");
        check("/documents", json!([]), "#/documents: expected minimum item count: 1, found: 0");
        check(
            "/documents",
            json!(vec!["a"; 1_001]),
            "#/documents: expected maximum item count: 1000, found: 1001",
        );
        check("/documents", json!(["a", {}]), "#/documents/1: expected type: String, found: JSONObject");
        check("/top_n", json!(0), "#/top_n: 0 is not greater or equal to 1");
        check("/texts", json!([]), "#: extraneous key [texts] is not permitted");
    }
    let version = |model: &str, value: Value, problem: &str| {
        check_malformed(model, with(body(model), "/api_version", value), problem);
    };
    version(COHERE, Value::Null, "#: required key [api_version] not found");
    version(COHERE, json!("v1"), "#/api_version: expected type: Integer, found: String");
    version(AMAZON, json!(2), "#: extraneous key [api_version] is not permitted");
}
