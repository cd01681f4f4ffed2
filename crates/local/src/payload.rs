//! The body of a request as far as it is of interest.

use bytes::{Bytes, BytesMut};
use invoke_model_signing::{PayloadHash, PayloadHasher};

/// The length that the model allows a body, in bytes.
const MAX_LENGTH: usize = 25_000_000;

/// A body: its hash, and its bytes up to one more than the model allows.
///
/// The one byte more is what breaks the model's length constraint later, after the signature (which needs the
/// hash of all bytes) has been checked: the service says `ValidationException`, not 413. A body of any length is
/// received in constant memory.
#[derive(Debug)]
pub(crate) struct Payload {
    pub(crate) bytes: Bytes,
    pub(crate) hash: PayloadHash,
}

/// Receives a body piece by piece.
#[derive(Debug, Default)]
pub(crate) struct Receiver {
    bytes: BytesMut,
    hasher: PayloadHasher,
}

impl Receiver {
    pub(crate) fn update(&mut self, piece: &[u8]) {
        self.hasher.update(piece);
        let room = (MAX_LENGTH + 1).saturating_sub(self.bytes.len());
        self.bytes.extend_from_slice(&piece[..piece.len().min(room)]);
    }

    pub(crate) fn finish(self) -> Payload {
        Payload { bytes: self.bytes.freeze(), hash: self.hasher.finish() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(pieces: &[&[u8]], kept: usize) {
        let mut receiver = Receiver::default();
        pieces.iter().for_each(|piece| receiver.update(piece));
        let payload = receiver.finish();
        assert_eq!(payload.bytes.len(), kept);
        assert_eq!(payload.hash, PayloadHash::of(&pieces.concat()));
    }

    #[test]
    fn keeps_one_byte_more_than_allowed_and_hashes_all() {
        check(&[], 0);
        check(&[b"{", b"}"], 2);
        let large = vec![b' '; MAX_LENGTH];
        check(&[&large], MAX_LENGTH);
        check(&[&large, b"  ", b" "], MAX_LENGTH + 1);
    }
}
