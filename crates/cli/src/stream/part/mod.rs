//! Parses the text in a part of a streamed response. Each model family has its own schema:
//! <https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters.html>.

use serde_json::Value;

/// The members of a part that the command needs.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Part {
    /// Text that the part adds to the response.
    pub(super) text: String,
    /// The part contains the token counts and latencies of the call. The service adds them to the last part.
    pub(super) has_metrics: bool,
}

/// JSON pointers to the text of a part. If a part has no value at any of these pointers, it has no text.
const TEXTS: [&str; 8] = [
    // Anthropic Claude: `content_block_delta`.
    "/delta/text",
    // Amazon Nova.
    "/contentBlockDelta/delta/text",
    // Amazon Titan Text.
    "/outputText",
    // Meta Llama.
    "/generation",
    // Mistral AI, text completion.
    "/outputs/0/text",
    // Mistral AI, chat completion, with either of two member names.
    "/choices/0/message/content",
    "/choices/0/delta/content",
    // Cohere Command R: `text-generation`.
    "/text",
];

impl Part {
    /// Parses a part. A part that is not JSON, or has an unknown schema, has no text.
    pub(super) fn parse(bytes: &[u8]) -> Self {
        let part: Value = serde_json::from_slice(bytes).unwrap_or_default();
        let text = TEXTS.iter().find_map(|pointer| part.pointer(pointer)?.as_str());
        Self {
            text: text.unwrap_or_default().to_owned(),
            has_metrics: part.get("amazon-bedrock-invocationMetrics").is_some(),
        }
    }
}

#[cfg(test)]
mod tests;
