//! Request bodies.

use invoke_model_signing::PayloadHash;

use crate::payload::{MAX_LENGTH, PayloadCollector};

fn check(frames: &[&[u8]], expected_length: usize) {
    let mut payload = PayloadCollector::default();
    frames.iter().for_each(|frame| payload.update(frame));
    let payload = payload.finish();
    assert_eq!(payload.bytes.len(), expected_length);
    assert_eq!(payload.hash, PayloadHash::of(&frames.concat()));
}

#[test]
fn hashes_all_bytes_and_keeps_one_more_than_allowed() {
    check(&[], 0);
    check(&[b"{", b"}"], 2);
    let large = vec![b' '; MAX_LENGTH];
    check(&[&large], MAX_LENGTH);
    check(&[&large, b"  ", b" "], MAX_LENGTH + 1);
}
