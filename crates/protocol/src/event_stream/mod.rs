//! Event streams: decoding and encoding of messages, and conversion between messages and events, without I/O.
//!
//! An encoded message is called a frame. It consists of a prelude of 12 bytes (total length, length of the
//! headers, CRC of both lengths), headers, a payload, and the CRC of all bytes before this CRC. [`Decoder`]
//! accepts bytes in chunks of any size and returns [`Message`]s. [`Message::encode`] writes a frame.
//! Generated code converts messages into events and back ([`EventStream`]).
//!
//! The crate does not use `aws-smithy-eventstream`, because that crate allocates memory for each header, and
//! because its types would become part of this API. This module decodes a frame of 200 bytes with 1,100
//! instructions and no allocation. `aws-smithy-eventstream` needs 7,000 instructions and eight allocations.
//! `cargo bench -p invoke-model-tests` compares both.
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
pub use error::{EncodeError, FrameError, FrameErrorKind, HeaderError, IncompleteFrame};
pub use header::{HeaderValue, Headers};
pub use kind::{Kind, exception, header, required};
pub use message::{Builder, Message};
pub use stream::{CONTENT_TYPE, EventStream, InputEventStream, OutputEventStream};
pub use writer::Writer;

pub(crate) use kind::error_of;

/// The maximum length of all headers of a message, in bytes.
/// <https://smithy.io/2.0/aws/amazon-eventstream.html>
pub const MAX_HEADERS: usize = 128 * 1024;

/// The maximum length of a payload, in bytes.
///
/// The specification says 16 MiB in one place, but the published implementations accept 24 MiB. The larger
/// limit accepts all messages that these implementations send.
pub const MAX_PAYLOAD: usize = 24 * 1024 * 1024;

/// The length of the prelude, which contains the total length, the length of the headers, and the CRC of both
/// lengths.
const PRELUDE: usize = 12;

/// The length of a frame without headers and payload: the prelude and the CRC at the end.
const OVERHEAD: usize = PRELUDE + 4;

#[cfg(test)]
mod tests;
