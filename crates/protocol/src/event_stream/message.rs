//! A message: headers and a payload. On the wire it is a frame.

use std::fmt;

use bytes::Bytes;

use super::header::{self, HeaderValue, Headers};
use super::raw::{self, RawHeader};
use super::{EncodeError, HeaderError, MAX_HEADERS, MAX_PAYLOAD, OVERHEAD};

/// A message. A decoded one holds slices of the bytes that came, so that nothing is copied.
///
/// Two are equal if their headers are, in the same order, and their payloads. `Debug` shows no value.
#[derive(Clone, PartialEq, Eq)]
pub struct Message {
    /// As in a frame, checked.
    headers: Bytes,
    payload: Bytes,
}

impl Message {
    /// A message without headers.
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// Of headers that are checked.
    pub(super) fn of(headers: Bytes, payload: Bytes) -> Self {
        Self { headers, payload }
    }

    /// The headers, in the order in which they stand there. A name can stand there twice.
    pub fn headers(&self) -> Headers<'_> {
        Headers::of(&self.headers)
    }

    /// The first header of that name.
    pub fn header(&self, name: &str) -> Option<HeaderValue<'_>> {
        self.raw_headers().find(|header| header.name == name.as_bytes())?.value()
    }

    /// As [`headers`](Self::headers), with texts as bytes.
    pub(super) fn raw_headers(&self) -> impl Iterator<Item = RawHeader<'_>> {
        raw::each(&self.headers)
    }

    /// The payload.
    pub fn payload(&self) -> &Bytes {
        &self.payload
    }

    /// The payload alone.
    pub fn into_payload(self) -> Bytes {
        self.payload
    }

    /// Appends the message as a frame.
    ///
    /// # Errors
    /// Headers or payload are longer than those of a frame: then nothing is appended.
    pub fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        let (headers, payload) = (self.headers.len(), self.payload.len());
        let error = EncodeError { headers, payload };
        if headers > MAX_HEADERS || payload > MAX_PAYLOAD {
            return Err(error);
        }
        let whole = |length: usize| u32::try_from(length).map_err(|_| error);
        let (total, headers) = (whole(OVERHEAD + headers + payload)?, whole(headers)?);
        let start = out.len();
        out.reserve(OVERHEAD + self.headers.len() + payload);
        out.extend_from_slice(&total.to_be_bytes());
        out.extend_from_slice(&headers.to_be_bytes());
        let prelude = crc32fast::hash(&out[start..]);
        out.extend_from_slice(&prelude.to_be_bytes());
        out.extend_from_slice(&self.headers);
        out.extend_from_slice(&self.payload);
        let message = crc32fast::hash(&out[start..]);
        out.extend_from_slice(&message.to_be_bytes());
        Ok(())
    }
}

impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Message")
            .field("headers", &self.headers())
            .field("payload", &self.payload.len())
            .finish()
    }
}

/// Writes a message: headers first, then the payload, which ends it.
#[derive(Clone, Default)]
pub struct Builder {
    headers: Vec<u8>,
}

impl Builder {
    /// Adds a header behind those that are there.
    ///
    /// # Errors
    /// The name or the value is of a length that no header has: then nothing is added.
    pub fn header(&mut self, name: &str, value: HeaderValue<'_>) -> Result<&mut Self, HeaderError> {
        header::write(name, value, &mut self.headers)?;
        Ok(self)
    }

    /// Ends the message.
    pub fn payload(self, payload: impl Into<Bytes>) -> Message {
        Message::of(self.headers.into(), payload.into())
    }
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder").field("headers", &Headers::of(&self.headers)).finish()
    }
}
