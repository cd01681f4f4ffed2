//! A decoder of bodies with the content encoding gzip.
//!
//! <https://www.rfc-editor.org/rfc/rfc1952>

use std::fmt;

use bytes::{Buf, Bytes, BytesMut};
use miniz_oxide::inflate::stream::{InflateState, inflate};
use miniz_oxide::{DataFormat, MZError, MZFlush, MZStatus};

/// The first two bytes of a gzip member.
const MAGIC: &[u8] = b"\x1f\x8b";

/// The maximum size of a decoded chunk. It limits the memory that one call of [`GzipDecoder::decode`] uses,
/// because a few bytes of gzip can contain megabytes.
const CHUNK: usize = 32 << 10;

/// The maximum size of the head of a member, which can contain a file name and a comment.
const MAX_HEAD: usize = 64 << 10;

/// Decodes a gzip body in chunks of any size.
///
/// Add received bytes with [`push`](Self::push). Then call [`decode`](Self::decode) until it returns `None`.
/// Call [`finish`](Self::finish) at the end of the body.
///
/// If the body does not begin like gzip, the decoder returns it unchanged, because some servers set the
/// header `Content-Encoding` for bodies that are not encoded.
pub struct GzipDecoder {
    input: BytesMut,
    state: State,
    inflate: Box<InflateState>,
    crc: crc32fast::Hasher,
    /// The number of decoded bytes of the current member, modulo 2^32.
    length: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Before the first member.
    Start,
    /// Before another member.
    Next,
    Deflate,
    Trailer,
    /// The body is not gzip.
    Plain,
    /// After the last member. Other programs ignore the bytes that follow, too.
    End,
}

/// An error of a gzip body.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum GzipError {
    /// The body is not valid gzip.
    #[error("the gzip data is corrupt")]
    Corrupt,
    /// The checksum or the length in the body does not match the data.
    #[error("the gzip data does not match its checksum")]
    Checksum,
    /// The body ended before the data was complete.
    #[error("the gzip data is incomplete")]
    Incomplete,
}

impl GzipDecoder {
    /// Creates an empty decoder.
    pub fn new() -> Self {
        Self {
            input: BytesMut::new(),
            state: State::Start,
            inflate: InflateState::new_boxed(DataFormat::Raw),
            crc: crc32fast::Hasher::new(),
            length: 0,
        }
    }

    /// Adds the next bytes of the body.
    pub fn push(&mut self, bytes: &[u8]) {
        self.input.extend_from_slice(bytes);
    }

    /// Returns the next decoded bytes, or `None` if more bytes are needed.
    ///
    /// # Errors
    /// Returns an error if the bytes are not valid gzip. Then the decoder cannot continue.
    pub fn decode(&mut self) -> Result<Option<Bytes>, GzipError> {
        loop {
            match self.state {
                State::Start | State::Next if self.input.is_empty() => return Ok(None),
                State::Start if !is_prefix(&self.input) => self.state = State::Plain,
                State::Next if !is_prefix(&self.input) => self.state = State::End,
                State::Start | State::Next => match head(&self.input)? {
                    None => return Ok(None),
                    Some(length) => {
                        self.input.advance(length);
                        self.state = State::Deflate;
                    }
                },
                State::Deflate => {
                    let (chunk, consumed) = self.inflate()?;
                    if !chunk.is_empty() {
                        return Ok(Some(chunk));
                    }
                    if consumed == 0 && self.state == State::Deflate {
                        return Ok(None);
                    }
                }
                State::Trailer => {
                    if self.input.len() < 8 {
                        return Ok(None);
                    }
                    let (crc, length) = (self.input.get_u32_le(), self.input.get_u32_le());
                    if (crc, length) != (std::mem::take(&mut self.crc).finalize(), self.length) {
                        return Err(GzipError::Checksum);
                    }
                    self.length = 0;
                    self.inflate.reset(DataFormat::Raw);
                    self.state = State::Next;
                }
                State::Plain => {
                    return Ok(Some(self.input.split().freeze()).filter(|bytes| !bytes.is_empty()));
                }
                State::End => {
                    self.input.clear();
                    return Ok(None);
                }
            }
        }
    }

    /// Checks that the body ended after complete data. Call this function at the end of the body.
    ///
    /// # Errors
    /// Returns an error if data is missing.
    pub fn finish(&self) -> Result<(), GzipError> {
        match self.state {
            State::Start | State::Next if self.input.is_empty() => Ok(()),
            State::Plain | State::End => Ok(()),
            State::Start | State::Next | State::Deflate | State::Trailer => Err(GzipError::Incomplete),
        }
    }

    /// Returns `true` if the decoder returns the body unchanged, because the body is not gzip.
    pub fn is_plain(&self) -> bool {
        self.state == State::Plain
    }

    /// Decodes at most [`CHUNK`] bytes. Also returns the number of bytes that were consumed.
    fn inflate(&mut self) -> Result<(Bytes, usize), GzipError> {
        let mut chunk = vec![0; CHUNK];
        let result = inflate(&mut self.inflate, &self.input, &mut chunk, MZFlush::None);
        match result.status {
            Ok(MZStatus::StreamEnd) => self.state = State::Trailer,
            // More input is needed.
            Ok(_) | Err(MZError::Buf) => {}
            Err(_) => return Err(GzipError::Corrupt),
        }
        let consumed = result.bytes_consumed;
        self.input.advance(consumed);
        chunk.truncate(result.bytes_written);
        self.crc.update(&chunk);
        // At most `CHUNK`, so the number fits.
        self.length = self.length.wrapping_add(chunk.len() as u32);
        Ok((chunk.into(), consumed))
    }
}

/// Returns `true` if the bytes can be the beginning of a member.
fn is_prefix(input: &[u8]) -> bool {
    input.iter().zip(MAGIC).all(|(byte, expected)| byte == expected)
}

/// Returns the length of the head of a member, or `None` if the head is incomplete.
///
/// <https://www.rfc-editor.org/rfc/rfc1952#page-6>
fn head(input: &[u8]) -> Result<Option<usize>, GzipError> {
    let Some(fixed) = input.first_chunk::<10>() else { return Ok(None) };
    let (method, flags) = (fixed[2], fixed[3]);
    if method != 8 || flags & 0xe0 != 0 {
        return Err(GzipError::Corrupt);
    }
    match end_of_head(input, flags) {
        None if input.len() > MAX_HEAD => Err(GzipError::Corrupt),
        end => Ok(end.filter(|end| *end <= input.len())),
    }
}

fn end_of_head(input: &[u8], flags: u8) -> Option<usize> {
    let mut end = 10;
    if flags & 4 != 0 {
        let length = input.get(end..)?.first_chunk::<2>()?;
        end += 2 + usize::from(u16::from_le_bytes(*length));
    }
    // The file name and the comment end with a zero.
    for flag in [8, 16] {
        if flags & flag != 0 {
            end += 1 + input.get(end..)?.iter().position(|byte| *byte == 0)?;
        }
    }
    Some(if flags & 2 != 0 { end + 2 } else { end })
}

impl Default for GzipDecoder {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for GzipDecoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GzipDecoder").field("state", &self.state).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::write::GzEncoder;
    use flate2::{Compression, GzBuilder};
    use proptest::prelude::*;

    use super::*;

    fn gzip(data: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(data).unwrap();
        encoder.finish().unwrap()
    }

    /// Decodes a body in chunks of `size` bytes.
    fn decode(body: &[u8], size: usize) -> Result<Vec<u8>, GzipError> {
        let (mut decoder, mut decoded) = (GzipDecoder::new(), Vec::new());
        for chunk in body.chunks(size) {
            decoder.push(chunk);
            while let Some(bytes) = decoder.decode()? {
                assert!(bytes.len() <= CHUNK || decoder.is_plain());
                decoded.extend_from_slice(&bytes);
            }
        }
        decoder.finish().map(|()| decoded)
    }

    #[test]
    fn decodes_all_forms() {
        let data: Vec<u8> = (0..100_000_u32).map(|index| (index / 7) as u8).collect();
        let named =
            GzBuilder::new().filename("a").comment("b").extra("c").write(Vec::new(), Compression::fast());
        let mut named = named;
        named.write_all(&data).unwrap();
        let two_members = [gzip(&data[..5]), gzip(&data[5..])].concat();
        let padded = [gzip(&data), vec![0; 20]].concat();
        for body in [gzip(&data), named.finish().unwrap(), two_members, padded, data.clone()] {
            for size in [1, 7, 1000, body.len()] {
                assert!(decode(&body, size).as_deref() == Ok(&data), "{size}");
            }
        }
        assert_eq!(decode(b"", 1), Ok(Vec::new()));
        assert_eq!(decode(&gzip(b""), 3), Ok(Vec::new()));
    }

    #[test]
    fn returns_what_has_arrived() {
        // A server flushes its compressor after each event of a stream.
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        let mut decoder = GzipDecoder::new();
        for event in ["first", "second"] {
            encoder.write_all(event.as_bytes()).unwrap();
            encoder.flush().unwrap();
            decoder.push(&std::mem::take(encoder.get_mut()));
            assert_eq!(decoder.decode().unwrap().unwrap(), event);
            assert_eq!(decoder.decode(), Ok(None));
        }
        assert_eq!(decoder.finish(), Err(GzipError::Incomplete));
    }

    #[test]
    fn reports_incomplete_and_corrupt_data() {
        let body = gzip(b"some data");
        for end in 1..body.len() {
            assert_eq!(decode(&body[..end], 4), Err(GzipError::Incomplete), "{end}");
        }
        let with = |index: usize, byte: u8| {
            let mut changed = body.clone();
            changed[index] = byte;
            decode(&changed, 4)
        };
        assert_eq!(with(2, 9), Err(GzipError::Corrupt));
        assert_eq!(with(3, 0x80), Err(GzipError::Corrupt));
        assert_eq!(with(10, 0xff), Err(GzipError::Corrupt));
        assert_eq!(with(body.len() - 1, 9), Err(GzipError::Checksum));
        assert_eq!(with(body.len() - 5, 9), Err(GzipError::Checksum));
        let endless_name = [b"\x1f\x8b\x08\x08\0\0\0\0\0\0".as_slice(), &[b'a'; 100_000]].concat();
        assert_eq!(decode(&endless_name, 1000), Err(GzipError::Corrupt));
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_do_not_panic(rest in prop::collection::vec(any::<u8>(), 0..200), size in 1_usize..50) {
            let _ = decode(&[b"\x1f\x8b\x08\0\0\0\0\0\0\0".as_slice(), &rest].concat(), size);
            let _ = decode(&[MAGIC, &rest].concat(), size);
        }
    }
}
