//! Compares bodies with the bodies that test cases expect. JSON bodies are compared by value, and all other
//! bodies are compared byte by byte.

use serde_json::Value;

/// Compares a body with the expected body of a case.
///
/// # Panics
/// Panics if the bodies differ.
#[track_caller]
pub(crate) fn check(found: &[u8], expected: &str, media_type: Option<&str>) {
    let shown = String::from_utf8_lossy(found);
    let is_json = media_type
        .is_some_and(|media_type| media_type == "application/json" || media_type.ends_with("+json"));
    if is_json && !expected.is_empty() {
        let parsed: Value = serde_json::from_slice(found)
            .unwrap_or_else(|error| panic!("the body `{shown}` is not JSON: {error}"));
        let stated: Value = serde_json::from_str(expected)
            .unwrap_or_else(|error| panic!("the expected body is not JSON: {error}"));
        assert!(same(&parsed, &stated), "expected the body {stated}, found {parsed}");
    } else {
        assert!(found == expected.as_bytes(), "expected the body `{expected}`, found `{shown}`");
    }
}

/// Returns `true` if two JSON values are equal. Compares numbers by value, and ignores the order of the
/// members of an object.
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
    fn compares_json_by_value() {
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
    fn compares_other_bodies_byte_by_byte() {
        assert!(!differs("a b", "a b", Some("text/plain")));
        assert!(differs("{ }", "{}", None));
        assert!(differs("a", "", Some("application/octet-stream")));
    }
}
