//! Strict parsing of JSON into the generated types, for inputs that a caller writes as JSON.
//!
//! The parsers of responses ignore members that are not in the model, because a newer version of the service
//! may send them. In an input, such a member is usually a typing mistake. Therefore this module returns an
//! error with the path to the member and the names of the known members.
//!
//! The module uses the `Deserialize` implementations of the generated types. These implementations pass the
//! names of all members to the deserializer of this module.

mod deserializer;
mod error;

use serde::de::DeserializeOwned;
use serde_json::Value;

pub use error::{InputError, InputErrorKind};

use super::MAX_DEPTH;
use deserializer::StrictDeserializer;

/// Parses JSON text into a value whose depth is at most [`MAX_DEPTH`].
///
/// # Errors
/// Returns an error if the text is not JSON, or if it is nested too deeply.
pub fn value_from_text(text: &[u8]) -> Result<Value, InputError> {
    if text_depth(text) > MAX_DEPTH {
        return Err(InputErrorKind::TooDeep.into());
    }
    let mut json = serde_json::Deserializer::from_slice(text);
    // The limit of `serde_json` is 128. The depth has already been checked.
    json.disable_recursion_limit();
    let value = serde::Deserialize::deserialize(&mut json);
    value
        .and_then(|value| json.end().map(|()| value))
        .map_err(|error| InputErrorKind::NotJson { line: error.line(), column: error.column() }.into())
}

/// Checks that the depth of a value is at most [`MAX_DEPTH`].
///
/// # Errors
/// Returns an error if the value is nested too deeply. In this case, the function drops the value without
/// recursion, because the destructor of a very deep value would overflow the stack.
pub fn check_depth(value: Value) -> Result<Value, InputError> {
    let mut open = vec![(&value, 1)];
    let mut is_too_deep = false;
    while let Some((value, depth)) = open.pop() {
        is_too_deep |= depth > MAX_DEPTH && is_container(value);
        match value {
            _ if is_too_deep => break,
            Value::Array(elements) => open.extend(elements.iter().map(|element| (element, depth + 1))),
            Value::Object(members) => open.extend(members.values().map(|member| (member, depth + 1))),
            _ => {}
        }
    }
    if !is_too_deep {
        return Ok(value);
    }
    let mut rest = vec![value];
    while let Some(value) = rest.pop() {
        match value {
            Value::Array(elements) => rest.extend(elements),
            Value::Object(members) => rest.extend(members.into_iter().map(|(_, member)| member)),
            _ => {}
        }
    }
    Err(InputErrorKind::TooDeep.into())
}

/// Converts a JSON value into a generated type. The depth of the value should be at most [`MAX_DEPTH`]: see
/// [`check_depth`].
///
/// # Errors
/// Returns an error if a member is not in the model, is missing, or has a value of another type.
pub fn from_value<T: DeserializeOwned>(value: Value) -> Result<T, InputError> {
    T::deserialize(StrictDeserializer::new(value))
}

fn is_container(value: &Value) -> bool {
    matches!(value, Value::Array(_) | Value::Object(_))
}

/// Returns the depth of a JSON text. For a text that is not JSON, returns at least the depth that a parser
/// reaches before it finds the error.
fn text_depth(text: &[u8]) -> usize {
    let (mut depth, mut max) = (0_usize, 0);
    let mut bytes = text.iter();
    while let Some(byte) = bytes.next() {
        match byte {
            b'[' | b'{' => {
                depth += 1;
                max = max.max(depth);
            }
            b']' | b'}' => depth = depth.saturating_sub(1),
            b'"' => loop {
                match bytes.next() {
                    Some(b'\\') => _ = bytes.next(),
                    Some(b'"') | None => break,
                    Some(_) => {}
                }
            },
            _ => {}
        }
    }
    max
}

#[cfg(test)]
mod tests;
