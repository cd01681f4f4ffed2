//! The bodies of text embedding models, and the vectors in their responses.

use invoke_model_families::{ModelFamily, base_model_id};
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

/// The schema of a text embedding model, and the members of the body that are the same for all texts.
///
/// Schemas:
/// [Titan text](https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-titan-embed-text.html),
/// [Titan multimodal](https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-titan-embed-mm.html),
/// [Cohere](https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-embed.html).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Schema<'a> {
    form: Form,
    dimensions: Option<u32>,
    /// The purpose of the vectors, for Cohere.
    input_type: &'a str,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Form {
    TitanText1,
    TitanText2,
    TitanImage,
    Cohere3,
    Cohere4,
}

/// Error of a model or a flag that `embed` does not support.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SchemaError {
    #[error(
        "`{0}` is not a text embedding model of Amazon Titan or Cohere, or its ARN does not name the model: use \
         `invoke-model invoke` for other models"
    )]
    Model(String),

    #[error("--dimensions: `{0}` has only one length of vectors: omit the flag")]
    Dimensions(String),
}

/// Error of a response without a vector.
#[derive(Debug, thiserror::Error)]
#[error("cannot read the embedding in the response: {0}")]
pub(crate) struct ResponseError(String);

impl<'a> Schema<'a> {
    /// Returns the schema of a model.
    pub(crate) fn new(
        model_id: &str,
        dimensions: Option<u32>,
        input_type: &'a str,
    ) -> Result<Self, SchemaError> {
        let base = base_model_id(model_id).unwrap_or_default();
        let form = match ModelFamily::from_model_id(model_id) {
            Some(ModelFamily::TitanEmbed) if base.contains("embed-image") => Form::TitanImage,
            Some(ModelFamily::TitanEmbed) if base.contains("text-v2") => Form::TitanText2,
            Some(ModelFamily::TitanEmbed) => Form::TitanText1,
            Some(ModelFamily::CohereEmbed) if base.contains("-v3") => Form::Cohere3,
            Some(ModelFamily::CohereEmbed) => Form::Cohere4,
            _ => return Err(SchemaError::Model(model_id.to_owned())),
        };
        if dimensions.is_some() && matches!(form, Form::TitanText1 | Form::Cohere3) {
            return Err(SchemaError::Dimensions(model_id.to_owned()));
        }
        Ok(Self { form, dimensions, input_type })
    }

    /// Returns the body for a text.
    pub(crate) fn body(&self, text: &str) -> Value {
        let mut body = match self.form {
            Form::TitanText1 | Form::TitanText2 | Form::TitanImage => json!({ "inputText": text }),
            Form::Cohere3 | Form::Cohere4 => json!({ "texts": [text], "input_type": self.input_type }),
        };
        if let Some(dimensions) = self.dimensions {
            match self.form {
                Form::TitanImage => body["embeddingConfig"] = json!({ "outputEmbeddingLength": dimensions }),
                Form::Cohere4 => body["output_dimension"] = json!(dimensions),
                _ => body["dimensions"] = json!(dimensions),
            }
        }
        body
    }

    /// Returns the vector in a response as JSON text.
    pub(crate) fn vector(&self, response: &[u8]) -> Result<Box<RawValue>, ResponseError> {
        let error = |error: serde_json::Error| ResponseError(error.to_string());
        if !matches!(self.form, Form::Cohere3 | Form::Cohere4) {
            return Ok(serde_json::from_slice::<Titan>(response).map_err(error)?.embedding);
        }
        let embeddings = serde_json::from_slice::<Cohere>(response).map_err(error)?.embeddings;
        // Cohere returns a list of vectors, or an object with a list for each type of numbers. The first
        // character selects the type. It would be wrong to try `ByType` first, because serde also
        // deserializes a struct from a list.
        let vectors: Vec<_> = match embeddings.get().starts_with('{') {
            true => serde_json::from_str::<ByType>(embeddings.get()).map_err(error)?.float,
            false => serde_json::from_str(embeddings.get()).map_err(error)?,
        };
        vectors.into_iter().next().ok_or_else(|| ResponseError("`embeddings` is empty".to_owned()))
    }
}

#[derive(Deserialize)]
struct Titan {
    embedding: Box<RawValue>,
}

#[derive(Deserialize)]
struct Cohere {
    embeddings: Box<RawValue>,
}

#[derive(Deserialize)]
struct ByType {
    float: Vec<Box<RawValue>>,
}

#[cfg(test)]
mod tests;
