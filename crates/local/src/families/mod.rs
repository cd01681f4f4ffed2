//! Local simulations of the model families. Each family accepts and returns the JSON of its vendor. Text
//! models also support streaming.
//!
//! All functions are pure: they do no I/O and use no clock and no random numbers. The same model and body
//! always yield the same response, byte for byte. The identifiers in a response are derived from the SHA-256
//! hash of the model and the body.
//!
//! The schemas are the same as in the service. For a request body, the functions check the keys and the
//! types, ranges and lengths of their values. A response has the members of the service, including the stop
//! reason and the token counts. The content of the responses is simulated:
//!
//! * a text model echoes the last user turn (`reply.rs`) up to the token limit or a stop sequence, or calls
//!   the tool that the request forces (`tool_call.rs`);
//! * an embedding model returns the sum of pseudo-random vectors, one for each word and each character
//!   trigram (`embedding.rs`), so similar texts have similar vectors;
//! * a rerank model orders documents by the similarity of their vectors to the vector of the query;
//! * an image model draws a pattern of the requested size from a hash of the prompt and the seed
//!   (`drawing.rs`).
//!
//! [`resolve()`] finds the model for a model id or ARN, and [`respond`] returns its response:
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
//! let response = families::respond(model.id, &body)?;
//! let message: serde_json::Value = serde_json::from_slice(&response.body)?;
//! assert_eq!(message["content"][0]["text"], "You said: hello");
//! assert_eq!(message["usage"]["input_tokens"], response.input_tokens);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! [`stream`] returns the response of a text model in chunks of one token (`deltas.rs`).
//!
//! Bedrock itself reads some keys of a body, such as `amazon-bedrock-guardrailConfig`. The functions of this
//! module ignore these keys.

mod anthropic;
mod anthropic_text;
mod chat_completion;
mod chat_dialect;
mod chat_message;
mod chat_request;
mod chat_template;
mod cohere_command;
mod cohere_embed;
mod completion;
mod content;
mod deepseek;
mod deltas;
mod dispatch;
mod drawing;
mod embedding;
mod image;
mod image_input;
mod json;
mod llama;
mod mistral;
mod models;
mod nova;
mod nova_embed;
mod reply;
mod rerank;
mod resolve;
mod response;
mod schema;
mod schema_instance;
mod stability;
mod titan_embed;
mod titan_text;
mod tokens;
mod tool_call;
mod validation_error;
mod writer;

#[cfg(test)]
mod tests;

pub use completion::ResponseChunks;
pub use dispatch::{respond, stream};
pub use models::{Family, Model, ModelModality, find, models};
pub use resolve::{DEFAULT_TEXT_MODEL, resolve};
pub use response::{ModelResponse, Rejection};

pub(crate) use anthropic::{
    EITHER_TEMPERATURE_OR_TOP_P, TRAILING_SPACE, ThinkingLimits, check_thinking, is_thinking,
    thinking_signature,
};
pub(crate) use chat_completion::reasoning;
pub(crate) use chat_template::{TurnRole, turns};
pub(crate) use deltas::pieces;
pub(crate) use models::MODELS;
pub(crate) use reply::{ReplyBounds, StopReason as ReplyEnd, bounded as bounded_reply, echo};
pub(crate) use schema_instance::smallest_instance;
pub(crate) use tokens::{count as count_tokens, first as first_tokens};
pub(crate) use tool_call::{EarlierCall, ForcedTool, ToolCall, ToolDefinition, tool_call_id};
pub(crate) use writer::ResponseWriter;
