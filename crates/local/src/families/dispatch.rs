//! Dispatches a body to its model family.

use serde_json::Value;

use super::completion::{Completion, ResponseChunks};
use super::models::{Family, Model, ModelModality, find};
use super::response::{ModelResponse, Rejection};
use super::{
    anthropic, anthropic_text, chat_completion, chat_dialect, cohere_command, cohere_embed, deepseek, image,
    llama, mistral, nova, nova_embed, rerank, stability, titan_embed, titan_text,
};

/// Returns the response of the base model `model_id` to `body`.
///
/// # Errors
///
/// Returns [`Rejection::Validation`] with the message of the service if the body is invalid for the model, or
/// if [`find`] returns `None` for `model_id`.
pub fn respond(model_id: &str, body: &Value) -> Result<ModelResponse, Rejection> {
    let model = find(model_id).ok_or_else(Rejection::invalid_identifier)?;
    match generate(&model, body, false)? {
        Generated::Text(completion) => Ok(completion.response()),
        Generated::Other(response) => Ok(response),
    }
}

/// Returns the response of the base model `model_id` to `body`, split into chunks. The concatenated text of
/// the chunks equals the text that [`respond`] returns.
///
/// # Errors
///
/// Returns the same errors as [`respond`]. Also returns an error if the model does not generate text.
pub fn stream(model_id: &str, body: &Value) -> Result<ResponseChunks, Rejection> {
    let model = find(model_id).ok_or_else(Rejection::invalid_identifier)?;
    if model.output_modality() != ModelModality::Text {
        return Err(Rejection::unsupported_for_streaming());
    }
    match generate(&model, body, true)? {
        Generated::Text(completion) => Ok(completion.stream()),
        Generated::Other(_) => Err(Rejection::unsupported_for_streaming()),
    }
}

/// The output of a model.
enum Generated {
    /// Text that can be streamed.
    Text(Completion),
    /// Embeddings, images or a ranking.
    Other(ModelResponse),
}

fn generate(model: &Model, body: &Value, is_streaming: bool) -> Result<Generated, Rejection> {
    let chat = |dialect| {
        chat_completion::check_stream(body, is_streaming)?;
        chat_completion::complete(model, body, dialect).map(Generated::Text)
    };
    match model.family {
        Family::AmazonRerank => rerank::respond(body, &rerank::AMAZON).map(Generated::Other),
        Family::AnthropicText if body.get("messages").is_none() => {
            anthropic_text::complete(body).map(Generated::Text)
        }
        Family::Anthropic | Family::AnthropicText => anthropic::complete(model, body).map(Generated::Text),
        Family::CohereCommandR => cohere_command::complete(model, body).map(Generated::Text),
        Family::CohereEmbed3 => cohere_embed::respond(model, body, &cohere_embed::V3).map(Generated::Other),
        Family::CohereEmbed4 => cohere_embed::respond(model, body, &cohere_embed::V4).map(Generated::Other),
        Family::CohereRerank => rerank::respond(body, &rerank::COHERE).map(Generated::Other),
        Family::DeepSeek => deepseek::complete(body).map(Generated::Text),
        Family::DeepSeekChat => chat(&chat_dialect::DEEPSEEK),
        Family::Jamba => chat(&chat_dialect::JAMBA),
        Family::Llama => llama::complete(body).map(Generated::Text),
        Family::Mistral | Family::MistralChat => mistral::complete(model, body).map(Generated::Text),
        Family::Nova => nova::complete(model, body).map(Generated::Text),
        Family::NovaCanvas => image::respond(body, &image::NOVA_CANVAS).map(Generated::Other),
        Family::NovaEmbed => nova_embed::respond(body).map(Generated::Other),
        Family::OpenAi => chat(&chat_dialect::OPENAI),
        Family::Palmyra => chat(&chat_dialect::PALMYRA),
        Family::Qwen => chat(&chat_dialect::QWEN),
        Family::Stability => stability::respond(model, body).map(Generated::Other),
        Family::TitanEmbedImage => titan_embed::respond_multimodal(body).map(Generated::Other),
        Family::TitanEmbedText => titan_embed::respond_v1(body).map(Generated::Other),
        Family::TitanEmbedText2 => titan_embed::respond_v2(body).map(Generated::Other),
        Family::TitanImage => image::respond(body, &image::TITAN_IMAGE).map(Generated::Other),
        Family::TitanText => titan_text::complete(model, body).map(Generated::Text),
    }
}
