//! Fixed-length ASCII text that is stored inline. Hashes, signatures and dates therefore need no allocation.

use std::fmt;

/// ASCII text of `N` bytes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct AsciiArray<const N: usize>([u8; N]);

/// A SHA-256 hash or a signature as 64 lower-case hex digits.
pub(crate) type HexDigest = AsciiArray<64>;

impl<const N: usize> AsciiArray<N> {
    /// Wraps ASCII bytes. If `bytes` is not UTF-8, [`as_str`](Self::as_str) returns an empty string.
    pub(crate) const fn new(bytes: [u8; N]) -> Self {
        Self(bytes)
    }

    pub(crate) fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl HexDigest {
    /// Encodes 32 bytes as hex digits. This function does not run in constant time, because hashes and
    /// signatures are not secret.
    pub(crate) fn encode(bytes: impl Into<[u8; 32]>) -> Self {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let mut text = [0; 64];
        for (pair, byte) in text.chunks_exact_mut(2).zip(bytes.into()) {
            pair[0] = DIGITS[usize::from(byte >> 4)];
            pair[1] = DIGITS[usize::from(byte & 15)];
        }
        Self(text)
    }
}

impl<const N: usize> fmt::Debug for AsciiArray<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encodes_bytes_as_lower_case_hex() {
        let mut bytes = [0; 32];
        bytes[..4].copy_from_slice(&[0x01, 0x9a, 0xf0, 0xff]);
        assert_eq!(HexDigest::encode(bytes).as_str(), format!("019af0ff{}", "0".repeat(56)));
    }
}
