//! What a request used, in the service's own count, against the quota.

use serde::Deserialize;

use crate::Usage;

impl Usage {
    /// What the last part of a streamed answer says, in the member that the service adds to whatever the model's vendor
    /// writes. `None` for every other part, at the price of a search through its bytes.
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

    /// What it takes from the quota: input, what was written into a cache, and output times its burndown rate. What was
    /// read from a cache is free. `None` if neither input nor output was counted.
    /// <https://docs.aws.amazon.com/bedrock/latest/userguide/quotas-token-burndown.html>
    pub(super) fn burndown(&self, output: u32) -> Option<u64> {
        self.input_tokens.or(self.output_tokens)?;
        let input = [self.input_tokens, self.cache_write_input_tokens].into_iter().flatten();
        let output = self.output_tokens.unwrap_or_default().saturating_mul(output.into());
        Some(input.fold(output, u64::saturating_add))
    }
}
