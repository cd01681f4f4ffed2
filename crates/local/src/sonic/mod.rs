//! The events of Nova Sonic models in a bidirectional stream, without I/O.
//!
//! The model echoes its input. The response to a text is a text and a short silence. The response to audio is
//! the same audio, sent while the input arrives, and a text with the length of the audio.
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
