//! Structures as JSON: names, numbers, blobs, timestamps, documents.
//! <https://smithy.io/2.0/aws/protocols/aws-restjson1-protocol.html#json-shape-serialization>

mod members;
mod object;
mod plain;
pub mod read;
mod union;
pub mod write;

pub use members::Members;
pub use object::{Object, ObjectWriter};
pub use serde_json::Value;
pub use union::UnknownMember;

pub(crate) use object::value_of;

use crate::ParseError;

/// A structure or union that can be written as JSON.
pub trait ToJson {
    /// Writes the value behind what is there already.
    fn to_json(&self, out: &mut Vec<u8>);
}

/// A structure or union that can be read from JSON.
pub trait FromJson: Sized {
    /// Reads the value.
    ///
    /// # Errors
    /// A member that is not of its shape, named by its path.
    fn from_json(value: Value) -> Result<Self, ParseError>;
}

#[cfg(test)]
mod tests;
