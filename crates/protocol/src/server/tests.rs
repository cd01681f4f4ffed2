//! Tests of the checks that servers make.

use super::*;
use crate::json::BorrowedValue;

/// Checks JSON text. Returns the first error that the parser does not find.
fn malformed(json: &str, check: impl FnOnce(&mut Violations, BorrowedValue<'_>)) -> Option<String> {
    let mut violations = Violations::with_style(ViolationStyle::Smithy);
    violations.body(json.as_bytes(), |violations, json| violations.in_member(json, "a", "a", check));
    violations.malformed().map(ToString::to_string)
}

#[test]
fn timestamps_of_requests_have_no_offset() {
    let check = |text: &str, expected: bool| {
        assert_eq!(timestamp(Format::DateTime)(text).is_ok(), expected, "{text}");
        let json = format!(r#"{{"a":"{text}"}}"#);
        assert_eq!(malformed(&json, Violations::utc).is_none(), expected, "{text}");
    };
    check("1985-04-12T23:20:50Z", true);
    check("1985-04-12T23:20:50.52Z", true);
    for text in [
        "1985-04-12T23:20:50.Z",
        "1985-04-12T23:20:50",
        "1985-04-12T23:20:50+00:00",
        "1985-04-12 23:20:50Z",
        "1985-04-12T23:20Z",
        "19850412T232050Z",
        "1985-04-12T23:20:50z",
        "",
    ] {
        check(text, false);
    }
}

#[test]
fn nulls_are_malformed_in_lists_and_maps() {
    let check = |json: &str, expected: bool| {
        assert_eq!(malformed(json, Violations::no_nulls).is_none(), expected, "{json}");
    };
    check(r#"{"a":[1,[null]]}"#, true);
    check(r#"{"a":{"b":1}}"#, true);
    check(r#"{"a":null}"#, true);
    check(r#"{"a":[1,null]}"#, false);
    check(r#"{"a":{"b":null}}"#, false);
}

#[test]
fn unions_have_exactly_one_known_member() {
    let check = |json: &str, expected: Option<&str>| {
        let found = malformed(json, |violations, json| violations.only_member(json, &["b", "c"]));
        assert_eq!(found.as_deref(), expected, "{json}");
    };
    check(r#"{"a":{"b":1,"c":null,"__type":"x"}}"#, None);
    check(r#"{"a":{"b":1,"c":2}}"#, Some("`/a`: a union must have one member, but this union has 2"));
    check(r#"{"a":{"b":1,"d":2}}"#, Some("`/a`: the union has a member that is not in the model"));
}

#[test]
fn each_style_has_its_own_paths_and_words() {
    let violations = |style| {
        let mut violations = Violations::with_style(style);
        violations.member("list", &vec!["a", "abc"], |violations, list| {
            violations.elements(list, |violations, text| violations.length(text.len(), Some(2), Some(8)));
            violations.unique(&["x", "x"], |text, out| out.extend_from_slice(text.as_bytes()));
        });
        let map = std::collections::BTreeMap::from([("a/b~", 9)]);
        violations.member("map", &map, |violations, map| {
            violations
                .values(map, |violations, value| violations.range(f64::from(*value), Some(2.0), Some(8.0)));
        });
        violations.to_string()
    };
    assert_eq!(
        violations(ViolationStyle::Smithy),
        "3 validation errors detected. Value with length 1 at '/list/0' failed to satisfy constraint: Member must have \
         length between 2 and 8, inclusive; Value at '/list' failed to satisfy constraint: Member must have unique \
         values; Value at '/map/a~1b~0' failed to satisfy constraint: Member must be between 2 and 8, inclusive"
    );
    assert_eq!(
        violations(ViolationStyle::Aws),
        "3 validation errors detected: Value at 'list' failed to satisfy constraint: Member must satisfy constraint: \
         [Member must have length less than or equal to 8, Member must have length greater than or equal to 2]; Value at \
         'list' failed to satisfy constraint: Member must have unique values; Value at 'map' failed to satisfy \
         constraint: Map value must satisfy constraint: [Member must have value less than or equal to 8, Member must \
         have value greater than or equal to 2]"
    );
}

#[test]
fn patterns_have_look_around_and_a_limit_of_steps() {
    let check = |pattern: &'static str, value: &str, expected: bool| {
        assert_eq!(Pattern::new(pattern).matches(value), expected, "{pattern} {value}");
    };
    check("^[a-m]+$", "abc", true);
    check("^[a-m]+$", "xyz", false);
    check(r"^[a-z]*(?<!\.)$", "a", true);
    check(r"^([\p{L}\p{N}]*)$", "é1", true);
    check("^([0-9]+)+$", &("0".repeat(100_000) + "!"), false);
    check(r"^(?!x)(a|a)*$", &("a".repeat(64) + "!"), false);
}
