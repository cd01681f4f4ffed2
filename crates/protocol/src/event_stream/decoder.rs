//! Bytes in at any boundary, messages out.

use std::fmt;

use bytes::{Buf, Bytes, BytesMut};

use super::error::FrameErrorKind;
use super::{FrameError, MAX_HEADERS, MAX_PAYLOAD, Message, OVERHEAD, PRELUDE, Truncated, raw};

/// Decodes a stream of frames. [`push`](Self::push) what came, or [`push_bytes`](Self::push_bytes), [`decode`](Self::decode)
/// until there is nothing, and [`finish`](Self::finish) when nothing more comes.
///
/// It holds what was pushed and not decoded, and nothing ahead of it: the lengths in a prelude are believed when its CRC
/// is right, and even then no room is made before bytes come. A frame whose length is of none, or of one longer than
/// frames are, is refused by its first 12 bytes. After an error the stream is at an end: what follows it cannot be told
/// apart.
#[derive(Clone, Default)]
pub struct Decoder {
    /// Copies: what begins a frame whose end came later. What is in the chunk stands behind it.
    gathered: BytesMut,
    /// What came last. A frame that is whole in it is decoded where it is.
    chunk: Bytes,
    /// The frame that the gathered bytes begin with, once its prelude is checked.
    frame: Option<Lengths>,
    /// Of no bytes. What the processor can do for it is looked up once, not for each frame.
    crc: crc32fast::Hasher,
    messages: u64,
    failed: Option<FrameError>,
}

#[derive(Clone, Copy)]
struct Lengths {
    total: usize,
    headers: usize,
}

impl Decoder {
    /// Nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes a copy of the next bytes of the stream.
    pub fn push(&mut self, bytes: &[u8]) {
        if self.failed.is_none() {
            self.gather(usize::MAX);
            self.gathered.extend_from_slice(bytes);
        }
    }

    /// Takes the next bytes of the stream themselves. Only frames that are not whole in them are copied; messages of the
    /// others are slices of them.
    pub fn push_bytes(&mut self, bytes: Bytes) {
        if self.failed.is_none() {
            self.gather(usize::MAX);
            self.chunk = bytes;
        }
    }

    /// The next message, if all of it is there.
    ///
    /// # Errors
    /// The bytes are no frame. The same error comes again from every later call.
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

    /// Says that nothing more comes.
    ///
    /// # Errors
    /// Bytes are left that are no whole frame.
    pub fn finish(&self) -> Result<(), Truncated> {
        match self.left() {
            0 => Ok(()),
            left => Err(Truncated { messages: self.messages, left }),
        }
    }

    /// How many messages were decoded.
    pub fn messages(&self) -> u64 {
        self.messages
    }

    /// The memory it holds.
    #[cfg(test)]
    pub(super) fn held(&self) -> usize {
        self.gathered.capacity()
    }

    fn message(&mut self) -> Result<Option<Message>, FrameErrorKind> {
        let Some((mut frame, headers)) = self.frame()? else { return Ok(None) };
        let end = frame.len() - 4;
        let (stated, found) = (word(&frame, end), self.crc(&frame[..end]));
        if stated != found {
            return Err(FrameErrorKind::MessageCrc { stated, found });
        }
        frame.truncate(end);
        frame.advance(PRELUDE);
        let headers = frame.split_to(headers);
        raw::check(&headers).map_err(|(at, reason)| FrameErrorKind::Header { at, reason })?;
        self.messages += 1;
        Ok(Some(Message::of(headers, frame)))
    }

    /// The next frame, if all of it is there, and the length of its headers.
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

    /// The lengths of the frame that the bytes begin with, as soon as its prelude is there.
    fn lengths(&self, bytes: &[u8]) -> Result<Option<Lengths>, FrameErrorKind> {
        let Some(prelude) = bytes.first_chunk::<PRELUDE>() else { return Ok(None) };
        let (total, headers) = (word(prelude, 0), word(prelude, 4));
        let (stated, found) = (word(prelude, 8), self.crc(&prelude[..8]));
        if stated != found {
            return Err(FrameErrorKind::PreludeCrc { stated, found });
        }
        let wrong = || FrameErrorKind::Length { total, headers };
        let (total, headers) = (usize::try_from(total), usize::try_from(headers));
        let (total, headers) = (total.map_err(|_| wrong())?, headers.map_err(|_| wrong())?);
        let payload =
            total.checked_sub(OVERHEAD).and_then(|rest| rest.checked_sub(headers)).ok_or_else(wrong)?;
        if headers > MAX_HEADERS || payload > MAX_PAYLOAD {
            return Err(FrameErrorKind::TooLong { headers, payload });
        }
        Ok(Some(Lengths { total, headers }))
    }

    /// Gathers bytes from the chunk, until there are so many, or it has no more.
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

    fn left(&self) -> usize {
        self.gathered.len() + self.chunk.len()
    }
}

fn word(bytes: &[u8], at: usize) -> u32 {
    let word = bytes.get(at..).and_then(|rest| rest.first_chunk::<4>());
    u32::from_be_bytes(word.copied().unwrap_or_default())
}

impl fmt::Debug for Decoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Decoder")
            .field("messages", &self.messages)
            .field("held", &self.left())
            .field("failed", &self.failed)
            .finish()
    }
}
