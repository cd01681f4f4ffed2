//! Amazon Titan embeddings. A request has an `inputText`, and its response has an `embedding`.
//!
//! * Titan Text Embeddings G1 and V2:
//!   <https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-titan-embed-text.html>
//! * Titan Multimodal Embeddings G1:
//!   <https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-titan-embed-mm.html>
//! * Limits: <https://docs.aws.amazon.com/bedrock/latest/userguide/titan-embedding-models.html>

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::response::{ModelResponse, Rejection};
use super::schema::{List, Text, dimensions};
use super::validation_error::ValidationError;
use super::{embedding, image_input, json, tokens};

/// The maximum number of characters of a text.
const MAX_CHARACTERS: usize = 50_000;
const DIMENSIONS_V1: usize = 1_536;
const MAX_TOKENS: u64 = 8_192;
const MAX_MULTIMODAL_TOKENS: u64 = 256;

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct RequestV1 {
    input_text: Text<1, MAX_CHARACTERS>,
}

pub(super) fn respond_v1(body: &Value) -> Result<ModelResponse, Rejection> {
    let request: RequestV1 = json::read(body)?;
    let count = count_limited(&request.input_text.0, MAX_TOKENS)?;
    // Unlike the vectors of later models, the vectors of this model are not normalized.
    let vector = embedding::text_vector(&request.input_text.0, DIMENSIONS_V1);
    let body = json!({"embedding": embedding::rounded(&vector), "inputTextTokenCount": count});
    Ok(ModelResponse::json(&body, count, 0))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct RequestV2 {
    input_text: Text<1, MAX_CHARACTERS>,
    dimensions: Option<i64>,
    normalize: Option<bool>,
    embedding_types: Option<List<EmbeddingType, 1, 2>>,
}

#[derive(PartialEq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum EmbeddingType {
    Binary,
    Float,
}

pub(super) fn respond_v2(body: &Value) -> Result<ModelResponse, Rejection> {
    let request: RequestV2 = json::read(body)?;
    let dimensions = dimensions(request.dimensions, &[1_024, 512, 256])
        .map_err(|error: ValidationError| error.at("dimensions"))?;
    let count = count_limited(&request.input_text.0, MAX_TOKENS)?;
    let mut vector = embedding::text_vector(&request.input_text.0, dimensions);
    if request.normalize.unwrap_or(true) {
        vector = embedding::normalized(vector);
    }

    let floats = embedding::rounded(&vector);
    let types = request.embedding_types.map_or_else(|| vec![EmbeddingType::Float], |types| types.0);
    let mut by_type = Map::new();
    if types.contains(&EmbeddingType::Binary) {
        by_type.insert("binary".to_owned(), vector.iter().map(|x| i64::from(*x > 0.0)).collect());
    }
    if types.contains(&EmbeddingType::Float) {
        by_type.insert("float".to_owned(), json!(floats));
    }
    let body = json!({"embedding": floats, "embeddingsByType": by_type, "inputTextTokenCount": count});
    Ok(ModelResponse::json(&body, count, 0))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct MultimodalRequest {
    input_text: Option<String>,
    input_image: Option<String>,
    #[serde(default)]
    embedding_config: MultimodalConfig,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct MultimodalConfig {
    output_embedding_length: Option<i64>,
}

/// Embeds a text, an image, or both. The embedding of a text with an image is the mean of the two vectors.
pub(super) fn respond_multimodal(body: &Value) -> Result<ModelResponse, Rejection> {
    let request: MultimodalRequest = json::read(body)?;
    let dimensions = dimensions(request.embedding_config.output_embedding_length, &[1_024, 384, 256])
        .map_err(|error: ValidationError| error.at("outputEmbeddingLength").at("embeddingConfig"))?;
    let text = request.input_text.as_deref().unwrap_or_default();
    let count = count_limited(text, MAX_MULTIMODAL_TOKENS)?;

    let mut vectors = Vec::new();
    if request.input_text.is_some() {
        vectors.push(embedding::normalized(embedding::text_vector(text, dimensions)));
    }
    if let Some(image) = request.input_image {
        let image = image_input::from_base64(&image).map_err(|error| error.at("inputImage"))?;
        vectors.push(embedding::normalized(embedding::image_vector(&image, dimensions)));
    }
    if vectors.is_empty() {
        return Err(ValidationError::missing("inputText").into());
    }
    let vector = embedding::mean(&vectors);
    let body =
        json!({"embedding": embedding::rounded(&vector), "inputTextTokenCount": count, "message": null});
    Ok(ModelResponse::json(&body, count, 0))
}

/// Returns the number of tokens of `text`. Returns an error if the number exceeds `limit`.
fn count_limited(text: &str, limit: u64) -> Result<u64, Rejection> {
    let count = tokens::count(text);
    if count > limit {
        return Err(Rejection::Validation(format!(
            "400 Bad Request: Too many input tokens. Max input tokens: {limit}, request input token count: {count}"
        )));
    }
    Ok(count)
}
