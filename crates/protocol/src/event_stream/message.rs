//! Messages of event streams. A message consists of headers and a payload. An encoded message is called a
//! frame.

use std::fmt;

use bytes::Bytes;

use super::error::{EncodeError, HeaderError};
use super::header::{self, HeaderValue, Headers};
use super::raw::{self, RawHeader};
use super::{MAX_HEADERS, MAX_PAYLOAD, OVERHEAD};

/// Memory for the three headers of an event, in bytes.
const HEADERS_OF_EVENT: usize = 128;

/// A message of an event stream. The headers and the payload of a decoded message are slices of the decoder's
/// buffer.
///
/// Two messages are equal if they have the same headers in the same order and the same payload. `Debug`
/// prints neither header values nor the payload.
#[derive(Clone, PartialEq, Eq)]
pub struct Message {
    /// Encoded headers that [`raw::check`] accepts.
    headers: Bytes,
    payload: Bytes,
}

impl Message {
    /// Returns a builder for a message.
    pub fn builder() -> Builder {
        Builder { headers: Vec::with_capacity(HEADERS_OF_EVENT) }
    }

    /// Creates a message from encoded headers that [`raw::check`] has accepted.
    pub(super) fn from_raw(headers: Bytes, payload: Bytes) -> Self {
        Self { headers, payload }
    }

    /// Iterates over the headers in the order of the message. Names can be repeated.
    pub fn headers(&self) -> Headers<'_> {
        Headers::new(&self.headers)
    }

    /// Returns the first header with this name.
    pub fn header(&self, name: &str) -> Option<HeaderValue<'_>> {
        self.raw_headers().find(|header| header.name == name.as_bytes())?.value()
    }

    /// Iterates over the headers without decoding them.
    pub(super) fn raw_headers(&self) -> impl Iterator<Item = RawHeader<'_>> {
        raw::each(&self.headers)
    }

    /// Returns the payload.
    pub fn payload(&self) -> &Bytes {
        &self.payload
    }

    /// Returns the payload and drops the headers.
    pub fn into_payload(self) -> Bytes {
        self.payload
    }

    /// Appends the message to `out` as a frame.
    ///
    /// # Errors
    /// Returns an error if the headers are longer than [`MAX_HEADERS`] or the payload is longer than
    /// [`MAX_PAYLOAD`]. After an error, `out` is unchanged.
    pub fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        let (headers, payload) = (self.headers.len(), self.payload.len());
        let error = EncodeError { headers, payload };
        if headers > MAX_HEADERS || payload > MAX_PAYLOAD {
            return Err(error);
        }
        let length = |length: usize| u32::try_from(length).map_err(|_| error);
        let (total, headers) = (length(OVERHEAD + headers + payload)?, length(headers)?);
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

/// Builds a message. Add the headers first. Then call [`payload`](Self::payload) to complete the message.
#[derive(Clone, Default)]
pub struct Builder {
    headers: Vec<u8>,
}

impl Builder {
    /// Appends a header.
    ///
    /// # Errors
    /// Returns an error if the name is not 1 to 255 bytes long or the value is longer than 32,767 bytes.
    /// After an error, the builder is unchanged.
    pub fn header(&mut self, name: &str, value: HeaderValue<'_>) -> Result<&mut Self, HeaderError> {
        header::write(name, value, &mut self.headers)?;
        Ok(self)
    }

    /// Adds the payload and returns the complete message.
    pub fn payload(self, payload: impl Into<Bytes>) -> Message {
        Message::from_raw(self.headers.into(), payload.into())
    }
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder").field("headers", &Headers::new(&self.headers)).finish()
    }
}
