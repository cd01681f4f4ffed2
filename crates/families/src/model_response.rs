//! Reads responses to `InvokeModel`.

use std::borrow::Cow;

use serde_json::Value;

use crate::path::{Path, UsagePaths, at, first_str};
use crate::stream_part::GUARDRAIL_ACTION;
use crate::usage::Usage;

/// A response to `InvokeModel`. This type supports all model families.
///
/// The [crate documentation](crate#responses) lists the schemas, and the paths to their values. This type
/// recognizes a schema by its members, so it needs no model id.
///
/// ```
/// use invoke_model_families::ModelResponse;
///
/// let body = br#"{"generation":"Hi!","prompt_token_count":3,"generation_token_count":2,"stop_reason":"stop"}"#;
/// let response = ModelResponse::parse(body)?;
/// assert_eq!(response.text(), "Hi!");
/// assert_eq!(response.stop_reason(), Some("stop"));
/// let usage = response.usage().unwrap_or_default();
/// assert_eq!((usage.input_tokens, usage.output_tokens), (Some(3), Some(2)));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ModelResponse(Value);

/// Paths to a text, or to a list of content blocks that have a `text`.
const TEXTS: &[Path] = &[
    // Claude Messages.
    &["content"],
    // Nova.
    &["output", "message", "content"],
    // Titan Text.
    &["results", "0", "outputText"],
    // Llama.
    &["generation"],
    // Mistral AI text completion.
    &["outputs", "0", "text"],
    // Chat completion.
    &["choices", "0", "message", "content"],
    // DeepSeek-R1.
    &["choices", "0", "text"],
    // Cohere Command R.
    &["text"],
    // Cohere Command.
    &["generations", "0", "text"],
    // AI21 Jurassic-2.
    &["completions", "0", "data", "text"],
    // Claude text completions.
    &["completion"],
];

/// A path to a list of content blocks, and a path to the reasoning in a block.
const REASONING: &[(Path, Path)] = &[
    // Claude Messages.
    (&["content"], &["thinking"]),
    // Nova.
    (&["output", "message", "content"], &["reasoningContent", "reasoningText", "text"]),
];

/// Paths to the reasoning in a chat completion. The reasoning is one string and not a list of blocks.
const CHAT_REASONING: &[Path] =
    &[&["choices", "0", "message", "reasoning_content"], &["choices", "0", "message", "reasoning"]];

const STOP_REASONS: &[Path] = &[
    // Claude and Llama.
    &["stop_reason"],
    // Nova.
    &["stopReason"],
    // Titan Text.
    &["results", "0", "completionReason"],
    // Mistral AI text completion.
    &["outputs", "0", "stop_reason"],
    // Chat completion. Mistral AI and DeepSeek-R1 use the second name.
    &["choices", "0", "finish_reason"],
    &["choices", "0", "stop_reason"],
    // Cohere Command R.
    &["finish_reason"],
    // Cohere Command.
    &["generations", "0", "finish_reason"],
    // AI21 Jurassic-2.
    &["completions", "0", "finishReason", "reason"],
];

const USAGE: UsagePaths = UsagePaths {
    input: &[
        // Claude Messages and OpenAI Responses.
        &["usage", "input_tokens"],
        // Nova.
        &["usage", "inputTokens"],
        // Chat completion.
        &["usage", "prompt_tokens"],
        // Titan Text and Titan Embeddings.
        &["inputTextTokenCount"],
        // Llama.
        &["prompt_token_count"],
        // AI21 Jurassic-2.
        &["prompt", "tokens"],
    ],
    output: &[
        &["usage", "output_tokens"],
        &["usage", "outputTokens"],
        &["usage", "completion_tokens"],
        &["results", "0", "tokenCount"],
        &["generation_token_count"],
        &["completions", "0", "data", "tokens"],
    ],
    // Claude Messages and Nova.
    cache_read: &[&["usage", "cache_read_input_tokens"], &["usage", "cacheReadInputTokenCount"]],
    cache_write: &[&["usage", "cache_creation_input_tokens"], &["usage", "cacheWriteInputTokenCount"]],
};

impl ModelResponse {
    /// Parses the body of a response.
    ///
    /// # Errors
    /// Returns an error if the body is not JSON. A body of an unknown schema is not an error. The response
    /// then has no text, no stop reason and no token counts.
    pub fn parse(body: &[u8]) -> serde_json::Result<Self> {
        serde_json::from_slice(body).map(Self)
    }

    /// Returns the text that the model generated. If the response has several blocks of text, concatenates
    /// them. If the response has no text, for example because it contains embeddings, returns an empty text.
    #[must_use]
    pub fn text(&self) -> Cow<'_, str> {
        let text = |path: &Path| match at(&self.0, path)? {
            Value::String(text) => Some(Cow::Borrowed(text.as_str())),
            Value::Array(blocks) => join(blocks, &["text"]),
            _ => None,
        };
        TEXTS.iter().find_map(text).or_else(|| responses_text(&self.0)).unwrap_or_default()
    }

    /// Returns the text of the reasoning, or an empty text if the response has no reasoning.
    #[doc(alias = "thinking")]
    #[must_use]
    pub fn reasoning(&self) -> Cow<'_, str> {
        let blocks = |(path, in_block): &(Path, Path)| join(at(&self.0, path)?.as_array()?, in_block);
        let found = REASONING.iter().find_map(blocks);
        found.unwrap_or_else(|| first_str(&self.0, CHAT_REASONING).unwrap_or_default().into())
    }

    /// Returns the reason why the model stopped. Each vendor has its own words, for example `end_turn`,
    /// `length` or `FINISH`.
    #[doc(alias = "finish_reason")]
    #[must_use]
    pub fn stop_reason(&self) -> Option<&str> {
        first_str(&self.0, STOP_REASONS)
    }

    /// Returns the token counts in the body, or `None` if the body has no token counts. For example, Mistral
    /// AI text completion and Cohere have no token counts in the body. The headers of the response have token
    /// counts for all families.
    #[must_use]
    pub fn usage(&self) -> Option<Usage> {
        USAGE.usage(&self.0)
    }

    /// Returns the action of the guardrail, `INTERVENED` or `NONE`. Returns `None` if the call had no
    /// guardrail.
    #[must_use]
    pub fn guardrail_action(&self) -> Option<&str> {
        first_str(&self.0, &[GUARDRAIL_ACTION])
    }

    /// Returns the body as JSON.
    #[must_use]
    pub fn as_json(&self) -> &Value {
        &self.0
    }
}

impl From<Value> for ModelResponse {
    fn from(body: Value) -> Self {
        Self(body)
    }
}

/// Returns the text of a response of the OpenAI Responses API. Its `output` contains messages, and other
/// items such as reasoning.
fn responses_text(response: &Value) -> Option<Cow<'_, str>> {
    let items = at(response, &["output"])?.as_array()?.iter();
    let messages = items.filter(|item| at(item, &["type"]).and_then(Value::as_str) == Some("message"));
    messages
        .filter_map(|message| join(at(message, &["content"])?.as_array()?, &["text"]))
        .reduce(|text, more| text + more)
}

/// Concatenates the strings at the path in each content block. Returns `None` if no block has a string at
/// the path.
fn join<'a>(blocks: &'a [Value], path: Path) -> Option<Cow<'a, str>> {
    let mut texts = blocks.iter().filter_map(|block| at(block, path)?.as_str());
    let first = Cow::Borrowed(texts.next()?);
    Some(texts.fold(first, |text, more| text + more))
}
