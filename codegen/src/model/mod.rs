//! The Smithy JSON AST as written: shapes, members, traits as JSON.
//!
//! Nothing is interpreted here but `apply` statements and mixins, which are folded into the shapes they speak of,
//! so that every later step sees each shape whole.
//! <https://smithy.io/2.0/spec/json-ast.html>

mod apply;
mod mixin;
mod shape;
mod shape_id;

pub use shape::{Member, Reference, Shape, ShapeType, Traits};
pub use shape_id::{InvalidShapeId, ShapeId};

use indexmap::IndexMap;
use serde_json::Value;

/// A Smithy model, in the order of its file.
#[derive(Clone, Debug)]
pub struct Model {
    shapes: IndexMap<ShapeId, Shape>,
}

impl Model {
    /// Reads a JSON AST of version 1.0 or 2.x.
    ///
    /// # Errors
    /// The text is not JSON, has no `smithy` version, or a shape in it is not of the AST's form.
    pub fn from_json(text: &str) -> Result<Self, ModelError> {
        let mut shapes = read(text)?;
        // Twice: a statement may speak of a mixin's member, or of the member that a shape took from a mixin.
        let statements = apply::take(&mut shapes);
        apply::fold(&mut shapes, &statements);
        mixin::fold(&mut shapes);
        apply::fold(&mut shapes, &statements);
        Ok(Self { shapes })
    }

    /// Reads another AST and takes from it what it says of this model's shapes: its `apply` statements. Other shapes in
    /// it are passed over. Gives the ids of what this model does not have, for the caller to judge.
    ///
    /// # Errors
    /// As for [`from_json`](Self::from_json).
    pub fn apply_json(&mut self, text: &str) -> Result<Vec<ShapeId>, ModelError> {
        let statements = apply::take(&mut read(text)?);
        Ok(apply::fold(&mut self.shapes, &statements))
    }

    /// The shape of that id; the shapes of the prelude (`smithy.api#String`, ..) are not in a model's file.
    pub fn shape(&self, id: &ShapeId) -> Option<&Shape> {
        self.shapes.get(id)
    }

    /// Every shape, in the order of the file.
    pub fn shapes(&self) -> impl Iterator<Item = (&ShapeId, &Shape)> {
        self.shapes.iter()
    }

    /// The ids of the services in the model, in the order of the file.
    pub fn services(&self) -> impl Iterator<Item = &ShapeId> {
        self.shapes.iter().filter(|(_, shape)| shape.ty == ShapeType::Service).map(|(id, _)| id)
    }
}

/// The shapes of an AST as written.
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

/// Why a text is no model.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ModelError {
    /// Not JSON.
    #[error("the model is not JSON: {0}")]
    Json(#[source] serde_json::Error),
    /// JSON, but without the `smithy` version that every AST file starts with.
    #[error("not a Smithy JSON AST: the top-level key `smithy` is missing")]
    NotAModel,
    /// A version this crate does not know.
    #[error("Smithy version {0} is not supported; 1.0 and 2.x are")]
    Version(String),
    /// A shape id that is not `namespace#Name` or `namespace#Name$member`.
    #[error(transparent)]
    ShapeId(#[from] InvalidShapeId),
    /// A shape that is not of the AST's form.
    #[error("shape {id} is not of the AST's form: {source}")]
    Shape {
        /// The shape's id.
        id: String,
        /// What is wrong with it.
        source: serde_json::Error,
    },
}

#[cfg(test)]
mod tests;
