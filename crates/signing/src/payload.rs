//! The payload hash: SHA-256 of the body in lower-case hex.

use std::borrow::Cow;

use sha2::{Digest, Sha256};

use crate::hex::{AsciiArray, HexDigest};

/// The last line of the canonical request: the hash of the body, or a text that replaces it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PayloadHash(Value);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Value {
    Sha256(HexDigest),
    Text(Cow<'static, str>),
}

impl PayloadHash {
    /// The hash of an empty body.
    pub const EMPTY: Self = Self(Value::Sha256(AsciiArray::new(
        *b"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    )));

    /// Hashes a body that is in memory. Use [`PayloadHasher`] for a body that is read in pieces.
    pub fn of(body: &[u8]) -> Self {
        Self(Value::Sha256(sha256_hex(body)))
    }

    /// Returns the constant `UNSIGNED-PAYLOAD`. The signature then does not cover the body. Only a few
    /// services accept this constant, for example Amazon S3.
    pub const fn unsigned() -> Self {
        Self(Value::Text(Cow::Borrowed("UNSIGNED-PAYLOAD")))
    }

    /// Returns the constant `STREAMING-AWS4-HMAC-SHA256-EVENTS`. Use it for an event stream whose messages
    /// are [signed one by one](crate::EventSigner).
    ///
    /// Sign with [`SigningSettings::content_sha256`](crate::SigningSettings::content_sha256), because the
    /// service reads this constant from the header `x-amz-content-sha256`.
    pub const fn streaming_events() -> Self {
        Self(Value::Text(Cow::Borrowed("STREAMING-AWS4-HMAC-SHA256-EVENTS")))
    }

    /// Returns a hash that the caller has computed, or a constant. The value is signed as it is, for example the value
    /// of an `x-amz-content-sha256` header that a request already has.
    pub fn precomputed(value: impl Into<String>) -> Self {
        Self(Value::Text(Cow::Owned(value.into())))
    }

    /// Returns the hash as 64 lower-case hex digits, or the constant that replaces the hash.
    pub fn as_str(&self) -> &str {
        match &self.0 {
            Value::Sha256(hash) => hash.as_str(),
            Value::Text(text) => text,
        }
    }
}

/// A hasher for a body that is read in pieces. The hasher needs a constant amount of memory.
///
/// ```
/// # use invoke_model_signing::{PayloadHash, PayloadHasher};
/// let mut hasher = PayloadHasher::new();
/// hasher.update(b"{\"inputText\":");
/// hasher.update(b"\"hello\"}");
/// assert_eq!(hasher.finish(), PayloadHash::of(b"{\"inputText\":\"hello\"}"));
/// ```
#[derive(Clone, Debug, Default)]
pub struct PayloadHasher(Sha256);

impl PayloadHasher {
    /// Creates a hasher that has not received any data.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds the next piece of the body.
    pub fn update(&mut self, piece: &[u8]) {
        self.0.update(piece);
    }

    /// Returns the hash of all pieces.
    pub fn finish(self) -> PayloadHash {
        PayloadHash(Value::Sha256(HexDigest::encode(self.0.finalize())))
    }
}

pub(crate) fn sha256_hex(bytes: &[u8]) -> HexDigest {
    HexDigest::encode(Sha256::digest(bytes))
}
