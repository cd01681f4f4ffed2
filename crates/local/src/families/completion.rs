//! The output of a text model: one response, or the same text in chunks.

use std::fmt;

use serde_json::Value;

use super::reply::{Reply, StopReason};
use super::response::ModelResponse;

/// The output of a text model.
pub(super) struct Completion {
    pub(super) input_tokens: u64,
    pub(super) output_tokens: u64,
    /// The token limit from the body, or the default of the vendor if the body has no limit. `None` means
    /// that there is no limit.
    pub(super) max_tokens: Option<i64>,
    /// The response to `InvokeModel` in the schema of the vendor.
    pub(super) response: Value,
    /// The content of `response`, split into chunks of the streaming schema. The chunks are generated on
    /// demand.
    pub(super) chunks: Box<dyn Iterator<Item = Value> + Send>,
}

/// A response that is split into chunks of the vendor's streaming schema. The chunks are generated on demand.
/// The last chunk does not contain the metrics that Bedrock adds.
pub struct ResponseChunks {
    /// The media type of each chunk. It is currently always `application/json`.
    pub content_type: &'static str,
    /// The number of input tokens. See [`ModelResponse::input_tokens`].
    pub input_tokens: u64,
    /// The number of output tokens of all chunks. See [`ModelResponse::output_tokens`].
    pub output_tokens: u64,
    /// The maximum number of output tokens. See [`ModelResponse::max_tokens`].
    pub max_tokens: u64,
    /// The same output in the schema of `InvokeModel`.
    pub(crate) response: Value,
    chunks: Box<dyn Iterator<Item = Value> + Send>,
}

/// The maximum number of output tokens if the body and the vendor set no limit. The limits of real models
/// have the same order of magnitude.
const UNLIMITED: u64 = 10_000;

impl Completion {
    /// Returns a completion for a schema in which a chunk has the shape of the complete response. `format`
    /// converts a piece of the reply to the JSON of the vendor. The second argument of `format` is the stop
    /// reason if the reply ends with this piece. Otherwise, it is `None`.
    pub(super) fn in_pieces(
        input_tokens: u64,
        reply: Reply,
        format: impl Fn(String, Option<&StopReason>) -> Value + Send + 'static,
    ) -> Self {
        let response = format(reply.text.clone(), Some(&reply.stop));
        let deltas = reply.marked_deltas();
        let Reply { tokens: output_tokens, max_tokens, stop, .. } = reply;
        let chunks = deltas.map(move |marked| format(marked.delta.text, marked.is_last.then_some(&stop)));
        Self { input_tokens, output_tokens, max_tokens, response, chunks: Box::new(chunks) }
    }

    pub(super) fn response(self) -> ModelResponse {
        let max_tokens = self.max_output_tokens();
        let response = ModelResponse::json(&self.response, self.input_tokens, self.output_tokens);
        ModelResponse { max_tokens, ..response }
    }

    pub(super) fn stream(self) -> ResponseChunks {
        let max_tokens = self.max_output_tokens();
        let Self { input_tokens, output_tokens, response, chunks, .. } = self;
        let content_type = "application/json";
        ResponseChunks { content_type, input_tokens, output_tokens, max_tokens, response, chunks }
    }

    fn max_output_tokens(&self) -> u64 {
        self.max_tokens.map_or(UNLIMITED, |limit| u64::try_from(limit).unwrap_or(0))
    }
}

impl ResponseChunks {
    /// Replaces the chunks.
    pub(crate) fn with_chunks(self, chunks: Vec<Value>) -> Self {
        Self { chunks: Box::new(chunks.into_iter()), ..self }
    }
}

impl Iterator for ResponseChunks {
    type Item = Value;

    fn next(&mut self) -> Option<Value> {
        self.chunks.next()
    }
}

impl fmt::Debug for ResponseChunks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseChunks")
            .field("content_type", &self.content_type)
            .field("input_tokens", &self.input_tokens)
            .field("output_tokens", &self.output_tokens)
            .field("max_tokens", &self.max_tokens)
            .finish_non_exhaustive()
    }
}
