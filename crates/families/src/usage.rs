//! The number of tokens that a request has used.

use serde::{Deserialize, Serialize};

use crate::stream_part::StreamPart;

/// Token counts of a call. A count is `None` if the service does not report it.
///
/// The response to `InvokeModel` has the counts in the headers that are named below. An event stream has the
/// counts in its last event: see [`Usage::from_stream_part`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Usage {
    /// Input tokens, from the header `X-Amzn-Bedrock-Input-Token-Count`.
    pub input_tokens: Option<u64>,
    /// Output tokens, from the header `X-Amzn-Bedrock-Output-Token-Count`.
    pub output_tokens: Option<u64>,
    /// Tokens read from a prompt cache, from the header `X-Amzn-Bedrock-Cache-Read-Input-Token-Count`.
    pub cache_read_input_tokens: Option<u64>,
    /// Tokens written to a prompt cache, from the header `X-Amzn-Bedrock-Cache-Write-Input-Token-Count`.
    pub cache_write_input_tokens: Option<u64>,
}

impl Usage {
    /// Parses the token counts in the last part of an event stream. The service adds these counts to the last
    /// part, in the member `amazon-bedrock-invocationMetrics`.
    ///
    /// Also parses the member `usageEvent` of a bidirectional stream of Nova Sonic. Several parts of such a
    /// stream have this member. Each of them contains the totals since the start of the session, so the last
    /// of them counts.
    ///
    /// Returns `None` for every other part. This function searches the bytes of a part for the names of the
    /// members, and parses only parts that contain one of these names.
    pub fn from_stream_part(part: &[u8]) -> Option<Self> {
        if let Some(metrics) = InvocationMetrics::parse(part) {
            return Some(Self {
                input_tokens: metrics.input_token_count,
                output_tokens: metrics.output_token_count,
                cache_read_input_tokens: metrics.cache_read_input_token_count,
                cache_write_input_tokens: metrics.cache_write_input_token_count,
            });
        }
        contains(part, b"\"usageEvent\"").then(|| StreamPart::parse(part).ok()?.usage()).flatten()
    }

    /// Returns the latency in milliseconds from the last part of an event stream, as measured by the service.
    pub fn latency_ms_from_stream_part(part: &[u8]) -> Option<u64> {
        InvocationMetrics::parse(part)?.invocation_latency
    }

    /// Returns the number of input tokens, including the tokens that were read from or written to a prompt cache.
    /// The count [`input_tokens`](Self::input_tokens) does not include them.
    ///
    /// Returns `None` if the service reports no input tokens.
    pub fn total_input_tokens(&self) -> Option<u64> {
        let cached = [self.cache_read_input_tokens, self.cache_write_input_tokens].into_iter().flatten();
        Some(cached.fold(self.input_tokens?, u64::saturating_add))
    }

    /// Replaces the counts that `later` contains, and keeps the other counts. Use this function for the parts
    /// of a stream, whose counts are totals since the start of the stream.
    ///
    /// ```
    /// use invoke_model_families::{StreamPart, Usage};
    ///
    /// let mut usage = Usage::default();
    /// for part in [
    ///     r#"{"type":"message_start","message":{"usage":{"input_tokens":37,"output_tokens":1}}}"#,
    ///     r#"{"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":8}}"#,
    /// ] {
    ///     usage.update(StreamPart::parse(part.as_bytes())?.usage().unwrap_or_default());
    /// }
    /// assert_eq!((usage.input_tokens, usage.output_tokens), (Some(37), Some(8)));
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    pub fn update(&mut self, later: Self) {
        let Self { input_tokens, output_tokens, cache_read_input_tokens, cache_write_input_tokens } = later;
        *self = Self {
            input_tokens: input_tokens.or(self.input_tokens),
            output_tokens: output_tokens.or(self.output_tokens),
            cache_read_input_tokens: cache_read_input_tokens.or(self.cache_read_input_tokens),
            cache_write_input_tokens: cache_write_input_tokens.or(self.cache_write_input_tokens),
        };
    }

    /// Returns the number of tokens that count against the quota. This number is the sum of the input tokens,
    /// the cache writes, and `output_token_weight` times the output tokens. Cache reads do not count.
    /// [`output_token_weight`](crate::output_token_weight) returns the weight of a model.
    ///
    /// Returns `None` if the service has reported neither input nor output tokens.
    /// <https://docs.aws.amazon.com/bedrock/latest/userguide/quotas-token-burndown.html>
    #[doc(alias = "burndown")]
    #[must_use]
    pub fn quota_tokens(&self, output_token_weight: u32) -> Option<u64> {
        self.input_tokens.or(self.output_tokens)?;
        let input = [self.input_tokens, self.cache_write_input_tokens].into_iter().flatten();
        let output = self.output_tokens.unwrap_or_default().saturating_mul(output_token_weight.into());
        Some(input.fold(output, u64::saturating_add))
    }
}

/// The metrics that the service adds to the last part of an event stream.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct InvocationMetrics {
    input_token_count: Option<u64>,
    output_token_count: Option<u64>,
    cache_read_input_token_count: Option<u64>,
    cache_write_input_token_count: Option<u64>,
    invocation_latency: Option<u64>,
}

impl InvocationMetrics {
    fn parse(part: &[u8]) -> Option<Self> {
        const MEMBER: &[u8] = b"\"amazon-bedrock-invocationMetrics\"";

        #[derive(Deserialize)]
        struct Part {
            #[serde(rename = "amazon-bedrock-invocationMetrics")]
            metrics: InvocationMetrics,
        }

        contains(part, MEMBER).then_some(())?;
        Some(serde_json::from_slice::<Part>(part).ok()?.metrics)
    }
}

fn contains(part: &[u8], name: &[u8]) -> bool {
    part.windows(name.len()).any(|bytes| bytes == name)
}
