//! The supported base models, with their ids and families.
//!
//! The ids are listed in <https://docs.aws.amazon.com/bedrock/latest/userguide/models-supported.html> and in
//! the model cards. The endpoint does not support the other models on these pages.

/// A base model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Model {
    /// The base model id, for example `amazon.titan-embed-text-v2:0`.
    pub id: &'static str,
    /// The family. It determines the request and response schema.
    pub family: Family,
}

impl Model {
    /// Returns the kind of output that the model generates.
    #[must_use]
    pub const fn output_modality(&self) -> ModelModality {
        self.family.output_modality()
    }

    /// Returns the id without the colon and the version number after it. ARNs of custom models contain this
    /// form of the id.
    pub(super) fn stem(&self) -> &'static str {
        self.id.split_once(':').map_or(self.id, |(stem, _)| stem)
    }
}

/// The kind of output that a model generates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ModelModality {
    /// Text, from a prompt or a conversation.
    Text,
    /// Embeddings, from texts or images.
    Embedding,
    /// Images, from a prompt.
    Image,
}

/// A family of models that have the same request and response schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Family {
    /// Anthropic Claude, Messages API.
    Anthropic,
    /// Cohere Command R and R+.
    CohereCommandR,
    /// Cohere Embed v3.
    CohereEmbed3,
    /// Cohere Embed v4.
    CohereEmbed4,
    /// Meta Llama 3 and 4.
    Llama,
    /// Mistral AI, text completion.
    Mistral,
    /// Mistral AI, chat completion.
    MistralChat,
    /// Amazon Nova understanding models.
    Nova,
    /// Amazon Nova Canvas.
    NovaCanvas,
    /// Amazon Titan Multimodal Embeddings G1.
    TitanEmbedImage,
    /// Amazon Titan Embeddings G1 - Text.
    TitanEmbedText,
    /// Amazon Titan Text Embeddings V2.
    TitanEmbedText2,
    /// Amazon Titan Image Generator G1, v1 and v2.
    TitanImage,
    /// Amazon Titan Text.
    TitanText,
}

impl Family {
    /// Returns the kind of output that the models generate.
    #[must_use]
    pub const fn output_modality(self) -> ModelModality {
        match self {
            Self::Anthropic
            | Self::CohereCommandR
            | Self::Llama
            | Self::Mistral
            | Self::MistralChat
            | Self::Nova
            | Self::TitanText => ModelModality::Text,
            Self::CohereEmbed3
            | Self::CohereEmbed4
            | Self::TitanEmbedImage
            | Self::TitanEmbedText
            | Self::TitanEmbedText2 => ModelModality::Embedding,
            Self::NovaCanvas | Self::TitanImage => ModelModality::Image,
        }
    }
}

/// Returns the base model with exactly this id.
#[must_use]
pub fn find(model_id: &str) -> Option<Model> {
    MODELS.iter().find(|model| model.id == model_id).copied()
}

/// Returns all base models, sorted by id.
#[must_use]
pub fn models() -> &'static [Model] {
    MODELS
}

/// All base models, sorted by id.
pub(crate) const MODELS: &[Model] = &[
    model("amazon.nova-2-lite-v1:0", Family::Nova),
    model("amazon.nova-canvas-v1:0", Family::NovaCanvas),
    model("amazon.nova-lite-v1:0", Family::Nova),
    model("amazon.nova-micro-v1:0", Family::Nova),
    model("amazon.nova-premier-v1:0", Family::Nova),
    model("amazon.nova-pro-v1:0", Family::Nova),
    model("amazon.titan-embed-g1-text-02", Family::TitanEmbedText),
    model("amazon.titan-embed-image-v1", Family::TitanEmbedImage),
    model("amazon.titan-embed-text-v1", Family::TitanEmbedText),
    model("amazon.titan-embed-text-v2:0", Family::TitanEmbedText2),
    model("amazon.titan-image-generator-v1", Family::TitanImage),
    model("amazon.titan-image-generator-v2:0", Family::TitanImage),
    model("amazon.titan-text-express-v1", Family::TitanText),
    model("amazon.titan-text-lite-v1", Family::TitanText),
    model("amazon.titan-text-premier-v1:0", Family::TitanText),
    model("amazon.titan-tg1-large", Family::TitanText),
    model("anthropic.claude-3-5-haiku-20241022-v1:0", Family::Anthropic),
    model("anthropic.claude-3-5-sonnet-20240620-v1:0", Family::Anthropic),
    model("anthropic.claude-3-5-sonnet-20241022-v2:0", Family::Anthropic),
    model("anthropic.claude-3-7-sonnet-20250219-v1:0", Family::Anthropic),
    model("anthropic.claude-3-haiku-20240307-v1:0", Family::Anthropic),
    model("anthropic.claude-3-opus-20240229-v1:0", Family::Anthropic),
    model("anthropic.claude-3-sonnet-20240229-v1:0", Family::Anthropic),
    model("anthropic.claude-haiku-4-5-20251001-v1:0", Family::Anthropic),
    model("anthropic.claude-opus-4-1-20250805-v1:0", Family::Anthropic),
    model("anthropic.claude-opus-4-20250514-v1:0", Family::Anthropic),
    model("anthropic.claude-opus-4-5-20251101-v1:0", Family::Anthropic),
    model("anthropic.claude-opus-4-6-v1", Family::Anthropic),
    model("anthropic.claude-opus-4-7", Family::Anthropic),
    model("anthropic.claude-sonnet-4-20250514-v1:0", Family::Anthropic),
    model("anthropic.claude-sonnet-4-5-20250929-v1:0", Family::Anthropic),
    model("anthropic.claude-sonnet-4-6", Family::Anthropic),
    model("cohere.command-r-plus-v1:0", Family::CohereCommandR),
    model("cohere.command-r-v1:0", Family::CohereCommandR),
    model("cohere.embed-english-v3", Family::CohereEmbed3),
    model("cohere.embed-multilingual-v3", Family::CohereEmbed3),
    model("cohere.embed-v4:0", Family::CohereEmbed4),
    model("meta.llama3-1-405b-instruct-v1:0", Family::Llama),
    model("meta.llama3-1-70b-instruct-v1:0", Family::Llama),
    model("meta.llama3-1-8b-instruct-v1:0", Family::Llama),
    model("meta.llama3-2-11b-instruct-v1:0", Family::Llama),
    model("meta.llama3-2-1b-instruct-v1:0", Family::Llama),
    model("meta.llama3-2-3b-instruct-v1:0", Family::Llama),
    model("meta.llama3-2-90b-instruct-v1:0", Family::Llama),
    model("meta.llama3-3-70b-instruct-v1:0", Family::Llama),
    model("meta.llama3-70b-instruct-v1:0", Family::Llama),
    model("meta.llama3-8b-instruct-v1:0", Family::Llama),
    model("meta.llama4-maverick-17b-instruct-v1:0", Family::Llama),
    model("meta.llama4-scout-17b-instruct-v1:0", Family::Llama),
    model("mistral.mistral-7b-instruct-v0:2", Family::Mistral),
    model("mistral.mistral-large-2402-v1:0", Family::Mistral),
    model("mistral.mistral-large-2407-v1:0", Family::MistralChat),
    model("mistral.mistral-small-2402-v1:0", Family::Mistral),
    model("mistral.mixtral-8x7b-instruct-v0:1", Family::Mistral),
    model("mistral.pixtral-large-2502-v1:0", Family::MistralChat),
];

const fn model(id: &'static str, family: Family) -> Model {
    Model { id, family }
}
