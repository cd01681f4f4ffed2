//! Tagged values: JSON objects with one member that stand for a blob or a timestamp, such as
//! `{"$bytes": "AAE="}`. Adapters can convert them without a model of the service.
//!
//! Scenario files also contain short forms of blobs. [`encode`] replaces them with `$bytes`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde_json::{Map, Number, Value, json};

const BYTES: &str = "$bytes";
const TEXT: &str = "$text";
const JSON: &str = "$json";
const REPEAT: &str = "$repeat";
const TIME: &str = "$time";
const ANY: &str = "$any";
const OPTIONAL: &str = "$optional";

/// Keywords of JSON Schema. The schema of a tool can contain objects whose only member is one of them.
const KEYWORDS: [&str; 9] = [
    "$anchor",
    "$comment",
    "$defs",
    "$dynamicAnchor",
    "$dynamicRef",
    "$id",
    "$ref",
    "$schema",
    "$vocabulary",
];

/// The maximum size of a repeated text in bytes.
const MAX_REPEATED: usize = 100_000_000;

/// Replaces `$text`, `$json` and `$repeat` with `$bytes`, at any depth.
///
/// # Errors
/// Returns an error if the value of a tag has the wrong type.
pub(crate) fn encode(value: &Value) -> Result<Value, String> {
    if let Some(bytes) = bytes(value)? {
        return Ok(of_bytes(&bytes));
    }
    Ok(match value {
        Value::Array(items) => Value::Array(items.iter().map(encode).collect::<Result<_, _>>()?),
        Value::Object(members) => Value::Object(encode_members(members)?),
        other => other.clone(),
    })
}

/// Applies [`encode`] to each member.
pub(crate) fn encode_members(members: &Map<String, Value>) -> Result<Map<String, Value>, String> {
    members.iter().map(|(name, value)| Ok((name.clone(), encode(value)?))).collect()
}

/// Checks the tags of a member of an input. The tags `$any` and `$optional` are only for expectations.
///
/// # Errors
/// Returns an error if a tag is unknown or only for expectations, or if the value of a tag is invalid.
pub(crate) fn check_input(value: &Value) -> Result<(), String> {
    match tag(value) {
        // The value of `$json` can be any JSON.
        Some((BYTES | TEXT | JSON | REPEAT, _)) => bytes(value).map(drop),
        Some((TIME, _)) => check_time(value),
        Some((name, _)) => Err(unknown(name, &[BYTES, TEXT, JSON, REPEAT, TIME])),
        None => children(value).try_for_each(check_input),
    }
}

/// Checks the tags of an expected value.
///
/// # Errors
/// Returns an error if a tag is unknown, or if the value of a tag is invalid.
pub(crate) fn check_expected(value: &Value) -> Result<(), String> {
    match tag(value) {
        Some((BYTES | TEXT | REPEAT, _)) => bytes(value).map(drop),
        Some((JSON, value)) => check_expected(value),
        Some((TIME, _)) => check_time(value),
        Some((ANY | OPTIONAL, _)) => Ok(()),
        Some((name, _)) => Err(unknown(name, &[BYTES, TEXT, JSON, REPEAT, TIME, ANY, OPTIONAL])),
        None => children(value).try_for_each(check_expected),
    }
}

fn check_time(value: &Value) -> Result<(), String> {
    time(value).map(drop).ok_or_else(|| format!("`{TIME}` must be a time such as \"2026-01-31T12:00:00Z\""))
}

fn unknown(tag: &str, known: &[&str]) -> String {
    format!("unknown tag `{tag}`, expected one of {}", known.join(", "))
}

fn children(value: &Value) -> Box<dyn Iterator<Item = &Value> + '_> {
    match value {
        Value::Array(items) => Box::new(items.iter()),
        Value::Object(members) => Box::new(members.values()),
        _ => Box::new(std::iter::empty()),
    }
}

/// Returns the tag and its value, if the value is an object whose only member is a tag.
fn tag(value: &Value) -> Option<(&str, &Value)> {
    let members = value.as_object().filter(|members| members.len() == 1)?;
    let (name, value) = members.iter().next()?;
    (name.starts_with('$') && !KEYWORDS.contains(&name.as_str())).then_some((name, value))
}

/// Returns the bytes of a tagged blob, or `None` for any other value.
pub(crate) fn bytes(value: &Value) -> Result<Option<Vec<u8>>, String> {
    let wrong = |tag: &str, expected: &str| format!("`{tag}` must be {expected}");
    Ok(match tag(value) {
        Some((TEXT, text)) => Some(text.as_str().ok_or_else(|| wrong(TEXT, "a text"))?.as_bytes().to_vec()),
        Some((JSON, value)) => Some(value.to_string().into_bytes()),
        Some((BYTES, text)) => {
            let decoded = text.as_str().and_then(|text| STANDARD.decode(text).ok());
            Some(decoded.ok_or_else(|| wrong(BYTES, "base64 text with padding"))?)
        }
        Some((REPEAT, pair)) => {
            let text = pair.get(0).and_then(Value::as_str);
            let number = pair.get(1).and_then(Value::as_u64).and_then(|number| usize::try_from(number).ok());
            let (Some(text), Some(number)) = (text, number) else {
                return Err(wrong(REPEAT, "a list of a text and a number"));
            };
            if text.len().saturating_mul(number) > MAX_REPEATED {
                return Err(wrong(REPEAT, "at most 100 MB long"));
            }
            Some(text.repeat(number).into_bytes())
        }
        _ => None,
    })
}

/// Returns bytes as a tagged blob.
pub(crate) fn of_bytes(bytes: &[u8]) -> Value {
    json!({BYTES: STANDARD.encode(bytes)})
}

/// Returns the expectation of a member that can be missing or can have any value.
pub(crate) fn optional() -> Value {
    json!({OPTIONAL: true})
}

/// Compares a value that a client reports with an expected value. A member with the value `null` is equal to a missing
/// member, because some clients report all members.
pub(crate) fn compare_reported(path: &str, expected: &Value, found: &Value, differences: &mut Vec<String>) {
    compare(path, expected, &without_unset(expected, found), differences);
}

/// Removes the members with the value `null` that are not in the expected value, at any depth.
fn without_unset(expected: &Value, found: &Value) -> Value {
    match (expected, found) {
        (Value::Object(expected), Value::Object(found)) => {
            let is_set = |(name, value): &(&String, &Value)| !value.is_null() || expected.contains_key(*name);
            let members = found.iter().filter(is_set).map(|(name, value)| {
                let value = expected.get(name).map(|expected| without_unset(expected, value));
                (name.clone(), value.unwrap_or_else(|| found[name].clone()))
            });
            Value::Object(members.collect())
        }
        (Value::Array(expected), Value::Array(found)) => {
            let pairs = expected.iter().map(Some).chain(std::iter::repeat(None)).zip(found);
            let items = pairs.map(|(expected, found)| {
                expected.map_or_else(|| found.clone(), |expected| without_unset(expected, found))
            });
            items.collect()
        }
        _ => found.clone(),
    }
}

/// Compares a value with an expected value. Adds a line for each difference.
pub(crate) fn compare(path: &str, expected: &Value, found: &Value, differences: &mut Vec<String>) {
    let mut differ =
        || differences.push(format!("{path}: expected {}, found {}", show(expected), show(found)));
    match (tag(expected), expected, found) {
        (Some((ANY | OPTIONAL, _)), ..) => {}
        (Some((JSON, expected)), ..) => {
            let parsed = bytes(found).ok().flatten().and_then(|bytes| serde_json::from_slice(&bytes).ok());
            match parsed {
                Some(parsed) => compare(path, expected, &parsed, differences),
                None => differ(),
            }
        }
        (Some((TEXT | BYTES | REPEAT, _)), ..) => {
            if bytes(expected) != bytes(found) {
                differ();
            }
        }
        (Some((TIME, _)), ..) => {
            if time(expected).is_none() || time(expected) != time(found) {
                differ();
            }
        }
        (_, Value::Object(expected), Value::Object(found)) => {
            for (name, value) in expected {
                let path = format!("{path}.{name}");
                match found.get(name) {
                    Some(found) => compare(&path, value, found, differences),
                    None if *value == optional() => {}
                    None => differences.push(format!("{path}: expected {}, but it is missing", show(value))),
                }
            }
            for (name, value) in found.iter().filter(|(name, _)| !expected.contains_key(*name)) {
                differences.push(format!("{path}.{name}: expected no value, found {}", show(value)));
            }
        }
        (_, Value::Array(expected), Value::Array(found)) => {
            for (index, (expected, found)) in expected.iter().zip(found).enumerate() {
                compare(&format!("{path}[{index}]"), expected, found, differences);
            }
            if expected.len() != found.len() {
                let lengths = format!("expected {} elements, found {}", expected.len(), found.len());
                differences.push(format!("{path}: {lengths}"));
            }
        }
        (_, Value::Number(expected), Value::Number(found)) if is_equal(expected, found) => {}
        (_, expected, found) if expected == found => {}
        _ => differ(),
    }
}

/// Compares two numbers. `1` and `1.0` are equal. Integers are compared exactly, because different integers can be
/// equal as floating-point numbers.
fn is_equal(left: &Number, right: &Number) -> bool {
    left == right || ((left.is_f64() || right.is_f64()) && left.as_f64() == right.as_f64())
}

/// Returns the time of a tagged timestamp.
fn time(value: &Value) -> Option<Timestamp> {
    let (tag, text) = tag(value)?;
    text.as_str().filter(|_| tag == TIME)?.parse().ok()
}

/// Returns a value as JSON, shortened for a message. If the value is a blob, returns its text, or its size if it is not
/// UTF-8.
pub(crate) fn show(value: &Value) -> String {
    let text = match bytes(value) {
        Ok(Some(bytes)) => match String::from_utf8(bytes) {
            Ok(text) => format!("the bytes `{text}`"),
            Err(error) => format!("{} bytes", error.as_bytes().len()),
        },
        _ => value.to_string(),
    };
    shorten(&text, 400)
}

/// Shortens a text to `limit` characters.
pub(crate) fn shorten(text: &str, limit: usize) -> String {
    match text.char_indices().nth(limit) {
        Some((end, _)) => format!("{}..", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn differences(expected: &Value, found: &Value) -> Vec<String> {
        let mut differences = Vec::new();
        compare("output", expected, found, &mut differences);
        differences
    }

    #[test]
    fn encodes_the_short_forms_of_blobs() {
        let input =
            json!({"body": {"$text": "a"}, "list": [{"$json": {"b": 1}}, {"$repeat": ["xy", 2]}], "n": 1});
        let expected = json!({"body": {"$bytes": "YQ=="}, "list": [{"$bytes": "eyJiIjoxfQ=="}, {"$bytes": "eHl4eQ=="}], "n": 1});
        assert_eq!(encode(&input), Ok(expected));
        assert_eq!(encode(&json!({"$text": 1})), Err("`$text` must be a text".to_owned()));
        assert_eq!(
            encode(&json!({"$bytes": "_"})),
            Err("`$bytes` must be base64 text with padding".to_owned())
        );
        assert!(encode(&json!({"$repeat": ["a"]})).is_err());
        let too_long = Err("`$repeat` must be at most 100 MB long".to_owned());
        assert_eq!(encode(&json!({"$repeat": ["ab", 9_000_000_000_000_000_000_u64]})), too_long);
    }

    #[test]
    fn an_unset_member_can_be_reported_as_null() {
        let expected = json!({"a": {"b": 1}, "list": [{}], "set": null});
        let compare = |found: &Value| {
            let mut differences = Vec::new();
            compare_reported("output", &expected, found, &mut differences);
            differences
        };
        let none = Vec::<String>::new();
        let with_null = json!({"a": {"b": 1, "c": null}, "list": [{"d": null}], "set": null, "e": null});
        assert_eq!(compare(&with_null), none);
        assert_eq!(compare(&expected), none);
        let set = json!({"a": {"b": 1, "c": 0}, "list": [{}, {"d": null}], "set": null});
        let differences =
            ["output.a.c: expected no value, found 0", "output.list: expected 1 elements, found 2"];
        assert_eq!(compare(&set), differences);
    }

    #[test]
    fn compares_values() {
        for (expected, found) in [
            (json!({"$any": true}), json!(3)),
            (json!({"a": {"$optional": true}, "b": {"$optional": true}}), json!({"a": []})),
            (json!({"$json": {"a": 1.0, "b": 2}}), json!({"$bytes": STANDARD.encode(r#"{"b":2, "a":1}"#)})),
            (json!({"$text": "a"}), json!({"$bytes": "YQ=="})),
            (json!([1, {"a": null}]), json!([1.0, {"a": null}])),
            (json!({"$time": "2025-01-02T03:04:05Z"}), json!({"$time": "2025-01-02T03:04:05.000Z"})),
        ] {
            assert_eq!(differences(&expected, &found), Vec::<String>::new());
        }
        for (expected, found, message) in [
            (json!({"a": 1}), json!({"a": 2}), "output.a: expected 1, found 2"),
            (json!({"a": 1}), json!({}), "output.a: expected 1, but it is missing"),
            (json!({}), json!({"a": 1}), "output.a: expected no value, found 1"),
            (
                json!(9_007_199_254_740_993_u64),
                json!(9_007_199_254_740_992_u64),
                "output: expected 9007199254740993, found 9007199254740992",
            ),
            (json!([1]), json!([]), "output: expected 1 elements, found 0"),
            (json!({"$text": "a"}), json!("a"), "output: expected the bytes `a`, found \"a\""),
            (
                json!({"$json": {"a": 1}}),
                json!({"$bytes": "e30="}),
                "output.a: expected 1, but it is missing",
            ),
        ] {
            assert_eq!(differences(&expected, &found), [message]);
        }
    }
}
