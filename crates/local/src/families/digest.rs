//! Identifiers that derive from the request.

use serde_json::Value;
use sha2::{Digest, Sha256};

use super::models::Model;

/// The SHA-256 of one invocation, as the source of the identifiers in its answer.
pub(super) struct Seal([u8; 32]);

impl Seal {
    pub(super) fn new(model: &Model, body: &Value) -> Self {
        let mut hash = Sha256::new();
        hash.update(model.id);
        hash.update([0]);
        hash.update(body.to_string());
        Self(hash.finalize().into())
    }

    /// A UUID of version 8 (RFC 9562, section 5.8: bits of the maker's own choice), another for each `part`.
    pub(super) fn uuid(&self, part: &str) -> String {
        let mut hash = Sha256::new();
        hash.update(self.0);
        hash.update(part);
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&hash.finalize()[..16]);
        let bits = u128::from_be_bytes(bytes);
        let (version, variant) = (0x8 << 76, 0b10 << 62);
        let bits = bits & !(0xf << 76) & !(0b11 << 62) | version | variant;
        format!(
            "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
            bits >> 96,
            bits >> 80 & 0xffff,
            bits >> 64 & 0xffff,
            bits >> 48 & 0xffff,
            bits & 0xffff_ffff_ffff
        )
    }

    /// 24 hexadecimal digits.
    pub(super) fn hex(&self) -> String {
        self.0[..12].iter().map(|byte| format!("{byte:02x}")).collect()
    }
}
