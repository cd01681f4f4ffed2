//! Cohere Embed. A request has up to 96 `texts`, and its response has `embeddings`.
//!
//! * v3: <https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-embed-v3.html>
//! * v4: <https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-embed-v4.html>
//! * types: <https://docs.cohere.com/reference/embed>
//!
//! `input_type` is validated but does not change the embedding. Therefore a query and a document with the
//! same text have the same embedding. If an input has a text and images, its embedding is the mean of the
//! vectors of the text and of each image. Images have no tokens.
//!
//! Without `embedding_types`, v3 returns a list of embeddings, and v4 returns embeddings by type. The
//! English v3 model returns the texts of the request in lower case.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::content::Content;
use super::models::Model;
use super::response::{ModelResponse, Rejection, ResponseIds};
use super::schema::{Integer, List, check_count, check_length, dimensions};
use super::validation_error::ValidationError;
use super::{embedding, image_input, json, tokens};

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
    /// The maximum number of images.
    max_images: usize,
    /// The allowed media types of images.
    media_types: &'static [&'static str],
    /// `true` if the response contains embeddings by type, even if the request has no `embedding_types`.
    is_by_type: bool,
}

pub(super) const V3: EmbedVersion = EmbedVersion {
    max_characters: 2_048,
    max_tokens: 512,
    dimensions: &[1_024],
    truncate: &[("NONE", Truncate::None), ("START", Truncate::Start), ("END", Truncate::End)],
    has_inputs: false,
    max_images: 1,
    media_types: &["image/jpeg", "image/png"],
    is_by_type: false,
};

pub(super) const V4: EmbedVersion = EmbedVersion {
    max_characters: usize::MAX,
    max_tokens: 128_000,
    dimensions: &[1_536, 256, 512, 1_024],
    // The service also accepts the values of v3.
    truncate: &[
        ("NONE", Truncate::None),
        ("START", Truncate::Start),
        ("END", Truncate::End),
        ("LEFT", Truncate::Start),
        ("RIGHT", Truncate::End),
    ],
    has_inputs: true,
    max_images: 96,
    media_types: &["image/gif", "image/jpeg", "image/png", "image/webp"],
    is_by_type: true,
};

/// The maximum size of an image, in bytes.
const MAX_IMAGE_BYTES: usize = 5_000_000;

/// The model that converts texts to lower case.
const LOWER_CASE: &str = "cohere.embed-english-v3";

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
    images: Option<List<String, 1, 96>>,
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
    let (input_key, items) = items(&request, version)?;
    let dimensions = dimensions(request.output_dimension, version.dimensions)
        .map_err(|error: ValidationError| error.at("output_dimension"))?;
    let limit = request.max_tokens.map_or(version.max_tokens, |limit| limit.0.min(version.max_tokens));

    let truncate = truncate(request.truncate.as_deref(), version)?;
    let mut input_tokens = 0;
    let mut vectors = Vec::with_capacity(items.len());
    for (index, item) in items.iter().enumerate() {
        let images = item.images.iter().map(|image| embedding::image_vector(image, dimensions));
        let mut parts: Vec<_> = images.map(embedding::normalized).collect();
        if let Some(text) = &item.text {
            let kept = truncated(text, limit.unsigned_abs(), truncate)
                .map_err(|error| error.at(index).at(input_key))?;
            input_tokens += tokens::count(kept);
            parts.push(embedding::normalized(embedding::text_vector(kept, dimensions)));
        }
        vectors.push(embedding::normalized(embedding::mean(&parts)));
    }

    let mut response = json!({"id": ResponseIds::new(model, body).uuid("id")});
    let types = request.embedding_types.map(|types| types.0);
    match types.or_else(|| version.is_by_type.then(|| vec![EmbeddingType::Float])) {
        None => {
            response["response_type"] = json!("embeddings_floats");
            response["embeddings"] = encoded(EmbeddingType::Float, &vectors);
        }
        Some(types) => {
            let by_type: Map<_, _> =
                types.iter().map(|kind| (kind.name().to_owned(), encoded(*kind, &vectors))).collect();
            response["response_type"] = json!("embeddings_by_type");
            response["embeddings"] = json!(by_type);
        }
    }
    match &request.texts {
        Some(texts) if model.id == LOWER_CASE => {
            response["texts"] = texts.0.iter().map(|text| json!(text.to_lowercase())).collect();
        }
        // Images are not part of the response.
        None if input_key == "images" => response["texts"] = json!([]),
        _ => response[input_key] = body[input_key].clone(),
    }
    Ok(ModelResponse::json(&response, input_tokens, 0))
}

/// Returns the inputs to embed, one for each vector, and the key of the body that contains them.
fn items(request: &Request, version: &EmbedVersion) -> Result<(&'static str, Vec<Item>), ValidationError> {
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
    match (&request.texts, &request.images, &request.inputs) {
        (Some(texts), None, None) => {
            for (index, text) in texts.0.iter().enumerate() {
                check_length(text, 0, version.max_characters)
                    .map_err(|error: ValidationError| error.at(index).at("texts"))?;
            }
            let texts = texts.0.iter().map(|text| Item { text: Some(text.clone()), images: Vec::new() });
            Ok(("texts", texts.collect()))
        }
        (None, Some(images), None) => {
            check_count(images.0.len(), version.max_images)
                .map_err(|error: ValidationError| error.at("images"))?;
            let images = images.0.iter().enumerate().map(|(index, image)| {
                let image = decoded(image, version).map_err(|error| error.at(index).at("images"));
                image.map(|image| Item { text: None, images: vec![image] })
            });
            Ok(("images", images.collect::<Result<_, _>>()?))
        }
        (None, None, Some(inputs)) => {
            let items = inputs.0.iter().enumerate().map(|(index, input)| {
                input.item(version).map_err(|error| error.at("content").at(index).at("inputs"))
            });
            Ok(("inputs", items.collect::<Result<_, _>>()?))
        }
        (None, None, None) => Err(ValidationError::missing("texts")),
        _ if version.has_inputs => {
            Err(ValidationError::new("only one of [texts], [images] and [inputs] is permitted"))
        }
        _ => Err(ValidationError::new("only one of [texts] and [images] is permitted")),
    }
}

/// Decodes an image in a data URI.
fn decoded(image: &str, version: &EmbedVersion) -> Result<Vec<u8>, ValidationError> {
    let bytes = image_input::from_data_uri(image, version.media_types)?;
    if bytes.len() > MAX_IMAGE_BYTES {
        let problem = format_args!("the image has {} bytes; the maximum is {MAX_IMAGE_BYTES}", bytes.len());
        return Err(ValidationError::new(problem));
    }
    Ok(bytes)
}

/// An input to embed: a text, images, or both.
struct Item {
    text: Option<String>,
    images: Vec<Vec<u8>>,
}

impl Input {
    fn item(&self, version: &EmbedVersion) -> Result<Item, ValidationError> {
        let parts = self.content.parts();
        let mut images = Vec::new();
        for (index, part) in parts.iter().enumerate() {
            let image = match part.kind.as_str() {
                "text" => continue,
                "image_url" => part.image_url.as_ref(),
                kind => {
                    let problem = format_args!("{kind} is not a valid enum value");
                    return Err(ValidationError::new(problem).at("type").at(index));
                }
            };
            let image = image.map(|image| image.get("url").unwrap_or(image)).and_then(Value::as_str);
            let image = image.ok_or_else(|| ValidationError::missing("image_url").at(index))?;
            images.push(decoded(image, version).map_err(|error| error.at("image_url").at(index))?);
        }
        let has_text = images.is_empty() || parts.iter().any(|part| part.text.is_some());
        Ok(Item { text: has_text.then(|| self.content.text()), images })
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

/// Encodes vectors as the given type. An `int8` value is the `uint8` value minus 128. A `binary` value is the
/// `ubinary` value minus 128.
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
