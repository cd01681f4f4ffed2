//! Diagnostics of a model, with the id of the shape and the trait to which they apply.

use std::fmt;

use crate::model::ShapeId;

/// A diagnostic. A run collects all diagnostics before it fails.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Diagnostic {
    /// Shape or member, or `None` for a diagnostic of the model.
    pub shape: Option<ShapeId>,
    /// Trait, if the diagnostic is about one.
    pub trait_id: Option<String>,
    /// Description of the problem and of what to do.
    pub message: String,
}

impl Diagnostic {
    /// Creates a diagnostic that concerns no particular shape.
    pub fn model(message: impl Into<String>) -> Self {
        Self { shape: None, trait_id: None, message: message.into() }
    }

    /// Creates a diagnostic of a shape or member.
    pub fn shape(shape: &ShapeId, message: impl Into<String>) -> Self {
        Self { shape: Some(shape.clone()), trait_id: None, message: message.into() }
    }

    /// Creates a diagnostic of a trait of a shape or member.
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
