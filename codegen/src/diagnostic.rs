//! Diagnostics about a model. A diagnostic can name the shape and the trait that cause it.

use std::fmt;

use crate::model::ShapeId;

/// A problem that prevents code generation. One run of the generator can report several diagnostics.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Diagnostic {
    /// Id of the shape or member with the problem, or `None` if the problem concerns the entire model.
    pub shape: Option<ShapeId>,
    /// Id of the trait that causes the problem, or `None` if no trait is involved.
    pub trait_id: Option<String>,
    /// Text that describes the problem and, if possible, a solution.
    pub message: String,
}

impl Diagnostic {
    /// Creates a diagnostic about the entire model.
    pub fn model(message: impl Into<String>) -> Self {
        Self { shape: None, trait_id: None, message: message.into() }
    }

    /// Creates a diagnostic about a shape or member.
    pub fn shape(shape: &ShapeId, message: impl Into<String>) -> Self {
        Self { shape: Some(shape.clone()), trait_id: None, message: message.into() }
    }

    /// Creates a diagnostic about a trait of a shape or member.
    pub fn on_trait(shape: &ShapeId, trait_id: impl Into<String>, message: impl Into<String>) -> Self {
        Self { shape: Some(shape.clone()), trait_id: Some(trait_id.into()), message: message.into() }
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.shape, &self.trait_id) {
            (Some(shape), Some(trait_id)) => write!(f, "{shape} @{trait_id}: {}", self.message),
            (Some(shape), None) => write!(f, "{shape}: {}", self.message),
            _ => f.write_str(&self.message),
        }
    }
}
