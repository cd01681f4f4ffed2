//! Bytes in at any boundary, messages out.

use std::fmt;

use bytes::{Buf, Bytes, BytesMut};

use super::error::FrameErrorKind;
use super::{FrameError, MAX_HEADERS, MAX_PAYLOAD, Message, OVERHEAD, PRELUDE, Truncated, header};

/// Decodes a stream of frames. [`push`](Self::push) what came, [`decode`](Self::decode) until there is nothing, and
/// [`finish`](Self::finish) when nothing more comes.
///
/// It holds what was pushed and not decoded, and nothing ahead of it: the lengths in a prelude are believed when its CRC
/// is right, and even then no room is made before bytes come. A frame whose length is of none, or of one longer than
/// frames are, is refused by its first 12 bytes. After an error the stream is at an end: what follows it cannot be told
/// apart.
#[derive(Clone, Default)]
pub struct Decoder {
    bytes: BytesMut,
    /// The frame that the bytes begin with, once its prelude is checked.
    frame: Option<Lengths>,
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

    /// Takes the next bytes of the stream.
    pub fn push(&mut self, bytes: &[u8]) {
        if self.failed.is_none() {
            self.bytes.extend_from_slice(bytes);
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
        let decoded = self.frame();
        decoded.map_err(|kind| {
            let error = FrameError::new(self.messages, kind);
            self.bytes = BytesMut::new();
            self.failed.insert(error).clone()
        })
    }

    /// Says that nothing more comes.
    ///
    /// # Errors
    /// Bytes are left that are no whole frame.
    pub fn finish(&self) -> Result<(), Truncated> {
        match self.bytes.len() {
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
        self.bytes.capacity()
    }

    fn frame(&mut self) -> Result<Option<Message>, FrameErrorKind> {
        let Lengths { total, headers } = match self.frame {
            Some(lengths) => lengths,
            None => match lengths(&self.bytes)? {
                Some(lengths) => *self.frame.insert(lengths),
                None => return Ok(None),
            },
        };
        if self.bytes.len() < total {
            return Ok(None);
        }
        let mut frame = self.bytes.split_to(total).freeze();
        self.frame = None;
        let (stated, found) = (word(&frame, total - 4), crc32fast::hash(&frame[..total - 4]));
        if stated != found {
            return Err(FrameErrorKind::MessageCrc { stated, found });
        }
        frame.advance(PRELUDE);
        frame.truncate(total - OVERHEAD);
        let headers: Bytes = frame.split_to(headers);
        header::check(&headers).map_err(|(at, reason)| FrameErrorKind::Header { at, reason })?;
        self.messages += 1;
        Ok(Some(Message::of(headers, frame)))
    }
}

/// The lengths of the frame that the bytes begin with, as soon as its prelude is there.
fn lengths(bytes: &[u8]) -> Result<Option<Lengths>, FrameErrorKind> {
    let Some(prelude) = bytes.first_chunk::<PRELUDE>() else { return Ok(None) };
    let (total, headers) = (word(prelude, 0), word(prelude, 4));
    let (stated, found) = (word(prelude, 8), crc32fast::hash(&prelude[..8]));
    if stated != found {
        return Err(FrameErrorKind::PreludeCrc { stated, found });
    }
    let wrong = || FrameErrorKind::Length { total, headers };
    let (total, headers) = (usize::try_from(total), usize::try_from(headers));
    let (total, headers) = (total.map_err(|_| wrong())?, headers.map_err(|_| wrong())?);
    let payload = total.checked_sub(OVERHEAD).and_then(|rest| rest.checked_sub(headers)).ok_or_else(wrong)?;
    if headers > MAX_HEADERS || payload > MAX_PAYLOAD {
        return Err(FrameErrorKind::TooLong { headers, payload });
    }
    Ok(Some(Lengths { total, headers }))
}

fn word(bytes: &[u8], at: usize) -> u32 {
    let word = bytes.get(at..).and_then(|rest| rest.first_chunk::<4>());
    u32::from_be_bytes(word.copied().unwrap_or_default())
}

impl fmt::Debug for Decoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Decoder")
            .field("messages", &self.messages)
            .field("held", &self.bytes.len())
            .field("failed", &self.failed)
            .finish()
    }
}
