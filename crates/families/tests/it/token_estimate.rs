//! Token estimates of request bodies.

use std::io::{self, Read};

use invoke_model_families::{TokenEstimate, estimate_input_tokens, max_output_tokens};
use proptest::prelude::*;

fn check(body: &str, expected: impl Into<Option<u64>>) {
    let estimate = TokenEstimate::from_body(body.as_bytes());
    let expected = expected.into();
    assert_eq!(estimate.max_output_tokens, expected, "{body}");
    assert_eq!(max_output_tokens(body.as_bytes()), expected, "{body}");
    assert_eq!(TokenEstimate::from_reader(body.as_bytes()).unwrap(), estimate, "{body}");
}

#[test]
fn finds_the_output_limit_of_each_family() {
    check(r#"{"anthropic_version":"bedrock-2023-05-31","max_tokens":64,"messages":[{"role":"user"}]}"#, 64);
    check(r#"{"prompt":"\n\nHuman: hi\n\nAssistant:","max_tokens_to_sample":65}"#, 65);
    check(
        r#"{"messages":[{"role":"user","content":[{"text":"hi"}]}],"inferenceConfig":{"maxTokens":66}}"#,
        66,
    );
    check(r#"{"inferenceConfig":{"temperature":0.5,"max_new_tokens":67,"topP":1}}"#, 67);
    check(r#"{"inputText":"hi","textGenerationConfig":{"stopSequences":[],"maxTokenCount":68}}"#, 68);
    check(r#"{"prompt":"hi","max_gen_len":69}"#, 69);
    check(r#"{"prompt":"<s>[INST] hi [/INST]","max_tokens":70}"#, 70);
    check(r#"{"message":"hi","chat_history":[{"role":"USER","message":"a"}],"max_tokens":71}"#, 71);
    check(r#"{"messages":[],"max_completion_tokens":72}"#, 72);
    check(r#"{"prompt":"hi","maxTokens":73}"#, 73);
}

#[test]
fn finds_no_output_limit_in_a_body_without_one() {
    check(r#"{"inputText":"hi"}"#, None);
    check(r#"{"taskType":"TEXT_IMAGE","textToImageParams":{"text":"max_tokens"}}"#, None);
    // In requests for embeddings, `max_tokens` limits the input.
    check(r#"{"max_tokens":128000,"input_type":"search_document","texts":["hi"]}"#, None);
    check(r#"{"input_type":"search_document","inputs":[],"max_tokens":128000}"#, None);
    // Members of a tool or a message are not members of the body.
    check(r#"{"messages":[{"max_tokens":5,"content":"\"max_tokens\":6"}],"tools":[{"maxTokens":7}]}"#, None);
    check(r#"{"inferenceConfig":{"inferenceConfig":{"maxTokens":5}}}"#, None);
    check("", None);
    check("no JSON", None);
    check("[64]", None);
    check(r#""max_tokens""#, None);
}

#[test]
fn finds_output_limits_in_unusual_json() {
    check(r#"{"max_tokens":null,"max_gen_len":5}"#, 5);
    check(r#"{"inferenceConfig":null,"max_tokens":5}"#, 5);
    check(r#"{"max_tokens":1e3}"#, 1_000);
    check(r#"{"max_tokens":512.0}"#, 512);
    check(r#"{"max_tokens":18446744073709551616}"#, u64::MAX);
    check(r#"{"max\u005ftokens":8}"#, 8);
    check(r#" { "max_tokens" : 8 } and more"#, 8);
    // If a body has several limits, the largest limit counts. A client that reserves too many tokens for a
    // call can release the unused tokens after the call.
    check(r#"{"max_tokens":8,"max_tokens":4}"#, 8);
    // The service rejects these bodies. A limit counts if it precedes the error in the body.
    check(r#"{"max_tokens":8,"messages":[}"#, 8);
    check(r#"{"max_tokens":8,"max_gen_len":"9"}"#, 8);
    check(r#"{"max_tokens":-8}"#, None);
}

fn input(body: &[u8]) -> u64 {
    let estimate = TokenEstimate::from_body(body);
    assert_eq!(TokenEstimate::from_reader(body).unwrap(), estimate);
    assert_eq!(estimate_input_tokens(body), estimate.input_tokens);
    estimate.input_tokens
}

#[test]
fn input_is_estimated_from_the_length_of_the_body() {
    assert_eq!(input(b""), 0);
    assert_eq!(input(b"{}"), 1);
    assert_eq!(input("word ".repeat(8_000).as_bytes()), 10_000);
    assert_eq!(input("語".repeat(4_000).as_bytes()), 3_000);
}

#[test]
fn an_image_counts_as_at_most_1600_tokens() {
    let picture = "iVBORw0KGgo/+=".repeat(100_000);
    assert_eq!(input(format!(r#"{{"source":"{picture}"}}"#).as_bytes()), 1_600 + 4);
    let escaped = picture.replace('/', r"\/").replace('=', r"\n");
    assert_eq!(input(format!(r#"["{escaped}","{escaped}"]"#).as_bytes()), 2 * 1_600 + 2);
    assert_eq!(input("x".repeat(6_404).as_bytes()), 1_600);
    assert_eq!(input("x".repeat(6_396).as_bytes()), 1_599);
}

/// A reader that returns its bytes, followed by an error.
struct Broken<'a>(&'a [u8]);

impl Read for Broken<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.0.read(buffer)? {
            0 => Err(io::Error::other("the disk is gone")),
            read => Ok(read),
        }
    }
}

#[test]
fn returns_the_error_of_the_reader() {
    for body in [r#"{"max_tokens":8,"messages":["#, r#"{"max_tokens":8}"#, ""] {
        assert_eq!(
            TokenEstimate::from_reader(Broken(body.as_bytes())).unwrap_err().to_string(),
            "the disk is gone"
        );
    }
}

proptest! {
    #[test]
    fn accepts_any_body(body in prop::collection::vec(any::<u8>(), 0..200)) {
        let estimate = TokenEstimate::from_body(&body);
        prop_assert_eq!(estimate.input_tokens, (body.len() as u64).div_ceil(4));
        prop_assert_eq!(TokenEstimate::from_reader(&*body).unwrap(), estimate);
    }

    #[test]
    fn finds_a_limit_among_other_members(
        before in any::<[u8; 8]>(), limit in any::<u64>(), text in ".{0,40}",
    ) {
        let body = serde_json::json!({ "a": [before, {"max_tokens": 1}], "max_tokens": limit, "prompt": text });
        check(&body.to_string(), limit);
    }
}
