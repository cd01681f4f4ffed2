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
