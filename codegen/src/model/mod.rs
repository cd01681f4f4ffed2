//! The Smithy JSON AST: shapes and members, with their traits as JSON.
//!
//! This module merges `apply` statements and mixins into the shapes. Therefore all later steps work with
//! complete shapes. The module does not interpret traits other than `mixin`.
//! <https://smithy.io/2.0/spec/json-ast.html>

mod apply;
mod mixin;
mod shape;
mod shape_id;

pub use shape::{Member, Reference, Shape, ShapeType, Traits};
pub use shape_id::{InvalidShapeId, ShapeId};

use indexmap::IndexMap;
use serde_json::Value;

/// A Smithy model. Its shapes are in the order of the file.
#[derive(Clone, Debug)]
pub struct Model {
    shapes: IndexMap<ShapeId, Shape>,
}

impl Model {
    /// Parses a JSON AST of version 1.0 or 2.x.
    ///
    /// # Errors
    /// Returns an error if the text is not JSON, has no supported `smithy` version, or has a malformed shape.
    pub fn from_json(text: &str) -> Result<Self, ModelError> {
        let mut shapes = read(text)?;
        // This function applies the statements twice. The first run reaches members of mixins, before shapes
        // inherit them. The second run reaches members that a shape has inherited from a mixin.
        let statements = apply::take(&mut shapes);
        apply::fold(&mut shapes, &statements);
        mixin::fold(&mut shapes);
        apply::fold(&mut shapes, &statements);
        Ok(Self { shapes })
    }

    /// Applies the `apply` statements of another AST to this model. Ignores the shapes that the other AST
    /// defines. Returns the ids of shapes and members that a statement names, but that this model does not
    /// contain.
    ///
    /// # Errors
    /// Returns the same errors as [`from_json`](Self::from_json).
    pub fn apply_json(&mut self, text: &str) -> Result<Vec<ShapeId>, ModelError> {
        let statements = apply::take(&mut read(text)?);
        Ok(apply::fold(&mut self.shapes, &statements))
    }

    /// Returns the shape with this id. Models do not contain the shapes of the prelude, such as
    /// `smithy.api#String`.
    pub fn shape(&self, id: &ShapeId) -> Option<&Shape> {
        self.shapes.get(id)
    }

    /// Returns all shapes, in the order of the file.
    pub fn shapes(&self) -> impl Iterator<Item = (&ShapeId, &Shape)> {
        self.shapes.iter()
    }

    /// Returns the ids of all services, in the order of the file.
    pub fn services(&self) -> impl Iterator<Item = &ShapeId> {
        self.shapes.iter().filter(|(_, shape)| shape.ty == ShapeType::Service).map(|(id, _)| id)
    }
}

/// Parses the shapes of an AST.
fn read(text: &str) -> Result<IndexMap<ShapeId, Shape>, ModelError> {
    let mut document: Value = serde_json::from_str(text).map_err(ModelError::Json)?;
    match document.get("smithy").and_then(Value::as_str) {
        Some(version) if version == "1.0" || version.starts_with("2") => {}
        Some(version) => return Err(ModelError::Version(version.to_owned())),
        None => return Err(ModelError::NotAModel),
    }
    let Some(Value::Object(written)) = document.get_mut("shapes").map(Value::take) else {
        return Ok(IndexMap::new());
    };
    let mut shapes = IndexMap::with_capacity(written.len());
    for (id, shape) in written {
        let id: ShapeId = id.parse()?;
        let shape: Shape = serde_json::from_value(shape)
            .map_err(|source| ModelError::Shape { id: id.to_string(), source })?;
        shapes.insert(id, shape);
    }
    Ok(shapes)
}

/// An error that occurs while a model is parsed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ModelError {
    /// The text is not JSON.
    #[error("the model is not JSON: {0}")]
    Json(#[source] serde_json::Error),
    /// The JSON has no `smithy` version and is therefore not an AST.
    #[error("not a Smithy JSON AST: the top-level key `smithy` is missing")]
    NotAModel,
    /// The version is not supported.
    #[error("Smithy version {0} is not supported: use 1.0 or 2.x")]
    Version(String),
    /// A shape id is not of the form `namespace#Name` or `namespace#Name$member`.
    #[error(transparent)]
    ShapeId(#[from] InvalidShapeId),
    /// A shape is malformed.
    #[error("shape {id} is malformed: {source}")]
    Shape {
        /// Id of the shape.
        id: String,
        /// Error of the deserializer.
        source: serde_json::Error,
    },
}

#[cfg(test)]
mod tests;
