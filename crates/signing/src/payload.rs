//! The payload hash: SHA-256 of the body, in lower-case hex.

use std::borrow::Cow;

use sha2::{Digest, Sha256};

/// What the last line of the canonical request says about the body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PayloadHash(Cow<'static, str>);

impl PayloadHash {
    /// The hash of a request without a body.
    pub const EMPTY: Self =
        Self(Cow::Borrowed("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"));

    /// The hash of a body held in memory. For a body that is not, see [`PayloadHasher`].
    pub fn of(body: &[u8]) -> Self {
        Self(sha256_hex(body).into())
    }

    /// `UNSIGNED-PAYLOAD`: the signature does not cover the body. Only some services accept it.
    pub const fn unsigned() -> Self {
        Self(Cow::Borrowed("UNSIGNED-PAYLOAD"))
    }

    /// `STREAMING-AWS4-HMAC-SHA256-EVENTS`: the body is a stream of events, each of them
    /// [signed](crate::EventSigner). The service wants it said in `x-amz-content-sha256`.
    pub const fn streaming_events() -> Self {
        Self(Cow::Borrowed("STREAMING-AWS4-HMAC-SHA256-EVENTS"))
    }

    /// 64 lower-case hex digits, or the word that stands for them.
    pub fn as_str(&self) -> &str {
        &self.0
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
        PayloadHash(base16ct::lower::encode_string(&self.0.finalize()).into())
    }
}

pub(crate) fn sha256_hex(bytes: &[u8]) -> String {
    base16ct::lower::encode_string(&Sha256::digest(bytes))
}
