//! Errors of decoding and encoding messages. The error texts never contain a payload or the value of a
//! header.

/// An invalid frame. The decoder cannot continue with the rest of the stream.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("frame {frame}: {kind}")]
pub struct FrameError {
    frame: u64,
    kind: FrameErrorKind,
}

impl FrameError {
    pub(super) fn new(frame: u64, kind: FrameErrorKind) -> Self {
        Self { frame, kind }
    }

    /// Returns the index of the frame in the stream, from 0.
    pub fn frame(&self) -> u64 {
        self.frame
    }

    /// Returns the problem with the frame.
    pub fn kind(&self) -> &FrameErrorKind {
        &self.kind
    }
}

/// The problem with a frame.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FrameErrorKind {
    /// The CRC in the prelude does not match the two lengths before it.
    #[error("prelude CRC mismatch: expected {stated:08x}, computed {computed:08x}")]
    PreludeCrc {
        /// CRC that the frame contains.
        stated: u32,
        /// CRC that the decoder computed from the bytes.
        computed: u32,
    },
    /// The stream is compressed with gzip, but the response does not say so in the header `Content-Encoding`.
    #[error("the stream is compressed with gzip, but the response has no header `Content-Encoding: gzip`")]
    Gzip,
    /// The body is text, such as JSON, HTML or server-sent events.
    #[error("the body is text and not an event stream, so a proxy may have responded instead of the service")]
    Text,
    /// The CRC at the end of the frame does not match the bytes before it.
    #[error("message CRC mismatch: expected {stated:08x}, computed {computed:08x}")]
    MessageCrc {
        /// CRC that the frame contains.
        stated: u32,
        /// CRC that the decoder computed from the bytes.
        computed: u32,
    },
    /// The lengths in the prelude contradict each other.
    #[error("invalid length: {total} bytes in total with {headers} bytes of headers")]
    Length {
        /// Length of the frame.
        total: u32,
        /// Length of the headers.
        headers: u32,
    },
    /// Headers or payload exceed [`MAX_HEADERS`](super::MAX_HEADERS) or [`MAX_PAYLOAD`](super::MAX_PAYLOAD).
    #[error(
        "{headers} bytes of headers and {payload} bytes of payload exceed the limits of {} and {}",
        super::MAX_HEADERS,
        super::MAX_PAYLOAD
    )]
    TooLong {
        /// Length of the headers.
        headers: usize,
        /// Length of the payload.
        payload: usize,
    },
    /// A header is malformed.
    #[error("the header at byte {offset} of the headers {reason}")]
    Header {
        /// Offset of the header, in bytes from the start of the first header.
        offset: usize,
        /// The problem, as a verb phrase that completes the error text.
        reason: &'static str,
    },
}

/// A stream that ended inside a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the stream ended inside a frame: {bytes} bytes after {messages} complete messages")]
pub struct IncompleteFrame {
    /// Number of complete messages before the frame.
    pub messages: u64,
    /// Number of received bytes of the frame.
    pub bytes: usize,
}

/// A header that cannot be encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HeaderError {
    /// The name is not 1 to 255 bytes long.
    #[error("its name has {0} bytes, but must have 1 to 255")]
    Name(usize),
    /// The string or byte array is longer than 32,767 bytes.
    #[error("its value has {0} bytes, but may have at most 32,767")]
    Value(usize),
}

/// A message that cannot be encoded, because its headers or its payload are too long.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{headers} bytes of headers and {payload} bytes of payload exceed the limits of {} and {}",
    super::MAX_HEADERS,
    super::MAX_PAYLOAD
)]
pub struct EncodeError {
    /// Length of the headers.
    pub headers: usize,
    /// Length of the payload.
    pub payload: usize,
}
