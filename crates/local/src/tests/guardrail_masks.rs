//! Tests of masked texts.

use serde_json::{Value, json};

use super::guardrails::post;
use super::*;
use crate::GuardrailFile;

#[test]
fn overlapping_matches_are_masked_completely() {
    let policies = r#"{"guardrails": [{"id": "abc", "version": "1", "regexes": [
        {"name": "Middle", "pattern": "cd", "action": "ANONYMIZE"},
        {"name": "End", "pattern": "def", "action": "ANONYMIZE"},
        {"name": "Begin", "pattern": "abc", "action": "ANONYMIZE"}
    ]}]}"#;
    let endpoint = builder().guardrail_file(GuardrailFile::from_json(policies).unwrap()).build_state();
    let mask = |text: &str| {
        let body = json!({"source": "OUTPUT", "content": [{"text": {"text": text}}]});
        let response = send(&endpoint, post("/guardrail/abc/version/1/apply", &body));
        let value: Value = serde_json::from_slice(response.body()).unwrap();
        value["outputs"][0]["text"].as_str().unwrap().to_owned()
    };
    assert_eq!(mask("xabcdefy"), "x{Begin}y");
    assert_eq!(mask("xcdefy abc"), "x{Middle}y {Begin}");
    assert_eq!(mask("abcabc"), "{Begin}{Begin}");
}
