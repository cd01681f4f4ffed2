//! The payload hash: SHA-256 of the body, in lower-case hex.

use sha2::{Digest, Sha256};

use crate::ascii::{Ascii, Hex};

/// What the last line of the canonical request says about the body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PayloadHash(Said);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Said {
    Hash(Hex),
    Word(&'static str),
}

impl PayloadHash {
    /// The hash of a request without a body.
    pub const EMPTY: Self =
        Self(Said::Hash(Ascii::new(*b"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")));

    /// The hash of a body held in memory. For a body that is not, see [`PayloadHasher`].
    pub fn of(body: &[u8]) -> Self {
        Self(Said::Hash(sha256_hex(body)))
    }

    /// `UNSIGNED-PAYLOAD`: the signature does not cover the body. Only some services accept it.
    pub const fn unsigned() -> Self {
        Self(Said::Word("UNSIGNED-PAYLOAD"))
    }

    /// `STREAMING-AWS4-HMAC-SHA256-EVENTS`: the body is a stream of events, each of them
    /// [signed](crate::EventSigner). The service wants it said in `x-amz-content-sha256`.
    pub const fn streaming_events() -> Self {
        Self(Said::Word("STREAMING-AWS4-HMAC-SHA256-EVENTS"))
    }

    /// 64 lower-case hex digits, or the word that stands for them.
    pub fn as_str(&self) -> &str {
        match &self.0 {
            Said::Hash(hash) => hash.as_str(),
            Said::Word(word) => word,
        }
    }
}

/// Hashes a body piece by piece, in constant memory.
///
/// ```
/// # use invoke_model_signing::{PayloadHash, PayloadHasher};
/// let mut hasher = PayloadHasher::new();
/// hasher.update(b"{\"inputText\":");
/// hasher.update(b"\"hello\"}");
/// assert_eq!(hasher.finish(), PayloadHash::of(b"{\"inputText\":\"hello\"}"));
/// ```
#[derive(Debug, Clone, Default)]
pub struct PayloadHasher(Sha256);

impl PayloadHasher {
    /// A hasher that has seen nothing; finished at once, it gives [`PayloadHash::EMPTY`].
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the next piece of the body.
    pub fn update(&mut self, piece: &[u8]) {
        self.0.update(piece);
    }

    /// The hash of all pieces in order.
    pub fn finish(self) -> PayloadHash {
        PayloadHash(Said::Hash(Hex::of(self.0.finalize())))
    }
}

pub(crate) fn sha256_hex(bytes: &[u8]) -> Hex {
    Hex::of(Sha256::digest(bytes))
}
