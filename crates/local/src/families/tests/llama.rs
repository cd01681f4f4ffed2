//! Tests of Meta Llama.

use super::*;

const MODEL: &str = "meta.llama3-8b-instruct-v1:0";

#[test]
fn responds_to_a_minimal_request() {
    let expected = json!({
        "generation": "You said: hello",
        "prompt_token_count": 1,
        "generation_token_count": 4,
        "stop_reason": "stop",
    });
    assert_eq!(response_body(MODEL, minimal(Family::Llama)), expected);
}

#[test]
fn responds_to_a_full_request() {
    let turns = [
        "<|begin_of_text|><|start_header_id|>system<|end_header_id|>\n\nBe brief.<|eot_id|>",
        "<|start_header_id|>user<|end_header_id|>\n\nfirst<|eot_id|>",
        "<|start_header_id|>assistant<|end_header_id|>\n\nyes?<|eot_id|>",
        "<|start_header_id|>user<|end_header_id|>\n\nsecond one<|eot_id|>",
        "<|start_header_id|>assistant<|end_header_id|>\n\n",
    ];
    let body = json!({
        "prompt": turns.concat(),
        "temperature": 0.5,
        "top_p": 1.0,
        "max_gen_len": 4,
        "images": ["AAAA"],
    });
    let (response, text) = invoke(MODEL, &body);
    assert_eq!(text["generation"], "You said: second");
    assert_eq!(text["stop_reason"], "length");
    assert_eq!(text["prompt_token_count"], response.input_tokens);
    assert_eq!(text["generation_token_count"], response.output_tokens);
}

#[test]
fn reads_the_chat_template_of_llama_4() {
    let prompt = "<|begin_of_text|><|header_start|>user<|header_end|>\n\nhi<|eot|><|header_start|>assistant<|header_end|>";
    let text = response_body("meta.llama4-scout-17b-instruct-v1:0", json!({"prompt": prompt}));
    assert_eq!(text["generation"], "You said: hi");
}

#[test]
fn rejects_invalid_requests() {
    let check = |at: &str, value: Value, problem: &str| {
        check_malformed(MODEL, with(minimal(Family::Llama), at, value), problem);
    };
    check("/prompt", Value::Null, "#: required key [prompt] not found");
    check("/prompt", json!(""), "#/prompt: expected minLength: 1, actual: 0");
    check("/prompt", json!(["a"]), "#/prompt: expected type: String, found: JSONArray");
    check("/max_tokens", json!(1), "#: extraneous key [max_tokens] is not permitted");
    check("/max_gen_len", json!(8193), "#/max_gen_len: 8193 is not less or equal to 8192");
    check("/temperature", json!("hot"), "#/temperature: expected type: Number, found: String");
    check("/top_p", json!(2), "#/top_p: 2 is not less or equal to 1");
}

#[test]
fn streams_the_response() {
    let chunk = |text: &str, read: Value, generated: u64, reason: Value| {
        json!({
            "generation": text,
            "prompt_token_count": read,
            "generation_token_count": generated,
            "stop_reason": reason,
        })
    };
    let body = with(minimal(Family::Llama), "/max_gen_len", json!(3));
    let expected = [
        chunk("You", json!(1), 1, Value::Null),
        chunk(" said", Value::Null, 2, Value::Null),
        chunk(":", Value::Null, 3, json!("length")),
    ];
    assert_eq!(streamed(MODEL, body), expected);
    let finished = streamed(MODEL, minimal(Family::Llama));
    assert_eq!(finished[4], chunk("", Value::Null, 4, json!("stop")));
    assert_eq!(finished.len(), 5);
}
