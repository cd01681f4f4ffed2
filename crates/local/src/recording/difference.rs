//! The differences between two JSON values.

use serde_json::{Number, Value};

/// A difference: the JSON Pointer (RFC 6901) of a value, and both values. A missing value is `None`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Difference {
    pub(crate) pointer: String,
    pub(crate) recorded: Option<Value>,
    pub(crate) received: Option<Value>,
}

/// Returns the differences in the order of the values. `1` and `1.0` do not differ, because the clients write the same
/// number in different ways.
pub(crate) fn differences(recorded: &Value, received: &Value) -> Vec<Difference> {
    let mut found = Vec::new();
    compare(Some(recorded), Some(received), String::new(), &mut found);
    found
}

fn compare(recorded: Option<&Value>, received: Option<&Value>, pointer: String, found: &mut Vec<Difference>) {
    match (recorded, received) {
        (Some(Value::Object(left)), Some(Value::Object(right))) => {
            let added = right.keys().filter(|name| !left.contains_key(*name));
            for name in left.keys().chain(added) {
                let escaped = name.replace('~', "~0").replace('/', "~1");
                compare(left.get(name), right.get(name), format!("{pointer}/{escaped}"), found);
            }
        }
        (Some(Value::Array(left)), Some(Value::Array(right))) => {
            for index in 0..left.len().max(right.len()) {
                compare(left.get(index), right.get(index), format!("{pointer}/{index}"), found);
            }
        }
        (Some(Value::Number(left)), Some(Value::Number(right))) if is_same_number(left, right) => {}
        (left, right) if left != right => {
            found.push(Difference { pointer, recorded: left.cloned(), received: right.cloned() });
        }
        _ => {}
    }
}

fn is_same_number(left: &Number, right: &Number) -> bool {
    left == right || (left.is_f64() != right.is_f64() && left.as_f64() == right.as_f64())
}

impl std::fmt::Display for Difference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let at = if self.pointer.is_empty() { "the body" } else { &self.pointer };
        write!(f, "{at} is {}, but was recorded as {}", shown(&self.received), shown(&self.recorded))
    }
}

/// Returns a value as text, truncated to a length that fits a message.
fn shown(value: &Option<Value>) -> String {
    const LONGEST: usize = 120;
    let Some(value) = value else { return "missing".to_owned() };
    let text = value.to_string();
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}..", &text[..end]),
        None => text,
    }
}
