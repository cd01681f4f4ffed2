//! Amazon Titan embeddings: `inputText` in, `embedding` out.
//!
//! * Text, G1 and V2:
//!   <https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-titan-embed-text.html>
//! * Multimodal G1:
//!   <https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-titan-embed-mm.html>
//! * Limits: <https://docs.aws.amazon.com/bedrock/latest/userguide/titan-embedding-models.html>

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::answer::{Answer, Refusal};
use super::bounded::{List, Text, dimensions};
use super::fault::Fault;
use super::{features, json, tokens};

/// Characters that one request may hold.
const MAX_CHARACTERS: usize = 50_000;
const MAX_TOKENS: u64 = 8_192;
const MAX_MULTIMODAL_TOKENS: u64 = 256;

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Request1 {
    input_text: Text<1, MAX_CHARACTERS>,
}

pub(super) fn answer_v1(body: &Value) -> Result<Answer, Refusal> {
    let request: Request1 = json::read(body)?;
    let count = limited(&request.input_text.0, MAX_TOKENS)?;
    let vector = features::normalised(features::text(&request.input_text.0, 1_536));
    let body = json!({"embedding": features::rounded(&vector), "inputTextTokenCount": count});
    Ok(Answer::json(&body, count, 0))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Request2 {
    input_text: Text<1, MAX_CHARACTERS>,
    dimensions: Option<i64>,
    normalize: Option<bool>,
    embedding_types: Option<List<Type, 1, 2>>,
}

#[derive(Deserialize, PartialEq)]
#[serde(rename_all = "lowercase")]
enum Type {
    Binary,
    Float,
}

pub(super) fn answer_v2(body: &Value) -> Result<Answer, Refusal> {
    let request: Request2 = json::read(body)?;
    let dimensions =
        dimensions(request.dimensions, &[1_024, 512, 256]).map_err(|fault: Fault| fault.at("dimensions"))?;
    let count = limited(&request.input_text.0, MAX_TOKENS)?;
    let mut vector = features::text(&request.input_text.0, dimensions);
    if request.normalize.unwrap_or(true) {
        vector = features::normalised(vector);
    }

    let floats = features::rounded(&vector);
    let types = request.embedding_types.map_or_else(|| vec![Type::Float], |types| types.0);
    let mut by_type = Map::new();
    if types.contains(&Type::Binary) {
        by_type.insert("binary".to_owned(), vector.iter().map(|x| i64::from(*x > 0.0)).collect());
    }
    if types.contains(&Type::Float) {
        by_type.insert("float".to_owned(), json!(floats));
    }
    let body = json!({"embedding": floats, "embeddingsByType": by_type, "inputTextTokenCount": count});
    Ok(Answer::json(&body, count, 0))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct MultimodalRequest {
    input_text: Option<String>,
    input_image: Option<String>,
    #[serde(default)]
    embedding_config: MultimodalConfig,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct MultimodalConfig {
    output_embedding_length: Option<i64>,
}

/// A text, an image, or the mean of both: one of them is required.
pub(super) fn answer_multimodal(body: &Value) -> Result<Answer, Refusal> {
    let request: MultimodalRequest = json::read(body)?;
    let dimensions = dimensions(request.embedding_config.output_embedding_length, &[1_024, 384, 256])
        .map_err(|fault: Fault| fault.at("outputEmbeddingLength").at("embeddingConfig"))?;
    let text = request.input_text.as_deref().unwrap_or_default();
    let count = limited(text, MAX_MULTIMODAL_TOKENS)?;

    let mut vectors = Vec::new();
    if request.input_text.is_some() {
        vectors.push(features::normalised(features::text(text, dimensions)));
    }
    if let Some(image) = request.input_image {
        let image = STANDARD.decode(image).map_err(|_| Fault::new("expected base64").at("inputImage"))?;
        vectors.push(features::normalised(features::bytes(&image, dimensions)));
    }
    let Some(mut vector) = vectors.pop() else { return Err(Fault::missing("inputText").into()) };
    if let Some(other) = vectors.pop() {
        vector.iter_mut().zip(other).for_each(|(x, y)| *x = (*x + y) / 2.0);
    }
    let body =
        json!({"embedding": features::rounded(&vector), "inputTextTokenCount": count, "message": null});
    Ok(Answer::json(&body, count, 0))
}

/// The tokens of `text`, unless they are too many.
fn limited(text: &str, limit: u64) -> Result<u64, Refusal> {
    let count = tokens::count(text);
    if count > limit {
        return Err(Refusal::Validation(format!(
            "400 Bad Request: Too many input tokens. Max input tokens: {limit}, request input token count: {count}"
        )));
    }
    Ok(count)
}
