//! What is wrong with a model: each names the shape id and, where one is meant, the trait.

use std::fmt;

use crate::model::ShapeId;

/// One finding. A run collects all of them before it gives up.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Diagnostic {
    /// The shape or member that is meant; none for the model as a whole.
    pub shape: Option<ShapeId>,
    /// The trait that is meant.
    pub trait_id: Option<String>,
    /// What is wrong and what to do.
    pub message: String,
}

impl Diagnostic {
    /// A finding about the model as a whole.
    pub fn model(message: impl Into<String>) -> Self {
        Self { shape: None, trait_id: None, message: message.into() }
    }

    /// A finding about a shape or member.
    pub fn shape(shape: &ShapeId, message: impl Into<String>) -> Self {
        Self { shape: Some(shape.clone()), trait_id: None, message: message.into() }
    }

    /// A finding about a trait on a shape or member.
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
