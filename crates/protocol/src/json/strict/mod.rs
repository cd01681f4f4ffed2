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

use super::MAX_DEPTH;
use super::write::has_levels;
use deserializer::StrictDeserializer;

/// Checks that the depth of a value is at most [`MAX_DEPTH`].
///
/// # Errors
/// Returns an error if the value is nested too deeply. In this case, the function drops the value without
/// recursion, because the destructor of a very deep value would overflow the stack.
pub fn check_depth(value: Value) -> Result<Value, InputError> {
    if has_levels(&value, MAX_DEPTH) {
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

#[cfg(test)]
mod tests;
