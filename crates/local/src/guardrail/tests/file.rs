//! Tests of guardrail files with mistakes.

use crate::guardrail::GuardrailFile;

/// Parses a guardrail with these members, and checks the error.
#[track_caller]
fn check_invalid(members: &str, message: &str) {
    let json = format!("{{\"guardrails\": [\n{{\"id\": \"ok\"}},\n{{{members}}}]}}");
    let error = GuardrailFile::from_json(&json).unwrap_err().to_string();
    assert!(error.starts_with(&format!("guardrail 2: {message}")), "{error}");
    assert!(error.contains(" at line 3 column "), "{error}");
}

#[test]
fn defaults_are_a_draft_with_the_message_of_the_console() {
    let file = GuardrailFile::from_json(r#"{"guardrails": [{"id": "abc"}]}"#).unwrap();
    assert_eq!(file.guardrails[0].version, "DRAFT");
    assert_eq!(file.guardrails[0].blocked_output, "Sorry, the model cannot answer this question.");
    assert!(GuardrailFile::from_json("{}").unwrap().guardrails.is_empty());
}

#[test]
fn mistakes_are_located() {
    check_invalid(r#""id": "Abc""#, "`id` is \"Abc\": it must consist of lower case letters");
    check_invalid(r#""version": "1""#, "missing field `id`");
    check_invalid(r#""id": "a", "version": "v1""#, "`version` is \"v1\": it must be \"DRAFT\" or a number");
    check_invalid(r#""id": "a", "version": "01""#, "`version` is \"01\"");
    check_invalid(r#""id": "a", "word": []"#, "unknown field `word`");
    check_invalid(r#""id": "ok""#, "the id \"ok\" occurs twice with the version \"DRAFT\"");
    check_invalid(r#""id": "a", "words": ["b", " "]"#, "word 2: the text is empty");
    check_invalid(r#""id": "a", "topics": [{"name": "t"}]"#, "topic 1: missing field `keywords`");
    check_invalid(
        r#""id": "a", "topics": [{"name": "t", "keywords": []}]"#,
        "topic 1: the topic \"t\" has no",
    );
    check_invalid(
        r#""id": "a", "topics": [{"name": "t", "keywords": [""]}]"#,
        "topic 1: word 1: the text is empty",
    );
    check_invalid(
        r#""id": "a", "pii": [{"type": "NAME", "action": "BLOCK"}]"#,
        "pii rule 1: `type` is \"NAME\": it must be AWS_ACCESS_KEY, ",
    );
    check_invalid(
        r#""id": "a", "pii": [{"type": "EMAIL", "action": "MASK"}]"#,
        "pii rule 1: unknown variant `MASK`, expected `BLOCK` or `ANONYMIZE`",
    );
    check_invalid(
        r#""id": "a", "regexes": [{"name": "n", "pattern": "(", "action": "BLOCK"}]"#,
        "regex 1: `pattern` of \"n\": ",
    );
    check_invalid(
        r#""id": "a", "regexes": [{"name": "n", "pattern": "a*", "action": "BLOCK"}]"#,
        "regex 1: `pattern` of \"n\" matches the empty text",
    );
}

#[test]
fn categories_of_checks_are_checked() {
    let error = GuardrailFile::from_json(r#"{"checks": {"SPAM": ["buy"]}}"#).unwrap_err().to_string();
    assert!(error.starts_with("checks: the category is \"SPAM\": it must be VIOLENCE, "), "{error}");
    assert!(error.contains(" at line 1 column "), "{error}");
    assert_eq!(GuardrailFile::from_json(r#"{"checks": {"HATE": ["x"]}}"#).unwrap().checks.len(), 1);
    let error = GuardrailFile::from_json(r#"{"checks": {"HATE": ["x", ""]}}"#).unwrap_err().to_string();
    assert!(error.starts_with("the text is empty: write a word or a phrase at line 1"), "{error}");
}

#[test]
fn forms_are_described_in_words() {
    let check = |text: &str, expected: &str| {
        let error = GuardrailFile::from_json(text).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    };
    check("null", "expected an object with `guardrails` or `checks`");
    check(
        r#"{"guardrails": ["a"]}"#,
        "guardrail 1: invalid type: string \"a\", expected an object with `id`",
    );
    check(
        r#"{"guardrails": [{"id": "a", "pii": ["EMAIL"]}]}"#,
        "pii rule 1: invalid type: string \"EMAIL\", expected an object with `type` and `action`",
    );
}
