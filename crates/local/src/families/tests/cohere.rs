//! Tests of Cohere Command R and Embed.

use super::shared::cosine;
use super::*;

const COMMAND: &str = "cohere.command-r-v1:0";
const V3: &str = "cohere.embed-english-v3";
const V4: &str = "cohere.embed-v4:0";

#[test]
fn responds_to_a_minimal_message() {
    let response = response_body(COMMAND, json!({"message": "hello"}));
    let response_id = response["response_id"].as_str().unwrap();
    let generation_id = response["generation_id"].as_str().unwrap();
    for id in [response_id, generation_id] {
        let groups: Vec<_> = id.split('-').map(str::len).collect();
        assert_eq!(groups, [8, 4, 4, 4, 12], "{id}");
        assert!(
            id.as_bytes()[14] == b'8' && b"89ab".contains(&id.as_bytes()[19]),
            "{id}: RFC 9562, version 8"
        );
    }
    assert_ne!(response_id, generation_id);
    let expected = json!({
        "response_id": response_id,
        "generation_id": generation_id,
        "text": "You said: hello",
        "finish_reason": "COMPLETE",
        "chat_history": [
            {"role": "USER", "message": "hello"},
            {"role": "CHATBOT", "message": "You said: hello"},
        ],
    });
    assert_eq!(response, expected);
}

#[test]
fn responds_to_a_full_message() {
    let body = json!({
        "message": "go on",
        "chat_history": [{"role": "USER", "message": "hi"}, {"role": "CHATBOT", "message": "yes?"}],
        "documents": [{"title": "t", "snippet": "s"}],
        "search_queries_only": false,
        "preamble": "Be brief.",
        "max_tokens": 4,
        "temperature": 0.3,
        "p": 0.75,
        "k": 0,
        "prompt_truncation": "AUTO_PRESERVE_ORDER",
        "frequency_penalty": 0,
        "presence_penalty": 0.5,
        "seed": 7,
        "return_prompt": true,
        "tools": [{"name": "f", "description": "d", "parameter_definitions": {}}],
        "tool_results": [{"call": {"name": "f", "parameters": {}}, "outputs": [{"a": "b"}]}],
        "stop_sequences": ["END"],
        "raw_prompting": false,
    });
    let (response, text) = invoke(COMMAND, &body);
    assert_eq!(text["text"], "You said: go");
    assert_eq!(text["finish_reason"], "MAX_TOKENS");
    assert_eq!(text["prompt"], "go on");
    assert_eq!(text["tool_calls"], json!([]));
    assert_eq!(text["chat_history"].as_array().map(Vec::len), Some(4));
    assert_eq!((response.input_tokens, response.output_tokens), (1 + 2 + 3 + 2, 4));
    let text = response_body(COMMAND, with(body, "/stop_sequences", json!([": "])));
    assert_eq!((&text["text"], &text["finish_reason"]), (&json!("You said"), &json!("COMPLETE")));
}

#[test]
fn search_queries_replace_the_text() {
    let response = response_body(COMMAND, json!({"message": "tall penguins", "search_queries_only": true}));
    assert_eq!(response["text"], "");
    assert_eq!(response["search_queries"][0]["text"], "tall penguins");
    assert!(response.get("chat_history").is_none());
}

#[test]
fn rejects_invalid_messages() {
    let check = |at: &str, value: Value, problem: &str| {
        check_malformed(COMMAND, with(json!({"message": "hello"}), at, value), problem);
    };
    check("/message", Value::Null, "#: required key [message] not found");
    check("/prompt", json!("a"), "#: extraneous key [prompt] is not permitted");
    check(
        "/chat_history",
        json!([{"role": "user", "message": "a"}]),
        "#/chat_history/0/role: user is not a valid enum value",
    );
    check("/max_tokens", json!(0), "#/max_tokens: 0 is not greater or equal to 1");
    check("/temperature", json!(1.01), "#/temperature: 1.01 is not less or equal to 1");
    check("/p", json!("a"), "#/p: expected type: Number, found: String");
    check("/k", json!(501), "#/k: 501 is not less or equal to 500");
    check("/prompt_truncation", json!("ON"), "#/prompt_truncation: ON is not a valid enum value");
    check("/return_prompt", json!(1), "#/return_prompt: expected type: Boolean, found: Integer");
}

fn vectors(value: &Value) -> Vec<Vec<f64>> {
    serde_json::from_value(value.clone()).expect("lists of numbers")
}

#[test]
fn responds_to_minimal_embedding_requests() {
    for (model, dimensions) in [(V3, 1_024), (V4, 1_536)] {
        let response = response_body(model, json!({"texts": ["hello", "world"], "input_type": "clustering"}));
        assert_eq!(response["response_type"], "embeddings_floats");
        assert_eq!(response["texts"], json!(["hello", "world"]));
        assert_eq!(response["id"].as_str().map(str::len), Some(36));
        let vectors = vectors(&response["embeddings"]);
        assert_eq!(vectors.iter().map(Vec::len).collect::<Vec<_>>(), [dimensions; 2]);
        assert!((cosine(&vectors[0], &vectors[0]) - 1.0).abs() < 1e-9);
        assert_ne!(vectors[0], vectors[1]);
    }
}

#[test]
fn encodes_embeddings_of_every_type() {
    let body = json!({
        "texts": ["the cat sat on the mat", "a cat sat on a mat", "stock markets fell in Tokyo"],
        "input_type": "search_query",
        "embedding_types": ["float", "int8", "uint8", "binary", "ubinary"],
        "truncate": "END",
    });
    let response = response_body(V3, body);
    assert_eq!(response["response_type"], "embeddings_by_type");
    let check = |kind: &str, length: usize, from: f64, to: f64| {
        let vectors = vectors(&response["embeddings"][kind]);
        assert_eq!(vectors.iter().map(Vec::len).collect::<Vec<_>>(), [length; 3], "{kind}");
        assert!(vectors.iter().flatten().all(|x| (from..=to).contains(x)), "{kind}");
        vectors
    };
    for vectors in [check("float", 1_024, -1.0, 1.0), check("int8", 1_024, -127.0, 127.0)] {
        assert!(cosine(&vectors[0], &vectors[1]) > cosine(&vectors[0], &vectors[2]) + 0.2);
    }
    let unsigned = check("uint8", 1_024, 1.0, 255.0);
    let signed = vectors(&response["embeddings"]["int8"]);
    assert!(unsigned.iter().flatten().zip(signed.iter().flatten()).all(|(u, s)| u - s == 128.0));
    let unsigned = check("ubinary", 128, 0.0, 255.0);
    let signed = check("binary", 128, -128.0, 127.0);
    assert!(unsigned.iter().flatten().zip(signed.iter().flatten()).all(|(u, s)| u - s == 128.0));
}

#[test]
fn v4_accepts_inputs_and_dimensions() {
    let inputs = json!([{"content": [{"type": "text", "text": "one"}, {"type": "text", "text": "two"}]}]);
    let body = json!({"inputs": inputs, "input_type": "search_document", "output_dimension": 256});
    let (response, embedded) = invoke(V4, &body);
    assert_eq!(embedded["inputs"], inputs);
    assert_eq!(vectors(&embedded["embeddings"])[0].len(), 256);
    assert_eq!(response.input_tokens, 2);
    let same = json!({"texts": ["one\ntwo"], "input_type": "search_document", "output_dimension": 256});
    assert_eq!(response_body(V4, same)["embeddings"], embedded["embeddings"]);
}

#[test]
fn long_texts_are_truncated() {
    let long = "a ".repeat(600);
    let long = format!("start {}end", &long[..1_190]);
    let embed = |model: &str, truncate: &str| {
        let body = json!({"texts": [long], "input_type": "search_query", "truncate": truncate});
        invoke(model, &body)
    };
    let (at_end, without_end) = embed(V3, "END");
    let (at_start, without_start) = embed(V3, "START");
    assert_eq!((at_end.input_tokens, at_start.input_tokens), (512, 512));
    assert_ne!(without_end["embeddings"], without_start["embeddings"]);
    let by_default = json!({"texts": [long], "input_type": "search_query"});
    assert_eq!(response_body(V3, by_default)["embeddings"], without_end["embeddings"]);
    check_malformed(
        V3,
        json!({"texts": ["b", long], "input_type": "search_query", "truncate": "NONE"}),
        "#/texts/1: expected at most 512 tokens, actual: 597",
    );
    assert_eq!(embed(V4, "NONE").0.input_tokens, 597);
    let budget = json!({"texts": [long], "input_type": "search_query", "truncate": "LEFT", "max_tokens": 10});
    assert_eq!(invoke(V4, &budget).0.input_tokens, 10);
}

#[test]
fn rejects_invalid_embedding_requests() {
    let check = |model: &str, at: &str, value: Value, problem: &str| {
        check_malformed(model, with(minimal(Family::CohereEmbed3), at, value), problem);
    };
    check(V3, "/input_type", Value::Null, "#: required key [input_type] not found");
    check(V3, "/input_type", json!("query"), "#/input_type: query is not a valid enum value");
    check(V3, "/texts", Value::Null, "#: required key [texts] not found");
    check(V3, "/texts", json!("a"), "#/texts: expected type: JSONArray, found: String");
    check(V3, "/texts", json!(vec!["a"; 97]), "#/texts: expected maximum item count: 96, found: 97");
    check(V3, "/texts", json!(["a", "b".repeat(2_049)]), "#/texts/1: expected maxLength: 2048, actual: 2049");
    check(V3, "/inputText", json!("a"), "#: extraneous key [inputText] is not permitted");
    check(V3, "/truncate", json!("LEFT"), "#/truncate: LEFT is not a valid enum value");
    check(V4, "/truncate", json!("MIDDLE"), "#/truncate: MIDDLE is not a valid enum value");
    check(V3, "/embedding_types", json!([]), "#/embedding_types: expected minimum item count: 1, found: 0");
    check(V3, "/embedding_types", json!(["int4"]), "#/embedding_types/0: int4 is not a valid enum value");
    check(V3, "/output_dimension", json!(256), "#: extraneous key [output_dimension] is not permitted");
    check(V4, "/output_dimension", json!(300), "#/output_dimension: 300 is not a valid enum value");
    check(V4, "/inputs", json!([]), "#: only one of [texts] and [inputs] is permitted");
    check(V4, "/images", json!(["data:"]), "#/images: images are not implemented by the local endpoint");
    check_malformed(
        V4,
        json!({"inputs": [{"content": [{"type": "image_url"}]}], "input_type": "search_document"}),
        "#/inputs/0/content: images are not implemented by the local endpoint",
    );
}

#[test]
fn streams_the_response() {
    let response = response_body(COMMAND, json!({"message": "hello"}));
    let text = |text: &str| json!({"event_type": "text-generation", "is_finished": false, "text": text});
    let start = json!({"event_type": "stream-start", "is_finished": false, "generation_id": response["generation_id"]});
    let end = json!({
        "event_type": "stream-end",
        "is_finished": true,
        "finish_reason": "COMPLETE",
        "response": response,
    });
    let expected = [start, text("You"), text(" said"), text(":"), text(" hello"), end];
    assert_eq!(streamed(COMMAND, json!({"message": "hello"})), expected);
}

#[test]
fn search_queries_are_streamed_as_an_event() {
    let chunks = streamed(COMMAND, json!({"message": "tall penguins", "search_queries_only": true}));
    let types: Vec<_> = chunks.iter().map(|chunk| chunk["event_type"].as_str().unwrap()).collect();
    assert_eq!(types, ["stream-start", "search-queries-generation", "stream-end"]);
    assert_eq!(chunks[1]["search_queries"][0]["text"], "tall penguins");
    assert_eq!(chunks[1]["search_queries"], chunks[2]["response"]["search_queries"]);
}
