//! Event streams, without input or output: frames in and out, and events as messages.
//!
//! A frame is a prelude of 12 bytes (total length, length of the headers, their CRC), headers, a payload and the CRC of
//! all before it. [`Decoder`] takes bytes at any boundary and gives [`Message`]s; [`Message::encode`] writes a frame.
//! Generated code turns messages into events and back: [`EventStream`].
//!
//! Framing is our own and not that of `aws-smithy-eventstream`, which copies each header into memory of its own: to decode
//! a frame of 200 bytes costs 1,100 instructions and no allocation here, 7,000 and eight there, and it brings another
//! crate's types to whoever has none of them. `cargo bench -p invoke-model-tests` compares the two.
//!
//! The specification: <https://smithy.io/2.0/aws/amazon-eventstream.html> and
//! <https://smithy.io/2.0/spec/streaming.html#event-streams>.

mod decoder;
mod error;
mod header;
mod kind;
mod message;
mod raw;
pub mod read;
mod stream;
pub mod write;
mod writer;

pub use decoder::Decoder;
pub use error::{EncodeError, FrameError, FrameErrorKind, HeaderError, Truncated};
pub use header::{HeaderValue, Headers};
pub use kind::{Kind, exception, header, required};
pub use message::{Builder, Message};
pub use stream::{CONTENT_TYPE, EventStream, InputEventStream, OutputEventStream};
pub use writer::Writer;

pub(crate) use kind::error_of;

/// The longest block of headers, in bytes. <https://smithy.io/2.0/aws/amazon-eventstream.html>
pub const MAX_HEADERS: usize = 128 * 1024;

/// The longest payload, in bytes. The specification says 16 MiB in one place, and the published implementations take
/// 24 MiB: what any of them sends is read.
pub const MAX_PAYLOAD: usize = 24 * 1024 * 1024;

/// Total length, length of the headers, and the CRC of both.
const PRELUDE: usize = 12;

/// What a frame has beside headers and payload: the prelude, and the CRC of the whole.
const OVERHEAD: usize = PRELUDE + 4;

#[cfg(test)]
mod tests;
