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
mod text;

use serde::de::DeserializeOwned;
use serde_json::Value;

pub use error::{InputError, InputErrorKind};
pub use text::value_from_text;

use deserializer::StrictDeserializer;

/// The maximum depth of nested arrays and objects. With this limit, recursive functions such as the JSON
/// parser and the destructor of [`Value`] do not overflow the stack of a thread.
pub const MAX_DEPTH: usize = 256;

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

#[cfg(test)]
mod tests;
