//! Tests of fault files with valid and invalid rules.

use crate::{FaultFile, ServiceError};

/// Parses a rule. Returns its `Debug` output or the error.
fn rule(json: &str) -> Result<String, String> {
    let file = FaultFile::from_json(&format!("{{\"rules\": [\n{json}\n]}}"));
    file.map(|file| format!("{:?}", file.rules[0])).map_err(|error| error.to_string())
}

#[track_caller]
fn check(json: &str, part: &str) {
    let parsed = rule(json).unwrap();
    assert!(parsed.contains(part), "{part:?} is not in {parsed:?}");
}

#[track_caller]
fn check_invalid(json: &str, message: &str) {
    let error = rule(json).unwrap_err();
    assert!(error.starts_with(&format!("rule 1: {message}")), "{error}");
    assert!(error.contains(" at line "), "{error}");
}

#[test]
fn parses_every_member() {
    check(r#"{"break": {"at": "accept", "by": "reset"}}"#, "Accept(Reset), schedule: All");
    check(
        r#"{"every": 3, "break": {"at": {"request_bytes": 7}, "by": "stall"}}"#,
        "Request { bytes: 7, end: Stall }, schedule: Every(3)",
    );
    for (at, expected) in [
        (r#""request""#, "(Request, HalfClose)"),
        (r#"{"response_bytes": 7}"#, "(ResponseBytes(7), HalfClose)"),
        (r#"{"body_bytes": 7}"#, "(BodyBytes(7), HalfClose)"),
        (r#""last_chunk""#, "(LastChunk, HalfClose)"),
    ] {
        check(&format!(r#"{{"break": {{"at": {at}, "by": "half_close"}}}}"#), expected);
    }
    check(r#"{"first": 2, "status": 502}"#, "schedule: First(2)");
    check(r#"{"status": 502}"#, "replacement: Some(Status(502))");
    check(
        r#"{"operation": "InvokeModel", "model": "a*", "status": 502}"#,
        r#"operation: Some("InvokeModel"), model: Some("a*")"#,
    );
    check(r#"{"garbage": "x"}"#, r#"Garbage(b"x")"#);
    check(r#"{"body": "x"}"#, r#"body: Some(b"x")"#);
    check(r#"{"headers": {"a": "1", "b": null}}"#, r#"headers: [("a", Some("1")), ("b", None)]"#);
    check(r#"{"retry_after": {"seconds": 7}}"#, "Some(Seconds(7))");
    check(r#"{"retry_after": {"date_in": 7}}"#, "Some(DateIn(7))");
    check(r#"{"retry_after": {"milliseconds": 7}}"#, "Some(Milliseconds(7))");
    check(r#"{"content_length": 7}"#, "content_length: Some(7)");
    check(r#"{"delay_ms": 7}"#, "delay: 7ms");
    check(r#"{"pace_ms": 7}"#, "pace: Some(7ms)");
    check(r#"{"drip": {"bytes": 7, "every_ms": 8}}"#, "Drip { bytes: 7, interval: 8ms }");
    check(r#"{"clock_skew_seconds": -7}"#, "clock_skew: -7");
    check(r#"{"date_skew_seconds": 7}"#, "date_skew: 7");
    check(r#"{"worked_on": false}"#, "worked_on: Some(false)");
}

#[test]
fn parses_every_error() {
    for code in ServiceError::MODELED {
        check(
            &format!(r#"{{"error": {{"code": "{code}", "message": "text"}}}}"#),
            &format!(r#"code: "{code}", members: {{"message": String("text")}}"#),
        );
    }
    let members = r#""originalStatusCode": 503, "resourceName": "m""#;
    check(
        &format!(r#"{{"error": {{"code": "ModelErrorException", {members}}}}}"#),
        r#"members: {"originalStatusCode": Number(503), "resourceName": String("m")}"#,
    );
    check_invalid(
        &format!(r#"{{"error": {{"code": "ThrottlingException", {members}}}}}"#),
        "ThrottlingException has no member `originalStatusCode`",
    );
    check_invalid(
        r#"{"error": {"code": "Throttling"}}"#,
        r#"`code` is "Throttling": it must be AccessDeniedException, "#,
    );
    check_invalid(r#"{"error": {"code": "ThrottlingException", "mesage": ""}}"#, "unknown field `mesage`");
}

#[test]
fn parses_every_stream_fault() {
    let stream = |by: &str| format!(r#"{{"break_stream": {{"after_events": 7, "by": {by}}}}}"#);
    check(
        &stream(r#"{"error": {"code": "ThrottlingException"}}"#),
        r#"after_events: 7, fault: Error(ServiceError { status: 429, code: "ThrottlingException""#,
    );
    check(
        &stream(r#"{"unmodeled": {"code": "C", "message": "m"}}"#),
        r#"fault: Error(ServiceError { status: 200, code: "C""#,
    );
    check(&stream(r#"{"unknown_event": "e"}"#), "fault: Message(");
    check(&stream(r#""wrong_checksum""#), "fault: WrongChecksum");
    check(&stream(r#"{"truncate": 8}"#), "fault: Truncate { bytes: 8 }");
    check_invalid(
        &stream(r#"{"error": {"code": "AccessDeniedException"}}"#),
        "the `error` of a stream must be InternalServerException, ",
    );
    let alternatives = r#"it must be {"error": {..}}, {"unmodeled": {..}}, "#;
    check_invalid(
        &stream(r#"{"unknown_event": 1}"#),
        &format!(r#"{{"unknown_event":1}} is invalid: {alternatives}"#),
    );
    check_invalid(&stream(r#""truncate""#), &format!(r#""truncate" is invalid: {alternatives}"#));
    check_invalid(&stream(r#"{"error": {"cod": 1}}"#), "`error`: unknown field `cod`");
}

#[test]
fn errors_name_the_invalid_member() {
    check_invalid("{}", "the rule has no effect: add a `reply`, or a fault");
    check_invalid(r#"{"model": "a", "first": 1}"#, "the rule has no effect: add a `reply`, or a fault");
    check_invalid(r#"{"statu": 500}"#, "unknown field `statu`");
    check_invalid(r#"{"status": "500"}"#, "invalid type: string \"500\"");
    check_invalid(
        r#"{"error": "ThrottlingException"}"#,
        "invalid type: string \"ThrottlingException\", expected an object with `code`",
    );
    check_invalid(r#"{"status": 99}"#, "`status` is 99: it must be 200 to 999");
    check_invalid(r#"{"status": 100}"#, "`status` is 100: it must be 200 to 999");
    check_invalid(r#"{"status": 500, "garbage": ""}"#, "`error`, `status` and `garbage` exclude each other");
    check_invalid(r#"{"first": 1, "every": 1, "status": 500}"#, "`first` and `every` exclude each other");
    check_invalid(r#"{"every": 0, "status": 500}"#, "`first` and `every` must be 1 or more");
    check_invalid(
        r#"{"operation": "Chat", "status": 500}"#,
        "unknown operation `Chat`, expected InvokeModel",
    );
    check_invalid(r#"{"headers": {"a b": "1"}}"#, "`headers`: \"a b\" is not a valid header name");
    check_invalid(r#"{"headers": {"a": "\n"}}"#, "`headers`: the value of \"a\" is not a valid header value");
    for at in [
        "\"nowhere\"",
        "\"request_bytes\"",
        r#"{"request":1}"#,
        r#"{"body_bytes":-1}"#,
        "5",
        "[]",
        "{}",
        "null",
    ] {
        check_invalid(
            &format!(r#"{{"break": {{"at": {at}, "by": "close"}}}}"#),
            &format!(
                r#"{at} is invalid: it must be "accept", "request", "last_chunk", {{"request_bytes": N}}, "#
            ),
        );
    }
    for by in ["\"never\"", "7", r#"{"close":1}"#] {
        check_invalid(
            &format!(r#"{{"break": {{"at": "request", "by": {by}}}}}"#),
            &format!(r#"{by} is invalid: it must be "close", "reset", "half_close" or "stall" at line"#),
        );
    }
    check_invalid(
        r#"{"retry_after": 1}"#,
        r#"1 is invalid: it must be {"seconds": N}, {"date_in": N} or {"milliseconds": N}; N is an"#,
    );
    check_invalid(r#"{"break": {"at": "request"}}"#, "missing field `by`");
    check_invalid(
        r#"{"break": ["request", "close"]}"#,
        "invalid type: list, expected an object with `at` and `by`",
    );
    check_invalid(
        r#"{"drip": 1}"#,
        "invalid type: integer `1`, expected an object with `bytes` and `every_ms`",
    );
    check_invalid(r#"{"first": "1"}"#, "invalid type: string \"1\", expected an integer of 0 or more");
    check_invalid(r#"{"first": -1}"#, "invalid value: integer `-1`, expected an integer of 0 or more");
    check_invalid(r#"{"worked_on": 1}"#, "invalid type: integer `1`, expected true or false");
    check_invalid(r#"{"headers": {"a": "1", "A": "2"}}"#, "duplicate header `A`");
    check_invalid(
        r#"{"headers": ["a"]}"#,
        "invalid type: list, expected an object with a text or null for each",
    );
    check_invalid(r#"{"status": 500, "status": 501}"#, "duplicate field `status`");
    check_invalid(r#"{"status": 500,}"#, "trailing comma");
    check_invalid("[]", "invalid type: list, expected a fault rule");
    check_invalid("{\"status\": 500", "expected `,` or `}`");
    check_invalid(
        r#"{"model": "a", "break": {"at": "accept", "by": "close"}}"#,
        "operation and model are not known at `accept`",
    );
    check_invalid(
        r#"{"delay_ms": 1, "break": {"at": {"request_bytes": 1}, "by": "close"}}"#,
        "the connection ends at `request_bytes`, before there is a call",
    );
}

#[test]
fn errors_have_the_rule_the_line_and_the_column() {
    let error =
        FaultFile::from_json("{\"rules\": [\n  {\"status\": 500},\n  {\"first\": 0}\n]}").unwrap_err();
    assert_eq!(error.to_string(), "rule 2: `first` and `every` must be 1 or more at line 3 column 14");
    let error = FaultFile::from_json("{\"rules\": [\n  {\"status\": 500}\n  {}\n]}").unwrap_err();
    assert_eq!(error.to_string(), "rule 2: expected `,` or `]` at line 3 column 3");
    let error = FaultFile::from_json("{\"rule\": []}").unwrap_err();
    assert_eq!(
        error.to_string(),
        "unknown field `rule`, expected one of `rules`, `quotas`, `credentials` at line 1 column 7"
    );
    let error = FaultFile::from_json("{\"quotas\": {\"requests\": 1}}").unwrap_err();
    assert!(
        error.to_string().starts_with("unknown field `requests`, expected one of `requests_per_minute`, "),
        "{error}"
    );
}

#[test]
fn a_file_is_an_object() {
    let check = |file: &str, expected: &str| {
        let error = FaultFile::from_json(file).unwrap_err();
        assert_eq!(
            error.to_string(),
            format!("{expected} at line {} column {}", error.line(), error.column())
        );
    };
    let object = "an object with `rules`, `quotas` or `credentials`";
    check("[]", &format!("invalid type: list, expected {object}"));
    check("1", &format!("invalid type: integer `1`, expected {object}"));
    check("null", &format!("invalid type: null, expected {object}"));
    for empty in ["", " \n", "\u{feff}"] {
        check(empty, r#"the file is empty: write {"rules": []} for a file without rules"#);
    }
    check("{} {}", "trailing characters");
    check(r#"{"rules": {}}"#, "invalid type: object, expected a list; each item is a rule");
    check(r#"{"rules": [], "rules": []}"#, "duplicate field `rules`");
    check(
        r#"{"quotas": {"tokens_per_day": 1.5}}"#,
        "invalid type: floating point `1.5`, expected an integer of 0 or more",
    );
    let credentials =
        "an object with `access_key_id`, `secret_access_key`, `session_token` and `expire_in_seconds`";
    check(r#"{"credentials": ["a"]}"#, &format!("invalid type: string \"a\", expected {credentials}"));
    assert!(FaultFile::from_json("{}").unwrap().rules.is_empty());
    assert_eq!(FaultFile::from_json("\u{feff}{\"rules\": [{\"status\": 500}]}").unwrap().rules.len(), 1);
}

/// Checks that the JSON form of the rules of a file gives the same rules.
#[test]
fn rules_have_a_json_form() {
    let rules = r#"[
        {"break": {"at": "accept", "by": "reset"}},
        {"every": 3, "break": {"at": {"request_bytes": 7}, "by": "stall"}},
        {"operation": "InvokeModel", "model": "a*", "prompt": {"matches": "a+"}, "system": {"contains": "b"},
         "tool": "t", "tool_result": "*", "error": {"code": "ThrottlingException", "message": "slow"},
         "headers": {"a": "1", "b": null}, "retry_after": {"date_in": 7}, "delay_ms": 1, "pace_ms": 2,
         "drip": {"bytes": 1, "every_ms": 2}, "clock_skew_seconds": -7, "worked_on": false},
        {"break_stream": {"after_events": 7, "by": {"unmodeled": {"code": "C", "message": "m"}}}},
        {"break_stream": {"after_events": 7, "by": "wrong_checksum"}},
        {"replies": ["a", {"reasoning": "r", "json": [1], "tool": {"name": "n"}, "stop_reason": "end_turn",
                           "usage": {"input_tokens": 1, "output_tokens": 2}}]}
    ]"#;
    let file = FaultFile::from_json(&format!("{{\"rules\": {rules}}}")).unwrap();
    assert_eq!(file.rules.len(), 7);
    let sources: Vec<_> = file.rules.iter().map(|rule| (**rule.source().unwrap()).clone()).collect();
    assert_eq!(sources[5], serde_json::json!({"first": 1, "reply": "a"}));
    let again = FaultFile::from_json(&serde_json::json!({"rules": sources}).to_string()).unwrap();
    assert_eq!(format!("{:?}", again.rules), format!("{:?}", file.rules));
}
