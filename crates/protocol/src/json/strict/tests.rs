//! Tests of strict parsing. The tests of the client cover the generated types.

use std::collections::BTreeMap;

use proptest::prelude::*;
use serde::Deserialize;
use serde_json::{Value, json};

use super::*;

#[derive(Debug, Deserialize, PartialEq)]
struct Structure {
    name: String,
    #[serde(default)]
    number: Option<i16>,
    #[serde(default)]
    sparse: Vec<Option<Structure>>,
    #[serde(default)]
    map: BTreeMap<String, Option<u8>>,
    #[serde(default)]
    document: Value,
}

fn error(value: Value) -> String {
    from_value::<Structure>(value).unwrap_err().to_string()
}

#[test]
fn parses_all_members() {
    let value = json!({
        "name": "a", "number": -7, "sparse": [null, {"name": "b"}], "map": {"k": null, "l": 2}, "document": {"x": [null]},
    });
    let parsed: Structure = from_value(value).unwrap();
    assert_eq!((parsed.name.as_str(), parsed.number), ("a", Some(-7)));
    assert!(matches!(parsed.sparse.as_slice(), [None, Some(inner)] if inner.name == "b"));
    assert_eq!(parsed.map, BTreeMap::from([("k".to_owned(), None), ("l".to_owned(), Some(2))]));
    assert_eq!(parsed.document, json!({"x": [null]}));
}

#[test]
fn errors_contain_the_path() {
    let known = "known members: name, number, sparse, map, document";
    assert_eq!(error(json!({"nam": 1})), format!("`nam` is not a member of Structure; {known}"));
    assert_eq!(
        error(json!({"name": "", "sparse": [null, {"name": "", "x": 1}]})),
        format!("`sparse[1].x` is not a member of Structure; {known}")
    );
    assert_eq!(error(json!({"name": "", "sparse": [{}]})), "`sparse[0].name` is required and was not set");
    assert_eq!(error(json!({"name": "", "number": 40_000})), "`number`: the number does not fit i16");
    assert_eq!(error(json!({"name": "", "map": {"secret": "x"}})), "`map[..]`: expected u8, found a string");
    assert!(error(json!({"name": "", "number": null})).starts_with("`number` is null: "));
    assert_eq!(error(json!(1)), "the input: expected an object, found a number");
}

#[test]
fn repeated_keys_are_errors_with_the_path() {
    let check = |text: &str, path: &str| {
        let error = value_from_text(text.as_bytes()).and_then(from_value::<Structure>).unwrap_err();
        assert_eq!((error.path(), error.kind()), (path, &InputErrorKind::Repeated), "{text}");
    };
    check(r#"{"name": "a", "name": "a"}"#, "name");
    check(r#"{"name": "a", "sparse": [{"name": "a", "n\u0061me": "b"}]}"#, "sparse[0].name");
    // Keys of maps can be sensitive.
    check(r#"{"name": "a", "map": {"secret": 1, "secret": 1}}"#, "map[..]");
    check(r#"{"name": "a", "document": {"x": [{"secret": 1, "secret": {"y": 2}}]}}"#, "document[..][0][..]");
    let once = value_from_text(br#"{"name": "a", "sparse": [{"name": "a"}, {"name": "a"}]}"#).unwrap();
    assert!(from_value::<Structure>(once).is_ok());
}

#[test]
fn integers_have_at_most_64_bits() {
    let check = |text: &str, position: Option<(usize, usize)>| {
        let kind = position.map(|(line, column)| InputErrorKind::LargeInteger { line, column }.into());
        assert_eq!(value_from_text(text.as_bytes()).err(), kind, "{text}");
    };
    check("[18446744073709551615, -9223372036854775808]", None);
    check("18446744073709551616", Some((1, 1)));
    check("{\n  \"a\": [1, -9223372036854775809]}", Some((2, 12)));
    check("123456789012345678901234567890.5", None);
    check("1e30", None);
    check(r#"["123456789012345678901234567890", "\"18446744073709551616"]"#, None);
}

#[test]
fn depth_is_limited() {
    let nested = |depth: usize| (0..depth).fold(json!(1), |inner, _| json!([inner]));
    for (depth, is_accepted) in [(0, true), (MAX_DEPTH, true), (MAX_DEPTH + 1, false)] {
        assert_eq!(check_depth(nested(depth)).is_ok(), is_accepted, "{depth}");
        assert_eq!(value_from_text(nested(depth).to_string().as_bytes()).is_ok(), is_accepted, "{depth}");
    }
    // Brackets in strings do not count.
    let text = json!({"[[\\\"[": "[".repeat(MAX_DEPTH + 1)}).to_string();
    assert!(value_from_text(text.as_bytes()).is_ok());
}

proptest! {
    #[test]
    fn arbitrary_texts_do_not_panic(text in prop::collection::vec(any::<u8>(), 0..100)) {
        let _ = value_from_text(&text).and_then(from_value::<Structure>);
    }

    #[test]
    fn parses_text_like_serde_json(text in r#"[\[\]{}:,"a1\\ ]{0,20}"#) {
        let expected = serde_json::from_str::<Value>(&text).ok();
        prop_assert_eq!(value_from_text(text.as_bytes()).ok(), expected);
    }
}
