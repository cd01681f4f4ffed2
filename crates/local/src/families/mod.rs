//! The model families that `InvokeModel` exists for, answered in each vendor's own request and response JSON, and text
//! models in the chunks of its streaming schema, too.
//!
//! Pure functions: no input or output, no clock, no randomness. The same model and body give the same answer,
//! byte for byte; identifiers in an answer derive from a SHA-256 of both. What is real is the schema: which
//! keys a body must and may hold, their types, ranges and lengths, the shape of the answer, why it stopped,
//! and what it says it counted. What is not real is the intelligence:
//!
//! * a text model echoes the last user turn (`reply.rs`), within the token limit and the stop sequences asked
//!   for;
//! * an embedding model hashes words and character trigrams (`features.rs`), so that similar texts score
//!   nearer;
//! * an image model draws a pattern of the asked size from a hash of the prompt and the seed (`picture.rs`).
//!
//! A caller resolves what was invoked with [`resolve`], then answers the body with [`answer()`]:
//!
//! ```
//! use invoke_model_local::families;
//!
//! let model = families::resolve("us.anthropic.claude-3-haiku-20240307-v1:0")?.ok_or("no such model")?;
//! let body = serde_json::json!({
//!     "anthropic_version": "bedrock-2023-05-31",
//!     "max_tokens": 64,
//!     "messages": [{"role": "user", "content": "hello"}],
//! });
//! let answer = families::answer(model.id, &body)?;
//! let message: serde_json::Value = serde_json::from_slice(&answer.body)?;
//! assert_eq!(message["content"][0]["text"], "You said: hello");
//! assert_eq!(message["usage"]["input_tokens"], answer.input_tokens);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! [`stream`] gives the answer of a text model in chunks, a token at a time (`deltas.rs`).
//!
//! Keys that Bedrock itself reads from a body (`amazon-bedrock-guardrailConfig` and the like) are not the
//! model's: they are passed over here.

mod answer;
mod anthropic;
mod anthropic_stream;
mod bounded;
mod cohere_command;
mod cohere_embed;
mod completion;
mod content;
mod deltas;
mod digest;
mod fault;
mod features;
mod image;
mod json;
mod llama;
mod mistral;
mod models;
mod nova;
mod nova_canvas;
mod picture;
mod prompt;
mod reply;
mod resolve;
mod titan_embed;
mod titan_image;
mod titan_text;
mod tokens;

#[cfg(test)]
mod tests;

pub use answer::{Answer, Refusal, answer, stream};
pub use completion::Chunks;
pub use models::{Family, Kind, Model, find};
pub use resolve::{DEFAULT_TEXT_MODEL, resolve};
