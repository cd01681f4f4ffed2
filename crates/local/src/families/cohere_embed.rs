//! Cohere Embed. A request has up to 96 `texts`, and its response has `embeddings`.
//!
//! * v3: <https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-embed-v3.html>
//! * v4: <https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-embed-v4.html>
//! * types: <https://docs.cohere.com/reference/embed>
//!
//! `input_type` is validated but does not change the embedding. Therefore a query and a document with the
//! same text have the same embedding. Requests with images are rejected.

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::{Map, Value, json};

use super::content::Content;
use super::models::Model;
use super::response::{ModelResponse, Rejection, ResponseIds};
use super::schema::{Integer, List, check_length, dimensions};
use super::validation_error::ValidationError;
use super::{embedding, json, tokens};

/// The properties that differ between v3 and v4.
pub(super) struct EmbedVersion {
    /// The maximum number of characters of one text.
    max_characters: usize,
    /// The maximum number of tokens of one text.
    max_tokens: i64,
    /// The allowed numbers of dimensions. The first number is the default.
    dimensions: &'static [usize],
    /// The allowed values of `truncate`. The last value is the default.
    truncate: &'static [(&'static str, Truncate)],
    /// `true` if the keys `inputs`, `output_dimension` and `max_tokens` are allowed.
    has_inputs: bool,
}

pub(super) const V3: EmbedVersion = EmbedVersion {
    max_characters: 2_048,
    max_tokens: 512,
    dimensions: &[1_024],
    truncate: &[("NONE", Truncate::None), ("START", Truncate::Start), ("END", Truncate::End)],
    has_inputs: false,
};

pub(super) const V4: EmbedVersion = EmbedVersion {
    max_characters: usize::MAX,
    max_tokens: 128_000,
    dimensions: &[1_536, 256, 512, 1_024],
    // The service also accepts the values of version 3.
    truncate: &[
        ("NONE", Truncate::None),
        ("START", Truncate::Start),
        ("END", Truncate::End),
        ("LEFT", Truncate::Start),
        ("RIGHT", Truncate::End),
    ],
    has_inputs: true,
};

/// The side at which long texts are truncated. With `None`, a text that is too long is rejected.
#[derive(Clone, Copy)]
enum Truncate {
    None,
    Start,
    End,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Request {
    #[expect(dead_code, reason = "the input type is only validated")]
    input_type: InputType,
    texts: Option<List<String, 0, 96>>,
    images: Option<IgnoredAny>,
    inputs: Option<List<Input, 0, 96>>,
    embedding_types: Option<List<EmbeddingType, 1, 5>>,
    output_dimension: Option<i64>,
    max_tokens: Option<Integer<1, 128_000>>,
    truncate: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum InputType {
    SearchDocument,
    SearchQuery,
    Classification,
    Clustering,
    Image,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Input {
    content: Content,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum EmbeddingType {
    Float,
    Int8,
    Uint8,
    Binary,
    Ubinary,
}

pub(super) fn respond(
    model: &Model,
    body: &Value,
    version: &EmbedVersion,
) -> Result<ModelResponse, Rejection> {
    let request: Request = json::read(body)?;
    let texts = texts(&request, version)?;
    let dimensions = dimensions(request.output_dimension, version.dimensions)
        .map_err(|error: ValidationError| error.at("output_dimension"))?;
    let limit = request.max_tokens.map_or(version.max_tokens, |limit| limit.0.min(version.max_tokens));

    let truncate = truncate(request.truncate.as_deref(), version)?;
    let input_key = if request.texts.is_some() { "texts" } else { "inputs" };

    let mut input_tokens = 0;
    let mut vectors = Vec::with_capacity(texts.len());
    for (index, text) in texts.iter().enumerate() {
        let kept =
            truncated(text, limit.unsigned_abs(), truncate).map_err(|error| error.at(index).at(input_key))?;
        input_tokens += tokens::count(kept);
        vectors.push(embedding::normalized(embedding::text_vector(kept, dimensions)));
    }

    let mut response = json!({"id": ResponseIds::new(model, body).uuid("id")});
    match request.embedding_types {
        None => {
            response["response_type"] = json!("embeddings_floats");
            response["embeddings"] = encoded(EmbeddingType::Float, &vectors);
        }
        Some(types) => {
            let by_type: Map<_, _> =
                types.0.iter().map(|kind| (kind.name().to_owned(), encoded(*kind, &vectors))).collect();
            response["response_type"] = json!("embeddings_by_type");
            response["embeddings"] = json!(by_type);
        }
    }
    response[input_key] = body[input_key].clone();
    Ok(ModelResponse::json(&response, input_tokens, 0))
}

/// Returns the texts to embed, one for each vector.
fn texts(request: &Request, version: &EmbedVersion) -> Result<Vec<String>, ValidationError> {
    if !version.has_inputs {
        let keys = [
            (request.inputs.is_some(), "inputs"),
            (request.output_dimension.is_some(), "output_dimension"),
            (request.max_tokens.is_some(), "max_tokens"),
        ];
        if let Some((_, key)) = keys.into_iter().find(|(is_set, _)| *is_set) {
            return Err(ValidationError::extraneous(key));
        }
    }
    let not_implemented = || ValidationError::new("images are not implemented by the local endpoint");
    if request.images.is_some() {
        return Err(not_implemented().at("images"));
    }
    match (&request.texts, &request.inputs) {
        (Some(_), Some(_)) => Err(ValidationError::new("only one of [texts] and [inputs] is permitted")),
        (Some(texts), None) => {
            for (index, text) in texts.0.iter().enumerate() {
                check_length(text, 0, version.max_characters)
                    .map_err(|error: ValidationError| error.at(index).at("texts"))?;
            }
            Ok(texts.0.clone())
        }
        (None, Some(inputs)) => {
            let is_image = |input: &Input| match &input.content {
                Content::Text(_) => false,
                Content::Parts(parts) => parts.iter().any(|part| part.kind != "text"),
            };
            match inputs.0.iter().position(is_image) {
                Some(index) => Err(not_implemented().at("content").at(index).at("inputs")),
                None => Ok(inputs.0.iter().map(|input| input.content.text()).collect()),
            }
        }
        (None, None) => Err(ValidationError::missing("texts")),
    }
}

fn truncate(value: Option<&str>, version: &EmbedVersion) -> Result<Truncate, ValidationError> {
    let found = match value {
        None => version.truncate.last(),
        Some(value) => version.truncate.iter().find(|(name, _)| *name == value),
    };
    found.map(|(_, truncate)| *truncate).ok_or_else(|| {
        let value = value.unwrap_or_default();
        ValidationError::new(format_args!("{value} is not a valid enum value")).at("truncate")
    })
}

/// Truncates `text` to at most `limit` tokens.
fn truncated(text: &str, limit: u64, truncate: Truncate) -> Result<&str, ValidationError> {
    match truncate {
        Truncate::Start => Ok(tokens::last(text, limit)),
        Truncate::End => Ok(tokens::first(text, limit)),
        Truncate::None => match tokens::count(text) {
            count if count > limit => {
                Err(ValidationError::new(format_args!("expected at most {limit} tokens, actual: {count}")))
            }
            _ => Ok(text),
        },
    }
}

impl EmbeddingType {
    fn name(self) -> &'static str {
        match self {
            Self::Float => "float",
            Self::Int8 => "int8",
            Self::Uint8 => "uint8",
            Self::Binary => "binary",
            Self::Ubinary => "ubinary",
        }
    }
}

/// Encodes vectors as the given type. Each value of a signed type equals the corresponding unsigned value
/// minus 128.
fn encoded(kind: EmbeddingType, vectors: &[Vec<f64>]) -> Value {
    let shifted = |numbers: Vec<i64>, by| numbers.into_iter().map(|number| number + by).collect::<Vec<_>>();
    let encode = |vector: &Vec<f64>| match kind {
        EmbeddingType::Float => json!(embedding::rounded(vector)),
        EmbeddingType::Int8 => json!(embedding::signed_bytes(vector)),
        EmbeddingType::Uint8 => json!(shifted(embedding::signed_bytes(vector), 128)),
        EmbeddingType::Binary => json!(shifted(embedding::packed_bits(vector), -128)),
        EmbeddingType::Ubinary => json!(embedding::packed_bits(vector)),
    };
    vectors.iter().map(encode).collect()
}
