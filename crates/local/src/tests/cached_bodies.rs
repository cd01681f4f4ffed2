//! Tests of the prompt cache with bodies in the schemas of Claude and Nova.

use serde_json::{Value, json};

use super::converse::CLAUDE;
use super::streams::chunk;
use super::*;

const NOVA: &str = "amazon.nova-lite-v1:0";

fn claude(text: &str) -> Value {
    let control = json!({"type": "ephemeral"});
    json!({
        "anthropic_version": "bedrock-2023-05-31",
        "max_tokens": 64,
        "system": [{"type": "text", "text": "word ".repeat(1_100), "cache_control": control}],
        "messages": [{"role": "user", "content": text}],
    })
}

/// Returns the counts of uncached, read and written tokens in the usage, and the values of the headers.
fn invoke(endpoint: &Arc<EndpointState>, model_id: &str, body: &Value) -> (Value, Vec<String>) {
    let response = send(endpoint, sign(request(input(model_id, &body.to_string()))));
    let value: Value = serde_json::from_slice(response.body()).unwrap();
    assert_eq!(response.status(), 200, "{value}");
    let names = ["input-token-count", "cache-read-input-token-count", "cache-write-input-token-count"];
    let header = |name: &str| response.headers().get(format!("x-amzn-bedrock-{name}"));
    let headers = names.iter().filter_map(|name| Some(header(name)?.to_str().unwrap().to_owned()));
    (value["usage"].clone(), headers.collect())
}

#[test]
fn claude_bodies_use_the_cache() {
    let endpoint = endpoint();
    for (read, written) in [(0, 1_100), (1_100, 0)] {
        let (usage, headers) = invoke(&endpoint, CLAUDE, &claude("hello"));
        assert_eq!(usage["input_tokens"], 1);
        assert_eq!(usage["cache_read_input_tokens"], read);
        assert_eq!(usage["cache_creation_input_tokens"], written);
        assert_eq!(headers, ["1".to_owned(), read.to_string(), written.to_string()]);
    }
    let call = endpoint.log.calls().pop().unwrap();
    assert_eq!((call.input_tokens, call.output_tokens), (Some(1), Some(4)));
    let mut plain = claude("hello");
    plain["system"] = json!("a");
    let (usage, headers) = invoke(&endpoint, CLAUDE, &plain);
    assert_eq!((usage.get("cache_read_input_tokens"), headers.len()), (None, 1));
}

#[test]
fn both_apis_share_the_cache() {
    let endpoint = endpoint();
    invoke(&endpoint, CLAUDE, &claude("hello"));
    let body = json!({
        "system": [{"text": "word ".repeat(1_100)}, {"cachePoint": {"type": "default"}}],
        "messages": [super::converse::user("hello")],
    });
    assert_eq!(super::converse::converse(&endpoint, CLAUDE, &body)["usage"]["cacheReadInputTokens"], 1_100);
}

#[test]
fn nova_bodies_use_the_cache() {
    let endpoint = endpoint();
    let body = json!({
        "system": [{"text": "word ".repeat(1_100)}, {"cachePoint": {"type": "default"}}],
        "messages": [{"role": "user", "content": [{"text": "hello"}]}],
    });
    for (read, written) in [(0, 1_100), (1_100, 0)] {
        let (usage, headers) = invoke(&endpoint, NOVA, &body);
        assert_eq!((&usage["inputTokens"], &usage["cacheReadInputTokenCount"]), (&json!(1), &json!(read)));
        assert_eq!(headers, ["1".to_owned(), read.to_string(), written.to_string()]);
    }
}

#[tokio::test]
async fn streams_use_the_cache() {
    let endpoint = endpoint();
    for (read, written) in [(0, 1_100), (1_100, 0)] {
        let response = head(&endpoint, streaming(CLAUDE, &claude("hello").to_string()));
        assert_eq!(response.status(), 200);
        let chunks: Vec<_> =
            super::streams::messages(&frames(response.into_body()).0).iter().map(chunk).collect();
        let usage = &chunks[0]["message"]["usage"];
        let expected = (&json!(1), &json!(read), &json!(written));
        let found = (
            &usage["input_tokens"],
            &usage["cache_read_input_tokens"],
            &usage["cache_creation_input_tokens"],
        );
        assert_eq!(found, expected);
        let metrics = &chunks[chunks.len() - 1]["amazon-bedrock-invocationMetrics"];
        let found = (
            &metrics["inputTokenCount"],
            &metrics["cacheReadInputTokenCount"],
            &metrics["cacheWriteInputTokenCount"],
        );
        assert_eq!(found, expected);
    }
}
