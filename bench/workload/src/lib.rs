//! What every client of the comparison does: the same calls of the same server, measured in the same way.
//!
//! A client is a program of its own, so that none pays for what another depends on. It implements [`Client`] and
//! hands its `main` to [`run`]. Counts are taken from outside, over two runs of different length: what a program
//! does once cancels out in the difference.

mod arguments;
mod client;
mod measured;
mod work;

pub use arguments::{Arguments, Work};
pub use client::{Client, Streamed};
pub use measured::Measured;
pub use work::{ready, run};

/// The model whose answer is [`ANSWER_LENGTH`] bytes.
pub const SMALL: &str = "bench.small";

/// The model that reads [`LARGE_LENGTH`] bytes and answers as many.
pub const LARGE: &str = "bench.large";

/// A model that answers with a stream of so many events.
pub fn events(count: usize) -> String {
    format!("bench.events-{count}")
}

/// A model that answers once so many calls of it wait.
pub fn held(count: usize) -> String {
    format!("bench.held-{count}")
}

/// The body of a small call: 300 bytes.
pub const REQUEST: &[u8] = br#"{"anthropic_version":"bedrock-2023-05-31","max_tokens":512,"temperature":0.2,"messages":[{"role":"user","content":[{"type":"text","text":"Name all the rivers of Europe that end in the Black Sea, the length of each in kilometres, and one town of fifty thousand people that stands on it, as JSON."}]}]}"#;

/// The length of a small answer's body.
pub const ANSWER_LENGTH: usize = 200;

/// The length of a large body, as many as the model lets `InvokeModel` carry.
pub const LARGE_LENGTH: usize = 25_000_000;

const _: () = assert!(REQUEST.len() == 300);
