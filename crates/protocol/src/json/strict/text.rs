//! Parses the JSON text that a caller has written.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use super::MAX_DEPTH;
use super::error::{InputError, InputErrorKind};
use crate::json::scan::position;

/// The only key of the object that replaces the value of a repeated key: see [`value_from_text`].
const REPEATED: &str = "\0repeated key";

/// Parses JSON text into a value whose depth is at most [`MAX_DEPTH`].
///
/// If an object contains a key twice, `serde_json` would keep the last value and discard the first value.
/// Instead, this function replaces both values with a marker, and [`from_value`](super::from_value) returns
/// an error for the marker. The error contains the name of a member, but not the key of a map, because keys
/// can be sensitive. This function cannot return the error, because only `from_value` knows whether a key is
/// the name of a member.
///
/// # Errors
/// Returns an error if the text is not JSON, if it is nested too deeply, or if it contains an integer of more
/// than 64 bits. `serde_json` would convert such an integer to a float, which has fewer digits.
pub fn value_from_text(text: &[u8]) -> Result<Value, InputError> {
    let Scan { depth, large_integer } = Scan::of(text);
    if depth > MAX_DEPTH {
        return Err(InputErrorKind::TooDeep.into());
    }
    let mut json = serde_json::Deserializer::from_slice(text);
    // The limit of `serde_json` is 128. The depth has already been checked.
    json.disable_recursion_limit();
    let MarkedValue(value) = MarkedValue::deserialize(&mut json)
        .and_then(|value| json.end().map(|()| value))
        .map_err(|error| InputErrorKind::NotJson { line: error.line(), column: error.column() })?;
    match large_integer {
        Some(offset) => {
            let (line, column) = position(text, offset);
            Err(InputErrorKind::LargeInteger { line, column }.into())
        }
        None => Ok(value),
    }
}

/// Returns `true` for the marker that replaces the value of a repeated key.
pub(super) fn is_repeated(value: &Value) -> bool {
    matches!(value, Value::Object(members) if members.len() == 1 && members.contains_key(REPEATED))
}

/// A value in which the marker replaces the values of repeated keys.
struct MarkedValue(Value);

impl<'de> Deserialize<'de> for MarkedValue {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(MarkedVisitor).map(Self)
    }
}

struct MarkedVisitor;

impl<'de> Visitor<'de> for MarkedVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(text.into())
    }

    fn visit_string<E>(self, text: String) -> Result<Value, E> {
        Ok(text.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Value, A::Error> {
        let mut values = Vec::new();
        while let Some(MarkedValue(value)) = elements.next_element()? {
            values.push(value);
        }
        Ok(Value::Array(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut members = Map::new();
        while let Some((key, MarkedValue(mut value))) = entries.next_entry::<String, _>()? {
            if members.contains_key(&key) {
                value = Value::Object(Map::from_iter([(REPEATED.to_owned(), Value::Null)]));
            }
            members.insert(key, value);
        }
        Ok(Value::Object(members))
    }
}

/// Properties of a JSON text that the parser does not report.
#[derive(Debug, Default)]
struct Scan {
    /// The depth of nested arrays and objects. If the text is not JSON, this number is at least the depth
    /// that a parser reaches before it finds the error.
    depth: usize,
    /// The offset of the first integer of more than 64 bits.
    large_integer: Option<usize>,
}

impl Scan {
    fn of(text: &[u8]) -> Self {
        let (mut scan, mut depth, mut offset) = (Self::default(), 0_usize, 0);
        while let Some(byte) = text.get(offset) {
            let rest = &text[offset..];
            offset += match byte {
                b'"' => length_of_string(rest),
                b'-' | b'0'..=b'9' => {
                    let is_part = |byte: &u8| byte.is_ascii_digit() || b"+-.eE".contains(byte);
                    let length = rest.iter().position(|byte| !is_part(byte)).unwrap_or(rest.len());
                    if is_large_integer(&rest[..length]) {
                        scan.large_integer.get_or_insert(offset);
                    }
                    length
                }
                b'[' | b'{' => {
                    depth += 1;
                    scan.depth = scan.depth.max(depth);
                    1
                }
                b']' | b'}' => {
                    depth = depth.saturating_sub(1);
                    1
                }
                _ => 1,
            };
        }
        scan
    }
}

/// Returns the length of the string at the start of the text, including both quotation marks.
fn length_of_string(text: &[u8]) -> usize {
    let mut length = 1;
    while let Some(byte) = text.get(length) {
        match byte {
            b'\\' => length += 2,
            b'"' => return length + 1,
            _ => length += 1,
        }
    }
    length
}

fn is_large_integer(number: &[u8]) -> bool {
    let digits = number.strip_prefix(b"-").unwrap_or(number);
    // Every integer of 18 digits fits 64 bits.
    if digits.len() <= 18 || !digits.iter().all(u8::is_ascii_digit) {
        return false;
    }
    let fits = |text: &str| text.parse::<i64>().is_ok() || text.parse::<u64>().is_ok();
    !std::str::from_utf8(number).is_ok_and(fits)
}
