//! Serialization of structures to JSON, and parsing of structures from JSON.
//!
//! <https://smithy.io/2.0/aws/protocols/aws-restjson1-protocol.html#json-shape-serialization>

mod object;
pub mod read;
mod scan;
pub mod strict;
mod union;
mod value;
pub mod write;

#[cfg(feature = "server")]
pub(crate) use object::members_by_name;
pub use object::{Object, ObjectWriter};
pub use scan::Nodes;
pub use serde_json::Value;
pub use union::{UnionMember, UnitMember, UnknownMember};
pub use value::BorrowedValue;

use crate::error::ParseError;

/// The maximum depth of nested arrays and objects. With this limit, recursive functions such as the
/// destructor of [`Value`] do not overflow the stack of a thread.
pub const MAX_DEPTH: usize = 256;

/// A structure or union that can be serialized to JSON.
pub trait ToJson {
    /// Appends the structure or union to `out` as JSON.
    fn to_json(&self, out: &mut Vec<u8>);
}

/// A structure or union that can be parsed from JSON.
pub trait FromJson: Sized {
    /// Parses the structure or union from a JSON value.
    ///
    /// # Errors
    /// Returns an error if a member does not match the model. The error contains the path to this member.
    fn from_json(value: BorrowedValue<'_>) -> Result<Self, ParseError>;
}

#[cfg(test)]
mod tests;
