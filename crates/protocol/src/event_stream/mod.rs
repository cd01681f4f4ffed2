//! Event streams. This module encodes and decodes messages, and converts messages to and from events. It
//! performs no I/O.
//!
//! An encoded message is called a frame. A frame consists of a prelude, headers, a payload and a CRC. The
//! prelude has 12 bytes: the total length, the length of the headers, and the CRC of both lengths. The CRC at
//! the end covers all bytes before it.
//!
//! [`Decoder`] accepts bytes in chunks of any size and returns [`Message`]s. [`Message::encode`] writes a
//! frame. Generated code implements [`EventStream`] to convert messages to and from events.
//!
//! This crate does not use `aws-smithy-eventstream`, because that crate allocates memory for each header, and
//! because its types would become part of the API of this crate. This module decodes a frame of 200 bytes
//! with 1,100 instructions and no allocation. `aws-smithy-eventstream` needs 7,000 instructions and eight
//! allocations. `cargo bench -p invoke-model-tests` compares both decoders.
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
pub use kind::{Kind, exception, header, required, serialize_event};
pub use message::{Builder, Message};
pub use stream::{CONTENT_TYPE, EventStream, InputEventStream, OutputEventStream};
pub use writer::Writer;

pub(crate) use kind::error_of;

/// The maximum length of all headers of a message, in bytes.
/// <https://smithy.io/2.0/aws/amazon-eventstream.html>
pub const MAX_HEADERS: usize = 128 * 1024;

/// The maximum length of a payload, in bytes.
///
/// One section of the specification limits payloads to 16 MiB, but the published implementations accept
/// 24 MiB. With the larger limit, this crate accepts all messages that these implementations send.
pub const MAX_PAYLOAD: usize = 24 * 1024 * 1024;

/// The length of the prelude in bytes. The prelude contains the total length, the length of the headers, and
/// the CRC of both lengths.
const PRELUDE: usize = 12;

/// The total length of the prelude and the CRC at the end, in bytes. A frame without headers and payload has
/// this length.
const OVERHEAD: usize = PRELUDE + 4;

#[cfg(test)]
mod tests;
