//! Why bytes are no frame, and why a message cannot be one. No error holds a value of a header or a payload.

/// Bytes that are no frame. The stream has lost its way: what follows cannot be told apart any more.
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

    /// The place of the frame in the stream, from 0.
    pub fn frame(&self) -> u64 {
        self.frame
    }

    /// What is wrong with it.
    pub fn kind(&self) -> &FrameErrorKind {
        &self.kind
    }
}

/// What is wrong with a frame.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FrameErrorKind {
    /// The CRC of the prelude is not that of its two lengths.
    #[error("the prelude has CRC {found:08x} and says {stated:08x}")]
    PreludeCrc {
        /// In the frame.
        stated: u32,
        /// Of the bytes.
        found: u32,
    },
    /// The CRC at the end is not that of the bytes before it.
    #[error("the message has CRC {found:08x} and says {stated:08x}")]
    MessageCrc {
        /// In the frame.
        stated: u32,
        /// Of the bytes.
        found: u32,
    },
    /// The lengths in the prelude are of no frame.
    #[error("a length of {total} bytes with {headers} bytes of headers is that of no frame")]
    Length {
        /// Of the frame.
        total: u32,
        /// Of its headers.
        headers: u32,
    },
    /// The headers are longer, or the payload, than a frame's can be.
    #[error("{headers} bytes of headers and {payload} of payload are more than a frame has")]
    TooLong {
        /// Of the headers.
        headers: usize,
        /// Of the payload.
        payload: usize,
    },
    /// A header is not of a header's form.
    #[error("the header at byte {at} of the headers {reason}")]
    Header {
        /// Where it begins, in bytes from the first header.
        at: usize,
        /// What is wrong with it.
        reason: &'static str,
    },
}

/// A stream that ended in the midst of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the stream ended in the midst of a frame: {left} bytes after {messages} whole messages")]
pub struct Truncated {
    /// Whole messages before it.
    pub messages: u64,
    /// Bytes of the frame that came.
    pub left: usize,
}

/// A header that no frame can carry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HeaderError {
    /// A name has 1 to 255 bytes.
    #[error("its name has {0} bytes: 1 to 255 can stand in a message")]
    Name(usize),
    /// A string or byte array has up to 32,767 bytes.
    #[error("its value has {0} bytes: up to 32,767 can stand in a message")]
    Value(usize),
}

/// A message that is too long for a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{headers} bytes of headers and {payload} of payload are more than a message has: up to {} and {}",
    super::MAX_HEADERS,
    super::MAX_PAYLOAD
)]
pub struct EncodeError {
    /// Of the headers.
    pub headers: usize,
    /// Of the payload.
    pub payload: usize,
}
