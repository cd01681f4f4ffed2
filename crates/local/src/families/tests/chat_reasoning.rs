//! Tests of the reasoning in the chat completion schema.

use invoke_model_families::{ModelResponse, StreamPart};

use super::chat_completion::{DEEPSEEK, GPT_OSS, JAMBA, PALMYRA, QWEN, hello};
use super::*;

const REASONING: &str = "The message has 1 tokens. I repeat them.";

#[test]
fn gpt_oss_puts_its_reasoning_in_the_text() {
    let response = response_body(GPT_OSS, hello());
    let message = json!({"role": "assistant", "content": WITH_REASONING});
    assert_eq!(response["choices"][0]["message"], message);
    assert_eq!(response["usage"]["completion_tokens"], 14);
    let chunks = streamed(GPT_OSS, with(hello(), "/reasoning_effort", json!("low")));
    let text: String = chunks.into_iter().map(|chunk| StreamPart::from(chunk).text().to_owned()).collect();
    assert_eq!(text, WITH_REASONING);
}

#[test]
fn qwen_and_deepseek_reason_if_the_request_has_an_effort() {
    for model in [QWEN, DEEPSEEK] {
        for key in ["/reasoning_effort", "/reasoning_config"] {
            let body = with(hello(), key, json!("high"));
            let response = ModelResponse::from(response_body(model, body.clone()));
            assert_eq!((&*response.text(), &*response.reasoning()), ("You said: hello", REASONING));
            let parts: Vec<_> = streamed(model, body).into_iter().map(StreamPart::from).collect();
            assert_eq!(parts.iter().map(StreamPart::reasoning).collect::<String>(), REASONING);
            assert_eq!(parts.iter().map(StreamPart::text).collect::<String>(), "You said: hello");
        }
        check_malformed(
            model,
            with(hello(), "/reasoning_effort", json!("extreme")),
            "#/reasoning_effort: extreme is not a valid enum value",
        );
    }
    for model in [JAMBA, PALMYRA] {
        let body = with(hello(), "/reasoning_effort", json!("high"));
        check_malformed(model, body, "#: extraneous key [reasoning_effort] is not permitted");
    }
}

#[test]
fn the_reasoning_counts_against_the_token_limit() {
    let check = |limit: u64, reasoning: &str, text: &str, reason: &str| {
        let body = with(with(hello(), "/max_tokens", json!(limit)), "/reasoning_effort", json!("low"));
        let (response, value) = invoke(QWEN, &body);
        let parsed = ModelResponse::from(value);
        assert_eq!((&*parsed.reasoning(), &*parsed.text()), (reasoning, text));
        assert_eq!(parsed.stop_reason(), Some(reason));
        assert!(response.output_tokens <= limit);
    };
    check(3, "The message has", "", "length");
    check(10, REASONING, "", "length");
    check(12, REASONING, "You said", "length");
    check(14, REASONING, "You said: hello", "stop");
}
