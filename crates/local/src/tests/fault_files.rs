//! What a file of faults can say, and what it cannot.

use crate::Faults;

/// The rule that a file says, as it is understood.
fn rule(json: &str) -> Result<String, String> {
    let faults = Faults::from_json(&format!("{{\"rules\": [\n{json}\n]}}"));
    faults.map(|faults| format!("{:?}", faults.rules[0])).map_err(|error| error.to_string())
}

#[track_caller]
fn check(json: &str, part: &str) {
    let understood = rule(json).unwrap();
    assert!(understood.contains(part), "{part:?} is not in {understood:?}");
}

#[track_caller]
fn check_mistake(json: &str, words: &str) {
    let mistake = rule(json).unwrap_err();
    assert!(mistake.starts_with(&format!("rule 1: {words}")), "{mistake}");
    assert!(mistake.contains(" at line "), "{mistake}");
}

#[test]
fn every_member_is_understood() {
    check(r#"{"break": {"at": "accept", "by": "reset"}}"#, "Accept(Reset), turn: All");
    check(
        r#"{"every": 3, "break": {"at": {"request_bytes": 7}, "by": "stall"}}"#,
        "Read { bytes: 7, end: Stall }, turn: Every(3)",
    );
    for (at, expected) in [
        (r#""request""#, "(Request, HalfClose)"),
        (r#"{"response_bytes": 7}"#, "(ResponseBytes(7), HalfClose)"),
        (r#"{"body_bytes": 7}"#, "(BodyBytes(7), HalfClose)"),
        (r#""last_chunk""#, "(LastChunk, HalfClose)"),
    ] {
        check(&format!(r#"{{"break": {{"at": {at}, "by": "half_close"}}}}"#), expected);
    }
    check(r#"{"first": 2, "status": 502}"#, "turn: First(2)");
    check(r#"{"status": 502}"#, "instead: Some(Status(502))");
    check(
        r#"{"operation": "InvokeModel", "model": "a*", "status": 502}"#,
        r#"operation: Some("InvokeModel"), model: Some("a*")"#,
    );
    check(r#"{"garbage": "x"}"#, r#"Garbage(b"x")"#);
    check(r#"{"body": "x"}"#, r#"body: Some(b"x")"#);
    check(r#"{"headers": {"a": "1", "b": null}}"#, r#"fields: [("a", Some("1")), ("b", None)]"#);
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
fn every_error_is_understood() {
    for code in crate::fault::NAMES.replace(" or ", ", ").split(", ") {
        check(
            &format!(r#"{{"error": {{"code": "{code}", "message": "words"}}}}"#),
            &format!("{code} {{ message: Some(\"words\")"),
        );
    }
    let members = r#""originalStatusCode": 503, "resourceName": "m""#;
    check(
        &format!(r#"{{"error": {{"code": "ModelErrorException", {members}}}}}"#),
        r#"original_status_code: Some(503), resource_name: Some("m")"#,
    );
    check_mistake(
        &format!(r#"{{"error": {{"code": "ThrottlingException", {members}}}}}"#),
        "ThrottlingException has no member `originalStatusCode`",
    );
    check_mistake(
        r#"{"error": {"code": "Throttling"}}"#,
        r#"`code` is "Throttling": it must be AccessDeniedException, "#,
    );
    check_mistake(r#"{"error": {"code": "ThrottlingException", "mesage": ""}}"#, "unknown field `mesage`");
}

#[test]
fn every_break_of_a_stream_is_understood() {
    let stream = |by: &str| format!(r#"{{"break_stream": {{"after_events": 7, "by": {by}}}}}"#);
    check(
        &stream(r#"{"error": {"code": "ThrottlingException"}}"#),
        "after_events: 7, fault: Error(ThrottlingException(",
    );
    check(&stream(r#"{"unmodeled": {"code": "C", "message": "m"}}"#), r#"fault: Error(Unmodeled("#);
    check(&stream(r#"{"unknown_event": "e"}"#), "fault: Message(");
    check(&stream(r#""wrong_checksum""#), "fault: WrongChecksum");
    check(&stream(r#"{"cut": 8}"#), "fault: Cut { bytes: 8 }");
    check_mistake(
        &stream(r#"{"error": {"code": "AccessDeniedException"}}"#),
        "an error in a stream must be InternalServerException, ",
    );
    check_mistake(&stream(r#"{"unknown_event": 1}"#), "invalid type");
}

#[test]
fn mistakes_are_said_with_their_place() {
    check_mistake("{}", "says nothing that goes wrong");
    check_mistake(r#"{"model": "a", "first": 1}"#, "says nothing that goes wrong");
    check_mistake(r#"{"statu": 500}"#, "unknown field `statu`");
    check_mistake(r#"{"status": "500"}"#, "invalid type: string \"500\"");
    check_mistake(r#"{"status": 99}"#, "`status` is 99: give one from 200 to 999");
    check_mistake(r#"{"status": 100}"#, "`status` is 100: give one from 200 to 999");
    check_mistake(
        r#"{"status": 500, "garbage": ""}"#,
        "has more than one of `error`, `status` and `garbage`",
    );
    check_mistake(r#"{"first": 1, "every": 1, "status": 500}"#, "has both `first` and `every`");
    check_mistake(r#"{"every": 0, "status": 500}"#, "`first` and `every` are 1 or more");
    check_mistake(r#"{"operation": "Converse", "status": 500}"#, "unknown variant `Converse`");
    check_mistake(r#"{"headers": {"a b": "1"}}"#, "`headers` has \"a b\", which is no name of a field");
    check_mistake(r#"{"headers": {"a": "\n"}}"#, "`headers` has a value for \"a\" that no field can have");
    check_mistake(r#"{"break": {"at": "nowhere", "by": "close"}}"#, "unknown variant `nowhere`");
    check_mistake(r#"{"break": {"at": "request"}}"#, "missing field `by`");
    check_mistake(
        r#"{"model": "a", "break": {"at": "accept", "by": "close"}}"#,
        "breaks at `accept`, where operation and model are not known yet",
    );
    check_mistake(
        r#"{"delay_ms": 1, "break": {"at": {"request_bytes": 1}, "by": "close"}}"#,
        "breaks at `request_bytes`, so that no call comes of it",
    );
}

#[test]
fn the_place_is_that_of_the_rule() {
    let error = Faults::from_json("{\"rules\": [\n  {\"status\": 500},\n  {\"first\": 0}\n]}").unwrap_err();
    assert_eq!(error.to_string(), "rule 2: `first` and `every` are 1 or more at line 3 column 14");
    let error = Faults::from_json("{\"rules\": [\n  {\"status\": 500}\n  {}\n]}").unwrap_err();
    assert_eq!(error.to_string(), "rule 2: expected `,` or `]` at line 3 column 3");
    let error = Faults::from_json("{\"rule\": []}").unwrap_err();
    assert_eq!(
        error.to_string(),
        "unknown field `rule`, expected one of `rules`, `quotas`, `credentials` at line 1 column 7"
    );
    let error = Faults::from_json("{\"quotas\": {\"requests\": 1}}").unwrap_err();
    assert!(
        error.to_string().starts_with("unknown field `requests`, expected one of `requests_per_minute`, "),
        "{error}"
    );
}
