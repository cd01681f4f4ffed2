//! The work of the compared clients: the same calls to the same server, measured in the same way.
//!
//! Each client is a separate program, so it does not depend on crates of the other clients. The program
//! implements [`Client`], and its `main` calls [`run`].
//!
//! The runner counts instructions and allocations from outside the program. It subtracts the count of a short
//! run from the count of a long run. The difference excludes work that a program does only once.

mod arguments;
mod client;
mod conversation;
mod latency;
mod measured;
mod work;

pub use arguments::{Arguments, Work};
pub use client::{Arrival, Client, Streamed};
pub use conversation::{CONVERSE_TEXT_LENGTH, MAX_TOKENS, MESSAGES, SYSTEM};
pub use latency::{monotonic_time, timed_part};
pub use measured::{Measured, memory, raise_file_limit};
pub use work::{ready, run};

/// Model whose responses have [`RESPONSE_LENGTH`] bytes.
pub const SMALL: &str = "bench.small";

/// Model whose responses have [`LARGE_LENGTH`] bytes.
pub const LARGE: &str = "bench.large";

/// Model whose response contains the numbers of HTTP/2 connections and requests that the server has accepted.
pub const COUNTS: &str = "bench.counts";

/// Returns the id of a model whose responses have `length` bytes, at most [`LARGE_LENGTH`].
pub fn sized(length: usize) -> String {
    format!("bench.sized-{length}")
}

/// Returns the id of a model that streams `count` events.
pub fn events(count: usize) -> String {
    format!("bench.events-{count}")
}

/// Returns the id of a model that streams `count` events with a pause before each event. Each event contains the time at
/// which it was sent.
pub fn paced(count: usize) -> String {
    format!("bench.paced-{count}")
}

/// Returns the id of a model that responds when `count` calls wait for a response.
pub fn held(count: usize) -> String {
    format!("bench.held-{count}")
}

/// Request body of a small call. It has 300 bytes.
pub const REQUEST: &[u8] = br#"{"anthropic_version":"bedrock-2023-05-31","max_tokens":512,"temperature":0.2,"messages":[{"role":"user","content":[{"type":"text","text":"Name all the rivers of Europe that end in the Black Sea, the length of each in kilometres, and one town of fifty thousand people that stands on it, as JSON."}]}]}"#;

/// Length of a small response body, in bytes.
pub const RESPONSE_LENGTH: usize = 200;

/// Length of a large body, in bytes. This length is the limit of `InvokeModel`.
pub const LARGE_LENGTH: usize = 25_000_000;

const _: () = assert!(REQUEST.len() == 300);
