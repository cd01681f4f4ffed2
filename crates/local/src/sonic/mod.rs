//! The events of Nova Sonic models in a bidirectional stream, without I/O.
//!
//! A content is a text, audio or the result of a tool, between the events `contentStart` and `contentEnd`.
//! The model echoes the contents of the user and the results of tools. The response to a text is a text and,
//! if the prompt has an audio output, a short silence. The response to audio contains the same audio, and a
//! text with the length of the audio. The model sends the audio while the input arrives.
//!
//! | module | |
//! |---|---|
//! | `event` | parses the events of the client |
//! | `session` | checks the order of the events, and decides when the model responds |
//! | `completion` | builds the events of a response |
//!
//! * <https://docs.aws.amazon.com/nova/latest/userguide/input-events.html>
//! * <https://docs.aws.amazon.com/nova/latest/userguide/output-events.html>

mod completion;
mod event;
mod session;

#[cfg(test)]
mod tests;

pub(crate) use session::Session;

/// The models with this schema.
pub(crate) const MODELS: [&str; 2] = ["amazon.nova-2-sonic-v1:0", "amazon.nova-sonic-v1:0"];
