//! A decoder of messages. It accepts the bytes of a stream in chunks of any size.

use std::fmt;

use bytes::{Buf, Bytes, BytesMut};

use super::error::FrameErrorKind;
use super::error::{FrameError, IncompleteFrame};
use super::message::Message;
use super::{MAX_HEADERS, MAX_PAYLOAD, OVERHEAD, PRELUDE, raw};

/// Decodes a stream of frames into [`Message`]s.
///
/// Add received bytes with [`push`](Self::push) or [`push_bytes`](Self::push_bytes). Then call
/// [`decode`](Self::decode) until it returns `None`. Call [`finish`](Self::finish) at the end of the stream.
///
/// The decoder buffers only bytes that were pushed, but not yet decoded. It allocates memory for the received
/// bytes, not for the length that the prelude of a frame contains. If this length is invalid or too large,
/// decoding fails as soon as the first 12 bytes of the frame have arrived. After an error, the decoder cannot
/// continue, because the start of the next frame is unknown.
#[derive(Clone, Default)]
pub struct Decoder {
    /// Copied bytes of the stream. `push` copies all bytes, and `push_bytes` copies only frames that do not
    /// arrive in one chunk. `chunk` contains the bytes that follow.
    gathered: BytesMut,
    /// The rest of the last chunk from `push_bytes`. Frames that are complete in this chunk are decoded
    /// without copying.
    chunk: Bytes,
    /// Lengths of the frame at the start of `gathered`. `None` until the prelude of this frame has been
    /// checked.
    frame: Option<Lengths>,
    /// An empty hasher that is cloned for each CRC. Creating a new hasher would detect the CPU features
    /// again.
    crc: crc32fast::Hasher,
    messages: u64,
    offset: u64,
    failed: Option<FrameError>,
}

#[derive(Clone, Copy)]
struct Lengths {
    total: usize,
    headers: usize,
}

impl Decoder {
    /// Creates an empty decoder.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a copy of the next bytes of the stream.
    pub fn push(&mut self, bytes: &[u8]) {
        if self.failed.is_none() {
            self.gather(usize::MAX);
            self.gathered.extend_from_slice(bytes);
        }
    }

    /// Adds the next bytes of the stream without copying them. Decoding copies only frames that are
    /// incomplete in `bytes`. The messages of complete frames are slices of `bytes`.
    pub fn push_bytes(&mut self, bytes: Bytes) {
        if self.failed.is_none() {
            self.gather(usize::MAX);
            self.chunk = bytes;
        }
    }

    /// Returns the next message, or `None` if more bytes are needed.
    ///
    /// # Errors
    /// Returns an error if the bytes are not a valid frame. All later calls return the same error.
    pub fn decode(&mut self) -> Result<Option<Message>, FrameError> {
        if let Some(error) = &self.failed {
            return Err(error.clone());
        }
        let decoded = self.message();
        decoded.map_err(|kind| {
            let error = FrameError::new(self.messages, kind);
            (self.gathered, self.chunk) = Default::default();
            self.failed.insert(error).clone()
        })
    }

    /// Checks that the stream ended after a complete frame. Call this function at the end of the stream.
    ///
    /// # Errors
    /// Returns an error if bytes of an incomplete frame remain.
    pub fn finish(&self) -> Result<(), IncompleteFrame> {
        match self.buffered() {
            0 => Ok(()),
            bytes => Err(IncompleteFrame { messages: self.messages, bytes }),
        }
    }

    /// Returns the number of decoded messages.
    pub fn messages(&self) -> u64 {
        self.messages
    }

    /// Returns the number of bytes of the decoded messages. This is the offset of the next frame in the stream. After
    /// an error, it is the offset of the invalid frame.
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// Returns the allocated memory in bytes.
    #[cfg(test)]
    pub(super) fn capacity(&self) -> usize {
        self.gathered.capacity()
    }

    fn message(&mut self) -> Result<Option<Message>, FrameErrorKind> {
        let Some((mut frame, headers)) = self.frame()? else { return Ok(None) };
        let end = frame.len() - 4;
        let (stated, computed) = (read_u32(&frame, end), self.crc(&frame[..end]));
        if stated != computed {
            return Err(FrameErrorKind::MessageCrc { stated, computed });
        }
        frame.truncate(end);
        frame.advance(PRELUDE);
        let headers = frame.split_to(headers);
        raw::check(&headers).map_err(|(offset, reason)| FrameErrorKind::Header { offset, reason })?;
        self.messages += 1;
        self.offset += (PRELUDE + headers.len() + frame.len() + 4) as u64;
        Ok(Some(Message::from_raw(headers, frame)))
    }

    /// Returns the next frame and the length of its headers, or `None` if the frame is incomplete.
    fn frame(&mut self) -> Result<Option<(Bytes, usize)>, FrameErrorKind> {
        if self.gathered.is_empty() {
            if let Some(Lengths { total, headers }) = self.lengths(&self.chunk)? {
                if total <= self.chunk.len() {
                    return Ok(Some((self.chunk.split_to(total), headers)));
                }
            }
        }
        self.gather(PRELUDE);
        let Lengths { total, headers } = match self.frame {
            Some(lengths) => lengths,
            None => match self.lengths(&self.gathered)? {
                Some(lengths) => *self.frame.insert(lengths),
                None => return Ok(None),
            },
        };
        self.gather(total);
        if self.gathered.len() < total {
            return Ok(None);
        }
        self.frame = None;
        Ok(Some((self.gathered.split_to(total).freeze(), headers)))
    }

    /// Parses the lengths in a prelude, or returns `None` if the prelude is incomplete.
    fn lengths(&self, bytes: &[u8]) -> Result<Option<Lengths>, FrameErrorKind> {
        let Some(prelude) = bytes.first_chunk::<PRELUDE>() else { return Ok(None) };
        let (total, headers) = (read_u32(prelude, 0), read_u32(prelude, 4));
        let (stated, computed) = (read_u32(prelude, 8), self.crc(&prelude[..8]));
        if stated != computed {
            // The first bytes of gzip with the method deflate. As a length, they exceed the limit.
            if prelude.starts_with(b"\x1f\x8b\x08") {
                return Err(FrameErrorKind::Gzip);
            }
            // As a length, four characters exceed the limit, too.
            if prelude.iter().all(|byte| byte.is_ascii_graphic() || byte.is_ascii_whitespace()) {
                return Err(FrameErrorKind::Text);
            }
            return Err(FrameErrorKind::PreludeCrc { stated, computed });
        }
        let invalid = || FrameErrorKind::Length { total, headers };
        let (total, headers) = (usize::try_from(total), usize::try_from(headers));
        let (total, headers) = (total.map_err(|_| invalid())?, headers.map_err(|_| invalid())?);
        let payload =
            total.checked_sub(OVERHEAD).and_then(|rest| rest.checked_sub(headers)).ok_or_else(invalid)?;
        if headers > MAX_HEADERS || payload > MAX_PAYLOAD {
            return Err(FrameErrorKind::TooLong { headers, payload });
        }
        Ok(Some(Lengths { total, headers }))
    }

    /// Moves bytes from `chunk` to `gathered`, until `gathered` has `length` bytes or `chunk` is empty.
    fn gather(&mut self, length: usize) {
        let missing = length.saturating_sub(self.gathered.len()).min(self.chunk.len());
        if missing > 0 {
            self.gathered.extend_from_slice(&self.chunk.split_to(missing));
        }
    }

    fn crc(&self, bytes: &[u8]) -> u32 {
        let mut crc = self.crc.clone();
        crc.update(bytes);
        crc.finalize()
    }

    /// Returns the number of bytes that were pushed, but not yet decoded.
    fn buffered(&self) -> usize {
        self.gathered.len() + self.chunk.len()
    }
}

fn read_u32(bytes: &[u8], offset: usize) -> u32 {
    let bytes = bytes.get(offset..).and_then(|rest| rest.first_chunk::<4>());
    u32::from_be_bytes(bytes.copied().unwrap_or_default())
}

impl fmt::Debug for Decoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Decoder")
            .field("messages", &self.messages)
            .field("buffered", &self.buffered())
            .field("failed", &self.failed)
            .finish()
    }
}
