//! Command R and Embed.

use super::parts::cosine;
use super::*;

const COMMAND: &str = "cohere.command-r-v1:0";
const V3: &str = "cohere.embed-english-v3";
const V4: &str = "cohere.embed-v4:0";

#[test]
fn a_minimal_message() {
    let answer = answered(COMMAND, json!({"message": "hello"}));
    let (response, generation) =
        (answer["response_id"].as_str().unwrap(), answer["generation_id"].as_str().unwrap());
    for id in [response, generation] {
        let groups: Vec<_> = id.split('-').map(str::len).collect();
        assert_eq!(groups, [8, 4, 4, 4, 12], "{id}");
        assert!(
            id.as_bytes()[14] == b'8' && b"89ab".contains(&id.as_bytes()[19]),
            "{id}: RFC 9562, version 8"
        );
    }
    assert_ne!(response, generation);
    let expected = json!({
        "response_id": response,
        "generation_id": generation,
        "text": "You said: hello",
        "finish_reason": "COMPLETE",
        "chat_history": [
            {"role": "USER", "message": "hello"},
            {"role": "CHATBOT", "message": "You said: hello"},
        ],
    });
    assert_eq!(answer, expected);
}

#[test]
fn a_full_message() {
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
    let (answer, text) = invoke(COMMAND, &body);
    assert_eq!(text["text"], "You said: go");
    assert_eq!(text["finish_reason"], "MAX_TOKENS");
    assert_eq!(text["prompt"], "go on");
    assert_eq!(text["tool_calls"], json!([]));
    assert_eq!(text["chat_history"].as_array().map(Vec::len), Some(4));
    assert_eq!((answer.input_tokens, answer.output_tokens), (1 + 2 + 3 + 2, 4));
    let text = answered(COMMAND, with(body, "/stop_sequences", json!([": "])));
    assert_eq!((&text["text"], &text["finish_reason"]), (&json!("You said"), &json!("COMPLETE")));
}

#[test]
fn search_queries_only() {
    let answer = answered(COMMAND, json!({"message": "tall penguins", "search_queries_only": true}));
    assert_eq!(answer["text"], "");
    assert_eq!(answer["search_queries"][0]["text"], "tall penguins");
    assert!(answer.get("chat_history").is_none());
}

#[test]
fn refusals_of_messages() {
    let check = |at: &str, value: Value, fault: &str| {
        check_malformed(COMMAND, with(json!({"message": "hello"}), at, value), fault);
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
fn minimal_embeddings() {
    for (model, dimensions) in [(V3, 1_024), (V4, 1_536)] {
        let answer = answered(model, json!({"texts": ["hello", "world"], "input_type": "clustering"}));
        assert_eq!(answer["response_type"], "embeddings_floats");
        assert_eq!(answer["texts"], json!(["hello", "world"]));
        assert_eq!(answer["id"].as_str().map(str::len), Some(36));
        let vectors = vectors(&answer["embeddings"]);
        assert_eq!(vectors.iter().map(Vec::len).collect::<Vec<_>>(), [dimensions; 2]);
        assert!((cosine(&vectors[0], &vectors[0]) - 1.0).abs() < 1e-9);
        assert_ne!(vectors[0], vectors[1]);
    }
}

#[test]
fn embeddings_of_every_type() {
    let body = json!({
        "texts": ["the cat sat on the mat", "a cat sat on a mat", "stock markets fell in Tokyo"],
        "input_type": "search_query",
        "embedding_types": ["float", "int8", "uint8", "binary", "ubinary"],
        "truncate": "END",
    });
    let answer = answered(V3, body);
    assert_eq!(answer["response_type"], "embeddings_by_type");
    let check = |kind: &str, length: usize, from: f64, to: f64| {
        let vectors = vectors(&answer["embeddings"][kind]);
        assert_eq!(vectors.iter().map(Vec::len).collect::<Vec<_>>(), [length; 3], "{kind}");
        assert!(vectors.iter().flatten().all(|x| (from..=to).contains(x)), "{kind}");
        vectors
    };
    for vectors in [check("float", 1_024, -1.0, 1.0), check("int8", 1_024, -127.0, 127.0)] {
        assert!(cosine(&vectors[0], &vectors[1]) > cosine(&vectors[0], &vectors[2]) + 0.2);
    }
    let unsigned = check("uint8", 1_024, 1.0, 255.0);
    let signed = vectors(&answer["embeddings"]["int8"]);
    assert!(unsigned.iter().flatten().zip(signed.iter().flatten()).all(|(u, s)| u - s == 128.0));
    let unsigned = check("ubinary", 128, 0.0, 255.0);
    let signed = check("binary", 128, -128.0, 127.0);
    assert!(unsigned.iter().flatten().zip(signed.iter().flatten()).all(|(u, s)| u - s == 128.0));
}

#[test]
fn inputs_of_v4() {
    let inputs = json!([{"content": [{"type": "text", "text": "one"}, {"type": "text", "text": "two"}]}]);
    let body = json!({"inputs": inputs, "input_type": "search_document", "output_dimension": 256});
    let (answer, embedded) = invoke(V4, &body);
    assert_eq!(embedded["inputs"], inputs);
    assert_eq!(vectors(&embedded["embeddings"])[0].len(), 256);
    assert_eq!(answer.input_tokens, 2);
    let same = json!({"texts": ["one\ntwo"], "input_type": "search_document", "output_dimension": 256});
    assert_eq!(answered(V4, same)["embeddings"], embedded["embeddings"]);
}

#[test]
fn long_texts_are_truncated() {
    let long = "a ".repeat(600);
    let long = format!("start {}end", &long[..1_190]);
    let embed = |model: &str, truncate: &str| {
        let body = json!({"texts": [long], "input_type": "search_query", "truncate": truncate});
        invoke(model, &body)
    };
    let (at_end, cut) = embed(V3, "END");
    let (at_start, other) = embed(V3, "START");
    assert_eq!((at_end.input_tokens, at_start.input_tokens), (512, 512));
    assert_ne!(cut["embeddings"], other["embeddings"]);
    let by_default = json!({"texts": [long], "input_type": "search_query"});
    assert_eq!(answered(V3, by_default)["embeddings"], cut["embeddings"]);
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
fn refusals_of_embeddings() {
    let check = |model: &str, at: &str, value: Value, fault: &str| {
        check_malformed(model, with(minimal(Family::CohereEmbed3), at, value), fault);
    };
    check(V3, "/input_type", Value::Null, "#: required key [input_type] not found");
    check(V3, "/input_type", json!("query"), "#/input_type: query is not a valid enum value");
    check(V3, "/texts", Value::Null, "#: required key [texts] not found");
    check(V3, "/texts", json!("a"), "#/texts: expected type: JSONArray, found: String");
    check(V3, "/texts", json!(vec!["a"; 97]), "#/texts: expected maximum item count: 96, found: 97");
    check(V3, "/texts", json!(["a", "b".repeat(2_049)]), "#/texts/1: expected maxLength: 2048, actual: 2049");
    check(V3, "/inputText", json!("a"), "#: extraneous key [inputText] is not permitted");
    check(V3, "/truncate", json!("LEFT"), "#/truncate: LEFT is not a valid enum value");
    check(V4, "/truncate", json!("START"), "#/truncate: START is not a valid enum value");
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
fn a_stream() {
    let answer = answered(COMMAND, json!({"message": "hello"}));
    let text = |text: &str| json!({"event_type": "text-generation", "is_finished": false, "text": text});
    let start =
        json!({"event_type": "stream-start", "is_finished": false, "generation_id": answer["generation_id"]});
    let end = json!({
        "event_type": "stream-end",
        "is_finished": true,
        "finish_reason": "COMPLETE",
        "response": answer,
    });
    let expected = [start, text("You"), text(" said"), text(":"), text(" hello"), end];
    assert_eq!(streamed(COMMAND, json!({"message": "hello"})), expected);
}

#[test]
fn search_queries_are_an_event() {
    let chunks = streamed(COMMAND, json!({"message": "tall penguins", "search_queries_only": true}));
    let types: Vec<_> = chunks.iter().map(|chunk| chunk["event_type"].as_str().unwrap()).collect();
    assert_eq!(types, ["stream-start", "search-queries-generation", "stream-end"]);
    assert_eq!(chunks[1]["search_queries"][0]["text"], "tall penguins");
    assert_eq!(chunks[1]["search_queries"], chunks[2]["response"]["search_queries"]);
}
