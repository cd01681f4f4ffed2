//! Short ASCII texts of a fixed length, held in place: a signature is made without an allocation for each of its parts.

use std::fmt;

/// A text of `N` ASCII characters. Aligned, so that it is looked through in words from the beginning.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(align(8))]
pub(crate) struct Ascii<const N: usize>([u8; N]);

/// 32 bytes in lower-case hex.
pub(crate) type Hex = Ascii<64>;

impl<const N: usize> Ascii<N> {
    /// What is not ASCII makes the text empty.
    pub(crate) const fn new(bytes: [u8; N]) -> Self {
        Self(bytes)
    }

    pub(crate) fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl Hex {
    /// Not in constant time: what is written here, hashes and signatures, goes over the wire.
    pub(crate) fn of(bytes: impl Into<[u8; 32]>) -> Self {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let mut text = [0; 64];
        for (pair, byte) in text.chunks_exact_mut(2).zip(bytes.into()) {
            pair[0] = DIGITS[usize::from(byte >> 4)];
            pair[1] = DIGITS[usize::from(byte & 15)];
        }
        Self(text)
    }
}

impl<const N: usize> fmt::Debug for Ascii<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_in_hex() {
        let mut bytes = [0; 32];
        bytes[..4].copy_from_slice(&[0x01, 0x9a, 0xf0, 0xff]);
        assert_eq!(Hex::of(bytes).as_str(), format!("019af0ff{}", "0".repeat(56)));
    }
}
