//! The model families, and the table that assigns base models to them.

use crate::model_id::base_model_id;

/// A family of models that share the schemas of requests and responses.
///
/// A later version may add families.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ModelFamily {
    /// [AI21 Jamba](https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-jamba.html).
    Ai21Jamba,
    /// [AI21 Jurassic-2](https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-jurassic2.html).
    Ai21Jurassic,
    /// [Amazon Rerank](https://docs.aws.amazon.com/bedrock/latest/userguide/rerank.html).
    AmazonRerank,
    /// [Anthropic Claude](https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-claude.html).
    Anthropic,
    /// [Cohere Command](https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-cohere-command.html)
    /// and [Command R](https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-cohere-command-r-plus.html).
    CohereCommand,
    /// [Cohere Embed](https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-embed.html).
    CohereEmbed,
    /// [Cohere Rerank](https://docs.aws.amazon.com/bedrock/latest/userguide/rerank.html).
    CohereRerank,
    /// [DeepSeek](https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-deepseek.html).
    DeepSeek,
    /// [Meta Llama](https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-meta.html).
    Llama,
    /// [Mistral AI](https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-mistral.html), text
    /// completion and chat completion.
    Mistral,
    /// [Amazon Nova](https://docs.aws.amazon.com/nova/latest/userguide/complete-request-schema.html)
    /// understanding models.
    Nova,
    /// [Amazon Nova Canvas](https://docs.aws.amazon.com/nova/latest/userguide/image-gen-req-resp-structure.html).
    NovaCanvas,
    /// [Amazon Nova Multimodal Embeddings](https://docs.aws.amazon.com/nova/latest/userguide/embeddings-schema.html).
    NovaEmbed,
    /// [OpenAI gpt-oss](https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-openai.html).
    OpenAi,
    /// [Qwen](https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters.html), with the schema of
    /// OpenAI.
    Qwen,
    /// [Stability AI](https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-stability-diffusion.html)
    /// image models.
    Stability,
    /// Amazon Titan Embeddings,
    /// [text](https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-titan-embed-text.html) and
    /// [multimodal](https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-titan-embed-mm.html).
    TitanEmbed,
    /// [Amazon Titan Image Generator](https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-titan-image.html).
    TitanImage,
    /// [Amazon Titan Text](https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-titan-text.html).
    TitanText,
    /// [Writer Palmyra](https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-writer-palmyra.html).
    Writer,
}

/// Prefixes of base model ids. The table contains prefixes instead of complete ids, so that a new model of a
/// family usually needs no new entry.
const PREFIXES: [(&str, ModelFamily); 27] = [
    ("ai21.j2-", ModelFamily::Ai21Jurassic),
    ("ai21.jamba-", ModelFamily::Ai21Jamba),
    ("amazon.nova-2-lite-", ModelFamily::Nova),
    ("amazon.nova-2-multimodal-embeddings-", ModelFamily::NovaEmbed),
    ("amazon.nova-2-omni-", ModelFamily::Nova),
    ("amazon.nova-2-pro-", ModelFamily::Nova),
    ("amazon.nova-canvas-", ModelFamily::NovaCanvas),
    ("amazon.nova-lite-", ModelFamily::Nova),
    ("amazon.nova-micro-", ModelFamily::Nova),
    ("amazon.nova-premier-", ModelFamily::Nova),
    ("amazon.nova-pro-", ModelFamily::Nova),
    ("amazon.rerank-", ModelFamily::AmazonRerank),
    ("amazon.titan-embed-", ModelFamily::TitanEmbed),
    ("amazon.titan-image-", ModelFamily::TitanImage),
    ("amazon.titan-text-", ModelFamily::TitanText),
    ("amazon.titan-tg1-", ModelFamily::TitanText),
    ("anthropic.claude-", ModelFamily::Anthropic),
    ("cohere.command-", ModelFamily::CohereCommand),
    ("cohere.embed-", ModelFamily::CohereEmbed),
    ("cohere.rerank-", ModelFamily::CohereRerank),
    ("deepseek.", ModelFamily::DeepSeek),
    ("meta.llama", ModelFamily::Llama),
    ("mistral.", ModelFamily::Mistral),
    ("openai.gpt-oss-", ModelFamily::OpenAi),
    ("qwen.", ModelFamily::Qwen),
    ("stability.", ModelFamily::Stability),
    ("writer.palmyra-", ModelFamily::Writer),
];

impl ModelFamily {
    /// Returns the family of a model.
    ///
    /// Accepts the same ids and ARNs as [`base_model_id`]. Returns `None` if the id or ARN does not contain a
    /// base model, or if this crate does not know the schemas of the model.
    ///
    /// ```
    /// use invoke_model_families::ModelFamily;
    ///
    /// let check = |id, family| assert_eq!(ModelFamily::from_model_id(id), family);
    /// check("amazon.titan-embed-text-v2:0", Some(ModelFamily::TitanEmbed));
    /// check("eu.amazon.nova-lite-v1:0", Some(ModelFamily::Nova));
    /// check("arn:aws:bedrock:us-east-1::foundation-model/deepseek.r1-v1:0", Some(ModelFamily::DeepSeek));
    /// check("arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/a1b2c3d4e5f6", None);
    /// ```
    #[must_use]
    pub fn from_model_id(model_id: &str) -> Option<Self> {
        let base = base_model_id(model_id)?;
        PREFIXES.iter().find(|(prefix, _)| base.starts_with(prefix)).map(|(_, family)| *family)
    }
}

/// Returns the burndown rate of a model: the number of tokens that one output token uses from the token
/// quota.
///
/// The rate is 5 for Claude 3.7 and later, and 1 for all other models. Accepts the same ids and ARNs as
/// [`base_model_id`]. If the id or ARN does not contain a base model, the rate is 1.
/// <https://docs.aws.amazon.com/bedrock/latest/userguide/quotas-token-burndown.html>
#[doc(alias = "burndown")]
#[must_use]
pub fn output_token_weight(model_id: &str) -> u32 {
    const EARLIER: [&str; 7] = ["3-5-", "3-haiku-", "3-opus-", "3-sonnet-", "instant-", "v1", "v2"];
    let name = base_model_id(model_id).and_then(|id| id.strip_prefix("anthropic.claude-"));
    let is_later = name.is_some_and(|name| EARLIER.iter().all(|start| !name.starts_with(start)));
    if is_later { 5 } else { 1 }
}
