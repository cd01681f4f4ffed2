//! Unions: an object with one member.
//! <https://smithy.io/2.0/aws/protocols/aws-restjson1-protocol.html#union-serialization>

use serde_json::Value;

use super::Object;
use crate::{ParseError, ParseErrorKind};

/// The member of a union that is set, and its value. Null members are not set, and `__type` is no member.
///
/// # Errors
/// Not an object, or none or several members set.
pub fn single_member(value: Value) -> Result<(String, Value), ParseError> {
    let members = Object::from_value(value)?.into_map();
    let mut set = members.into_iter().filter(|(name, value)| name != "__type" && !value.is_null());
    match (set.next(), set.count()) {
        (Some(member), 0) => Ok(member),
        (first, others) => Err(ParseErrorKind::Union { found: others + usize::from(first.is_some()) }.into()),
    }
}
