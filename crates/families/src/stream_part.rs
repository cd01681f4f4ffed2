//! Reads the parts of a streamed response to `InvokeModelWithResponseStream`.

use serde_json::Value;

use crate::lossy::repair;
use crate::path::{Path, UsagePaths, at, first_str};
use crate::usage::Usage;

/// The member that the service adds to the last part of a stream, for every model family. Its value contains
/// the token counts and the latencies of the call.
pub const INVOCATION_METRICS: &str = "amazon-bedrock-invocationMetrics";

/// The member that contains the action of a guardrail. If a call has a guardrail, the service adds this
/// member to the response, or to the parts of a streamed response.
/// <https://docs.aws.amazon.com/bedrock/latest/userguide/guardrails-use-inference-api.html>
pub(crate) const GUARDRAIL_ACTION: Path = &["amazon-bedrock-guardrailAction"];

/// A part of a streamed response. This type supports all model families. `PayloadPart::bytes` contains the
/// JSON of a part.
///
/// The [crate documentation](crate#parts-of-streamed-responses) lists the schemas, and the paths to their
/// values. This type recognizes a schema by its members, so it needs no model id.
///
/// ```
/// use invoke_model_families::StreamPart;
///
/// let part = StreamPart::parse(br#"{"choices":[{"index":0,"delta":{"content":"Hi"},"finish_reason":null}]}"#)?;
/// assert_eq!(part.text(), "Hi");
/// assert_eq!(part.stop_reason(), None);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StreamPart(Value);

const TEXTS: &[Path] = &[
    // Claude Messages: `content_block_delta`.
    &["delta", "text"],
    // Nova.
    &["contentBlockDelta", "delta", "text"],
    // Titan Text.
    &["outputText"],
    // Llama.
    &["generation"],
    // Mistral AI text completion.
    &["outputs", "0", "text"],
    // Chat completion, with either of two member names.
    &["choices", "0", "message", "content"],
    &["choices", "0", "delta", "content"],
    // DeepSeek-R1.
    &["choices", "0", "text"],
    // Cohere Command, and the `text-generation` parts of Command R.
    &["text"],
    // Claude text completions.
    &["completion"],
];

const REASONING: &[Path] = &[
    // Claude Messages: `thinking_delta`.
    &["delta", "thinking"],
    // Nova.
    &["contentBlockDelta", "delta", "reasoningContent", "reasoningText", "text"],
    &["contentBlockDelta", "delta", "reasoningContent", "text"],
    // Chat completion.
    &["choices", "0", "delta", "reasoning_content"],
    &["choices", "0", "delta", "reasoning"],
];

const STOP_REASONS: &[Path] = &[
    // Claude Messages: `message_delta`.
    &["delta", "stop_reason"],
    // Nova.
    &["messageStop", "stopReason"],
    // Titan Text.
    &["completionReason"],
    // Llama and Claude text completions.
    &["stop_reason"],
    // Mistral AI text completion.
    &["outputs", "0", "stop_reason"],
    // Chat completion. Mistral AI and DeepSeek-R1 use the second name.
    &["choices", "0", "finish_reason"],
    &["choices", "0", "stop_reason"],
    // Cohere Command, and the `stream-end` part of Command R.
    &["finish_reason"],
];

const METRICS: UsagePaths = UsagePaths {
    input: &[&[INVOCATION_METRICS, "inputTokenCount"]],
    output: &[&[INVOCATION_METRICS, "outputTokenCount"]],
    cache_read: &[&[INVOCATION_METRICS, "cacheReadInputTokenCount"]],
    cache_write: &[&[INVOCATION_METRICS, "cacheWriteInputTokenCount"]],
};

const USAGE: UsagePaths = UsagePaths {
    input: &[
        // Claude Messages: `message_start` and `message_delta`.
        &["message", "usage", "input_tokens"],
        &["usage", "input_tokens"],
        // Nova.
        &["metadata", "usage", "inputTokens"],
        // Nova Sonic. The counts are totals of the session.
        &["event", "usageEvent", "totalInputTokens"],
        // OpenAI Responses: `response.completed`.
        &["response", "usage", "input_tokens"],
        // Chat completion.
        &["usage", "prompt_tokens"],
        // Titan Text.
        &["inputTextTokenCount"],
        // Llama.
        &["prompt_token_count"],
    ],
    output: &[
        &["message", "usage", "output_tokens"],
        &["usage", "output_tokens"],
        &["metadata", "usage", "outputTokens"],
        &["event", "usageEvent", "totalOutputTokens"],
        &["response", "usage", "output_tokens"],
        &["usage", "completion_tokens"],
        &["totalOutputTextTokenCount"],
        &["generation_token_count"],
    ],
    cache_read: &[
        &["message", "usage", "cache_read_input_tokens"],
        &["usage", "cache_read_input_tokens"],
        &["metadata", "usage", "cacheReadInputTokenCount"],
    ],
    cache_write: &[
        &["message", "usage", "cache_creation_input_tokens"],
        &["usage", "cache_creation_input_tokens"],
        &["metadata", "usage", "cacheWriteInputTokenCount"],
    ],
};

impl StreamPart {
    /// Parses a part.
    ///
    /// # Errors
    /// Returns an error if the part is not JSON. A part of an unknown schema is not an error. The part then
    /// has no text, no stop reason and no token counts.
    pub fn parse(part: &[u8]) -> serde_json::Result<Self> {
        serde_json::from_slice(part).map(Self)
    }

    /// Parses a part, and replaces what a strict parser rejects.
    ///
    /// U+FFFD replaces bytes that are not UTF-8, and halves of surrogate pairs such as `\ud83d`. `null`
    /// replaces literals such as `NaN` and `1e999`, and values that are nested more than 100 deep. Use this
    /// function if [`parse`](Self::parse) fails, because the service also bills such a part.
    ///
    /// # Errors
    /// Returns an error if the part is not JSON even after these replacements.
    ///
    /// ```
    /// use invoke_model_families::StreamPart;
    ///
    /// let part = br#"{"generation":"Hi \ud83d","score":NaN}"#;
    /// assert!(StreamPart::parse(part).is_err());
    /// assert_eq!(StreamPart::parse_lossy(part)?.text(), "Hi \u{fffd}");
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    pub fn parse_lossy(part: &[u8]) -> serde_json::Result<Self> {
        let repaired = repair(part);
        // The repair replaces any word by `null`, but a part that consists of a word has no JSON at all.
        match repaired.trim_start().starts_with(['{', '[', '"']) {
            true => serde_json::from_str(&repaired).map(Self),
            false => Self::parse(part),
        }
    }

    /// Returns the text that the part adds to the response, or an empty text if the part has no text.
    #[must_use]
    pub fn text(&self) -> &str {
        match at(&self.0, &["type"]).and_then(Value::as_str) {
            // Other events of OpenAI Responses repeat the text, or contain reasoning or arguments of tools.
            Some(kind) if kind.starts_with("response.") => match kind {
                "response.output_text.delta" => first_str(&self.0, &[&["delta"]]),
                _ => None,
            },
            _ => first_str(&self.0, TEXTS),
        }
        .unwrap_or_default()
    }

    /// Returns the text that the part adds to the reasoning, or an empty text if the part has no reasoning.
    #[doc(alias = "thinking")]
    #[must_use]
    pub fn reasoning(&self) -> &str {
        first_str(&self.0, REASONING).unwrap_or_default()
    }

    /// Returns the reason why the model stopped. Each vendor has its own words, for example `end_turn`,
    /// `length` or `FINISH`. Only one of the last parts has a stop reason.
    #[doc(alias = "finish_reason")]
    #[must_use]
    pub fn stop_reason(&self) -> Option<&str> {
        first_str(&self.0, STOP_REASONS)
    }

    /// Returns the token counts in the part, or `None` if the part has no token counts.
    ///
    /// The counts are totals since the start of the stream, so a later count replaces an earlier one. Use
    /// [`Usage::update`] to combine them. The counts that the service adds to the last part take precedence
    /// over the counts of the vendor. The two counts can differ, for example for tool use with Claude.
    #[must_use]
    pub fn usage(&self) -> Option<Usage> {
        METRICS.usage(&self.0).or_else(|| USAGE.usage(&self.0))
    }

    /// Returns `true` if the part has the [metrics](INVOCATION_METRICS) that the service adds to the last
    /// part.
    #[must_use]
    pub fn has_invocation_metrics(&self) -> bool {
        at(&self.0, &[INVOCATION_METRICS]).is_some()
    }

    /// Returns the action of the guardrail, `INTERVENED` or `NONE`. Returns `None` if the call had no
    /// guardrail.
    #[must_use]
    pub fn guardrail_action(&self) -> Option<&str> {
        first_str(&self.0, &[GUARDRAIL_ACTION])
    }

    /// Returns the part as JSON.
    #[must_use]
    pub fn as_json(&self) -> &Value {
        &self.0
    }
}

impl From<Value> for StreamPart {
    fn from(part: Value) -> Self {
        Self(part)
    }
}
