//! What a text model says: the same words whole, and in chunks.

use std::fmt;

use serde_json::Value;

use super::answer::Answer;

/// What a text model says to a body.
pub(super) struct Completion {
    pub(super) input_tokens: u64,
    pub(super) output_tokens: u64,
    /// The most that it could have been, where the caller or the vendor says so.
    pub(super) max_tokens: Option<i64>,
    /// The vendor's response to `InvokeModel`.
    pub(super) whole: Value,
    /// The vendor's chunks, which say the same. Nothing is made before it is asked for.
    pub(super) chunks: Box<dyn Iterator<Item = Value> + Send>,
}

/// An answer in chunks of the vendor's streaming schema, each made when it is asked for. The last is without the metrics
/// that Bedrock adds to it.
pub struct Chunks {
    /// The media type of each chunk: always `application/json` so far.
    pub content_type: &'static str,
    /// Tokens read, as [`Answer::input_tokens`].
    pub input_tokens: u64,
    /// Tokens of all chunks, as [`Answer::output_tokens`].
    pub output_tokens: u64,
    /// The most that they could have been, as [`Answer::max_tokens`].
    pub max_tokens: u64,
    chunks: Box<dyn Iterator<Item = Value> + Send>,
}

/// The most that is generated where nobody says how much: of the order of what models of such vendors can.
const UNLIMITED: u64 = 10_000;

impl Completion {
    pub(super) fn answer(self) -> Answer {
        let max_tokens = self.most();
        Answer { max_tokens, ..Answer::json(&self.whole, self.input_tokens, self.output_tokens) }
    }

    pub(super) fn stream(self) -> Chunks {
        let max_tokens = self.most();
        let Self { input_tokens, output_tokens, chunks, .. } = self;
        Chunks { content_type: "application/json", input_tokens, output_tokens, max_tokens, chunks }
    }

    fn most(&self) -> u64 {
        self.max_tokens.map_or(UNLIMITED, |limit| u64::try_from(limit).unwrap_or(0))
    }
}

impl Iterator for Chunks {
    type Item = Value;

    fn next(&mut self) -> Option<Value> {
        self.chunks.next()
    }
}

impl fmt::Debug for Chunks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Chunks")
            .field("content_type", &self.content_type)
            .field("input_tokens", &self.input_tokens)
            .field("output_tokens", &self.output_tokens)
            .field("max_tokens", &self.max_tokens)
            .finish_non_exhaustive()
    }
}
