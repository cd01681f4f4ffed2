//! Bodies, compared as their media type asks.

use serde_json::Value;

/// Compares a body with what a case states.
///
/// # Panics
/// They differ.
#[track_caller]
pub(crate) fn check(found: &[u8], expected: &str, media_type: Option<&str>) {
    let shown = String::from_utf8_lossy(found);
    let is_json = media_type
        .is_some_and(|media_type| media_type == "application/json" || media_type.ends_with("+json"));
    if is_json && !expected.is_empty() {
        let parsed: Value = serde_json::from_slice(found)
            .unwrap_or_else(|error| panic!("the body `{shown}` is no JSON: {error}"));
        let stated: Value =
            serde_json::from_str(expected).unwrap_or_else(|error| panic!("the case: {error}"));
        assert!(same(&parsed, &stated), "expected the body {stated}, found {parsed}");
    } else {
        assert!(found == expected.as_bytes(), "expected the body `{expected}`, found `{shown}`");
    }
}

/// Two JSON values are one: numbers by what they count, objects in any order.
fn same(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Number(left), Value::Number(right)) => left == right || left.as_f64() == right.as_f64(),
        (Value::Array(left), Value::Array(right)) => {
            left.len() == right.len() && left.iter().zip(right).all(|(left, right)| same(left, right))
        }
        (Value::Object(left), Value::Object(right)) => {
            left.len() == right.len()
                && left.iter().all(|(name, value)| right.get(name).is_some_and(|other| same(value, other)))
        }
        (left, right) => left == right,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn differs(found: &str, expected: &str, media_type: Option<&str>) -> bool {
        std::panic::catch_unwind(|| check(found.as_bytes(), expected, media_type)).is_err()
    }

    #[test]
    fn json_is_compared_by_what_it_says() {
        let json = Some("application/json");
        assert!(!differs(r#"{"a":1,"b":[1.0,null]}"#, r#"{ "b": [1, null], "a": 1.0 }"#, json));
        for (found, expected) in [
            (r#"{"a":1}"#, r#"{"a":2}"#),
            (r#"{"a":1}"#, r#"{"a":"1"}"#),
            (r#"{"a":1}"#, r#"{"a":1,"b":null}"#),
            (r#"{"a":1,"b":null}"#, r#"{"a":1}"#),
            ("[1,2]", "[2,1]"),
            ("[1]", "[1,1]"),
            ("", "{}"),
            ("{}", ""),
            ("{", "{}"),
            ("9007199254740993", "9007199254740995"),
        ] {
            assert!(differs(found, expected, json), "{found} {expected}");
        }
    }

    #[test]
    fn everything_else_is_compared_byte_by_byte() {
        assert!(!differs("a b", "a b", Some("text/plain")));
        assert!(differs("{ }", "{}", None));
        assert!(differs("a", "", Some("application/octet-stream")));
    }
}
