//! Cohere Embed: up to 96 `texts` in, `embeddings` out.
//!
//! * v3: <https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-embed-v3.html>
//! * v4: <https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-embed-v4.html>
//! * types: <https://docs.cohere.com/reference/embed>
//!
//! `input_type` is checked and changes nothing, so that queries find documents. Images are refused.

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::{Map, Value, json};

use super::answer::{Answer, Refusal};
use super::bounded::{Integer, List, check_length, dimensions};
use super::content::Content;
use super::digest::Seal;
use super::fault::Fault;
use super::models::Model;
use super::{features, json, tokens};

/// What v3 and v4 differ in.
pub(super) struct Generation {
    /// Characters of one text.
    max_characters: usize,
    /// Tokens of one text.
    max_tokens: i64,
    /// The first is the default.
    dimensions: &'static [usize],
    /// The words for what to do with a text that is too long; the last is the default.
    truncate: [(&'static str, Truncate); 3],
    /// Keys that only v4 knows.
    has_inputs: bool,
}

pub(super) const V3: Generation = Generation {
    max_characters: 2_048,
    max_tokens: 512,
    dimensions: &[1_024],
    truncate: [("NONE", Truncate::Refuse), ("START", Truncate::Start), ("END", Truncate::End)],
    has_inputs: false,
};

pub(super) const V4: Generation = Generation {
    max_characters: usize::MAX,
    max_tokens: 128_000,
    dimensions: &[1_536, 256, 512, 1_024],
    truncate: [("NONE", Truncate::Refuse), ("LEFT", Truncate::Start), ("RIGHT", Truncate::End)],
    has_inputs: true,
};

/// What is dropped of a text that is too long.
#[derive(Clone, Copy)]
enum Truncate {
    Refuse,
    Start,
    End,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Request {
    #[expect(dead_code, reason = "only checked")]
    input_type: InputType,
    texts: Option<List<String, 0, 96>>,
    images: Option<IgnoredAny>,
    inputs: Option<List<Input, 0, 96>>,
    embedding_types: Option<List<Type, 1, 5>>,
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

#[derive(Deserialize, Clone, Copy)]
#[serde(rename_all = "lowercase")]
enum Type {
    Float,
    Int8,
    Uint8,
    Binary,
    Ubinary,
}

pub(super) fn answer(model: &Model, body: &Value, generation: &Generation) -> Result<Answer, Refusal> {
    let request: Request = json::read(body)?;
    let texts = texts(&request, generation)?;
    let dimensions = dimensions(request.output_dimension, generation.dimensions)
        .map_err(|fault: Fault| fault.at("output_dimension"))?;
    let limit = request.max_tokens.map_or(generation.max_tokens, |limit| limit.0.min(generation.max_tokens));

    let truncate = truncate(request.truncate.as_deref(), generation)?;
    let echoed = if request.texts.is_some() { "texts" } else { "inputs" };

    let mut input_tokens = 0;
    let mut vectors = Vec::with_capacity(texts.len());
    for (index, text) in texts.iter().enumerate() {
        let kept = cut(text, limit.unsigned_abs(), truncate).map_err(|fault| fault.at(index).at(echoed))?;
        input_tokens += tokens::count(kept);
        vectors.push(features::normalised(features::text(kept, dimensions)));
    }

    let mut answer = json!({"id": Seal::new(model, body).uuid("id")});
    match request.embedding_types {
        None => {
            answer["response_type"] = json!("embeddings_floats");
            answer["embeddings"] = of_type(Type::Float, &vectors);
        }
        Some(types) => {
            let by_type: Map<_, _> =
                types.0.iter().map(|kind| (kind.name().to_owned(), of_type(*kind, &vectors))).collect();
            answer["response_type"] = json!("embeddings_by_type");
            answer["embeddings"] = json!(by_type);
        }
    }
    answer[echoed] = body[echoed].clone();
    Ok(Answer::json(&answer, input_tokens, 0))
}

/// The texts to embed, one for each vector.
fn texts(request: &Request, generation: &Generation) -> Result<Vec<String>, Fault> {
    if !generation.has_inputs {
        let keys = [
            (request.inputs.is_some(), "inputs"),
            (request.output_dimension.is_some(), "output_dimension"),
            (request.max_tokens.is_some(), "max_tokens"),
        ];
        if let Some((_, key)) = keys.into_iter().find(|(given, _)| *given) {
            return Err(Fault::extraneous(key));
        }
    }
    let not_implemented = || Fault::new("images are not implemented by the local endpoint");
    if request.images.is_some() {
        return Err(not_implemented().at("images"));
    }
    match (&request.texts, &request.inputs) {
        (Some(_), Some(_)) => Err(Fault::new("only one of [texts] and [inputs] is permitted")),
        (Some(texts), None) => {
            for (index, text) in texts.0.iter().enumerate() {
                check_length(text, 0, generation.max_characters)
                    .map_err(|fault: Fault| fault.at(index).at("texts"))?;
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
        (None, None) => Err(Fault::missing("texts")),
    }
}

fn truncate(word: Option<&str>, generation: &Generation) -> Result<Truncate, Fault> {
    let [.., (default, _)] = generation.truncate;
    let word = word.unwrap_or(default);
    let found = generation.truncate.into_iter().find(|(known, _)| *known == word);
    let (_, truncate) = found.ok_or_else(|| {
        let words = format!("{word} is not a valid enum value");
        Fault::new(words).at("truncate")
    })?;
    Ok(truncate)
}

/// `text` in at most `limit` tokens.
fn cut(text: &str, limit: u64, truncate: Truncate) -> Result<&str, Fault> {
    match truncate {
        Truncate::Start => Ok(tokens::last(text, limit)),
        Truncate::End => Ok(tokens::first(text, limit)),
        Truncate::Refuse => match tokens::count(text) {
            count if count > limit => {
                Err(Fault::new(format_args!("expected at most {limit} tokens, actual: {count}")))
            }
            _ => Ok(text),
        },
    }
}

impl Type {
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

/// Signed types are the unsigned ones less 128.
fn of_type(kind: Type, vectors: &[Vec<f64>]) -> Value {
    let shifted = |numbers: Vec<i64>, by| numbers.into_iter().map(|number| number + by).collect::<Vec<_>>();
    let one = |vector: &Vec<f64>| match kind {
        Type::Float => json!(features::rounded(vector)),
        Type::Int8 => json!(features::signed_bytes(vector)),
        Type::Uint8 => json!(shifted(features::signed_bytes(vector), 128)),
        Type::Binary => json!(shifted(features::packed_bits(vector), -128)),
        Type::Ubinary => json!(features::packed_bits(vector)),
    };
    vectors.iter().map(one).collect()
}
