//! What a model says to a body: an answer, or a refusal.

use serde_json::Value;

use super::completion::{Chunks, Completion};
use super::models::{Family, Kind, Model, find};
use super::{
    anthropic, cohere_command, cohere_embed, llama, mistral, nova, nova_canvas, titan_embed, titan_image,
    titan_text,
};

/// The body of a successful invocation, and what it counted.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Answer {
    /// The media type of `body`: always `application/json` so far.
    pub content_type: &'static str,
    /// The vendor's response, as JSON in UTF-8.
    pub body: Vec<u8>,
    /// Tokens read, by the same estimate as the usage fields of `body`; 0 for image models.
    pub input_tokens: u64,
    /// Tokens generated, by the same estimate as the usage fields of `body`; 0 for embedding and image
    /// models.
    pub output_tokens: u64,
    /// The most tokens that could have been generated: what the body allows, else what the vendor does; 0 for embedding and
    /// image models.
    pub max_tokens: u64,
}

impl Answer {
    pub(super) fn json(body: &Value, input_tokens: u64, output_tokens: u64) -> Self {
        let body = body.to_string().into_bytes();
        Self {
            content_type: "application/json",
            body,
            input_tokens,
            output_tokens,
            max_tokens: output_tokens,
        }
    }
}

/// Why a model does not answer a body.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// The caller's fault, to be sent as a `ValidationException` with this message.
    #[error("{0}")]
    Validation(String),
    /// This endpoint's own fault, to be sent as an `InternalServerException` with this message.
    #[error("{0}")]
    Internal(String),
}

impl Refusal {
    /// The service's words for an identifier that is none.
    pub(super) fn invalid_identifier() -> Self {
        Self::Validation("The provided model identifier is invalid.".to_owned())
    }

    /// The service's words for a model that makes no text.
    fn unsupported_for_streaming() -> Self {
        Self::Validation("The model is unsupported for streaming.".to_owned())
    }
}

/// Answers `body` as the base model `model_id` would.
///
/// # Errors
///
/// [`Refusal::Validation`] when the model would refuse the body, in the words that the service uses, or when
/// `model_id` is not the id of a base model that [`find`] knows.
pub fn answer(model_id: &str, body: &Value) -> Result<Answer, Refusal> {
    let model = find(model_id).ok_or_else(Refusal::invalid_identifier)?;
    match say(&model, body)? {
        Said::Text(completion) => Ok(completion.answer()),
        Said::Other(answer) => Ok(answer),
    }
}

/// Answers `body` in chunks, as the base model `model_id` would. Their texts together are the text of [`answer`].
///
/// # Errors
///
/// As for [`answer`], and for models that do not make text.
pub fn stream(model_id: &str, body: &Value) -> Result<Chunks, Refusal> {
    let model = find(model_id).ok_or_else(Refusal::invalid_identifier)?;
    if model.kind() != Kind::Text {
        return Err(Refusal::unsupported_for_streaming());
    }
    match say(&model, body)? {
        Said::Text(completion) => Ok(completion.stream()),
        Said::Other(_) => Err(Refusal::unsupported_for_streaming()),
    }
}

/// What a model says.
enum Said {
    /// In words, which can be streamed.
    Text(Completion),
    /// In vectors or images.
    Other(Answer),
}

fn say(model: &Model, body: &Value) -> Result<Said, Refusal> {
    match model.family {
        Family::Anthropic => anthropic::complete(model, body).map(Said::Text),
        Family::CohereCommandR => cohere_command::complete(model, body).map(Said::Text),
        Family::CohereEmbed3 => cohere_embed::answer(model, body, &cohere_embed::V3).map(Said::Other),
        Family::CohereEmbed4 => cohere_embed::answer(model, body, &cohere_embed::V4).map(Said::Other),
        Family::Llama => llama::complete(body).map(Said::Text),
        Family::Mistral | Family::MistralChat => mistral::complete(model, body).map(Said::Text),
        Family::Nova => nova::complete(body).map(Said::Text),
        Family::NovaCanvas => nova_canvas::answer(body).map(Said::Other),
        Family::TitanEmbedImage => titan_embed::answer_multimodal(body).map(Said::Other),
        Family::TitanEmbedText => titan_embed::answer_v1(body).map(Said::Other),
        Family::TitanEmbedText2 => titan_embed::answer_v2(body).map(Said::Other),
        Family::TitanImage => titan_image::answer(body).map(Said::Other),
        Family::TitanText => titan_text::complete(model, body).map(Said::Text),
    }
}
