//! Determines the number of tokens that a request has used.

use serde::Deserialize;

use crate::metadata::Usage;

impl Usage {
    /// Parses the token counts in the last part of an event stream. The service adds these counts to the
    /// chunk of the model, in the member `amazon-bedrock-invocationMetrics`.
    ///
    /// Returns `None` for every other part. For such a part, this function only searches the bytes for the
    /// member.
    pub fn from_stream_part(part: &[u8]) -> Option<Self> {
        const MEMBER: &[u8] = b"\"amazon-bedrock-invocationMetrics\"";

        #[derive(Deserialize)]
        struct Part {
            #[serde(rename = "amazon-bedrock-invocationMetrics")]
            metrics: Metrics,
        }

        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Metrics {
            input_token_count: Option<u64>,
            output_token_count: Option<u64>,
            cache_read_input_token_count: Option<u64>,
            cache_write_input_token_count: Option<u64>,
        }

        part.windows(MEMBER.len()).any(|bytes| bytes == MEMBER).then_some(())?;
        let metrics = serde_json::from_slice::<Part>(part).ok()?.metrics;
        Some(Self {
            input_tokens: metrics.input_token_count,
            output_tokens: metrics.output_token_count,
            cache_read_input_tokens: metrics.cache_read_input_token_count,
            cache_write_input_tokens: metrics.cache_write_input_token_count,
        })
    }

    /// Returns the number of tokens that count against the quota. This number is the sum of the input tokens,
    /// the cache writes, and `output_weight` times the output tokens. Cache reads do not count.
    ///
    /// Returns `None` if the service has reported neither input nor output tokens.
    /// <https://docs.aws.amazon.com/bedrock/latest/userguide/quotas-token-burndown.html>
    pub(super) fn quota_tokens(&self, output_weight: u32) -> Option<u64> {
        self.input_tokens.or(self.output_tokens)?;
        let input = [self.input_tokens, self.cache_write_input_tokens].into_iter().flatten();
        let output = self.output_tokens.unwrap_or_default().saturating_mul(output_weight.into());
        Some(input.fold(output, u64::saturating_add))
    }
}
