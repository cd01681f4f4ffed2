//! A model as botocore describes it: the operations, and the structure of their inputs, outputs and errors.
//!
//! If a member has constraints in Smithy, botocore puts them on a new shape with an invented name. Therefore
//! the comparison starts at the operations and follows the members. It compares the names of operations,
//! members and errors, but not the names of other shapes.

mod botocore;
mod compare;
mod smithy;

use std::collections::BTreeMap;

use super::facts::Aspects;

pub(super) use botocore::is_service_model;
pub(super) use compare::compare;

/// A service.
#[derive(Debug, Default)]
pub(super) struct Wire {
    /// Aspects of the service.
    aspects: Aspects,
    operations: BTreeMap<String, Operation>,
    shapes: BTreeMap<String, Shape>,
}

/// An operation. Inputs, outputs and errors are keys of [`Wire::shapes`].
#[derive(Debug, Default)]
struct Operation {
    aspects: Aspects,
    input: Option<String>,
    output: Option<String>,
    /// Shapes of the errors by name.
    errors: BTreeMap<String, String>,
}

/// A shape.
#[derive(Debug, Default)]
struct Shape {
    aspects: Aspects,
    /// Members of a structure, in the order of the model.
    members: Vec<(String, Member)>,
    /// The element of a list, or the key and the value of a map. Their names are `[]`, `{key}` and `{value}`.
    elements: Vec<(&'static str, Member)>,
}

impl Shape {
    /// Returns `true` if the shape is a structure or a union. The comparison visits a structure or union only
    /// once, even if several members use the shape.
    fn is_structure(&self) -> bool {
        !self.members.is_empty() || self.aspects.get("type").is_some_and(|ty| ty == "structure")
    }
}

/// A member, with the key of its shape.
#[derive(Debug, Default)]
struct Member {
    /// Aspects of the member. These aspects take precedence over the aspects of the shape.
    aspects: Aspects,
    shape: String,
}

#[cfg(test)]
mod tests;
