//! The prompt cache of `InvokeModel` and `InvokeModelWithResponseStream`: the counts in the bodies of the vendors.
//!
//! * <https://docs.anthropic.com/en/docs/build-with-claude/prompt-caching>
//! * <https://docs.aws.amazon.com/bedrock/latest/userguide/prompt-caching.html>

use serde_json::{Value, json};

use crate::families::{self, Family, ModelResponse, ResponseChunks};
use crate::prompt_cache::CachedTokens;

/// The number of uncached input tokens, and the cached tokens.
pub(super) type CachedInput = (u64, CachedTokens);

/// Returns the cached tokens that a response of the model has. The usage of Nova models always has these counts.
pub(super) fn reported(model_id: &str, cached: Option<CachedInput>) -> Option<CachedTokens> {
    let is_nova = families::find(model_id).is_some_and(|model| model.family == Family::Nova);
    cached.map(|(_, cached)| cached).or_else(|| is_nova.then(CachedTokens::default))
}

/// Sets the counts in a response.
pub(super) fn respond(mut response: ModelResponse, (input_tokens, cached): CachedInput) -> ModelResponse {
    if let Ok(mut body) = serde_json::from_slice(&response.body) {
        set_usage(&mut body, input_tokens, cached);
        response.body = body.to_string().into_bytes();
    }
    response.input_tokens = input_tokens;
    response
}

/// Sets the counts in the chunks of a stream.
pub(super) fn stream(mut response: ResponseChunks, (input_tokens, cached): CachedInput) -> ResponseChunks {
    let mut chunks: Vec<Value> = response.by_ref().collect();
    for chunk in &mut chunks {
        // The usage is in the first chunk of Claude models, and in the last chunk of Nova models.
        for member in ["message", "metadata"] {
            if let Some(value) = chunk.get_mut(member) {
                set_usage(value, input_tokens, cached);
            }
        }
    }
    response.input_tokens = input_tokens;
    response.with_chunks(chunks)
}

fn set_usage(value: &mut Value, input_tokens: u64, cached: CachedTokens) {
    let Some(usage) = value.get_mut("usage").filter(|usage| usage.is_object()) else { return };
    let [input, read, written] = if usage.get("inputTokens").is_some() {
        ["inputTokens", "cacheReadInputTokenCount", "cacheWriteInputTokenCount"]
    } else {
        ["input_tokens", "cache_read_input_tokens", "cache_creation_input_tokens"]
    };
    usage[input] = json!(input_tokens);
    usage[read] = json!(cached.read);
    usage[written] = json!(cached.written);
}
