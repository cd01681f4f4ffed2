//! Embeddings by feature hashing.
//!
//! The features of a text are its tokens and the character trigrams of each, in lower case. A feature's
//! FNV-1a hash chooses four places of the vector and a sign for each (signed feature hashing, Weinberger et
//! al. 2009, <https://arxiv.org/abs/0902.2206>), and the feature's weight is added there. Texts that share
//! words, or parts of words, thus share places: their cosine grows with what they share. Meaning is not seen:
//! synonyms are strangers.

use super::tokens;

const PLACES: u64 = 4;
const WORD: f64 = 1.0;
const TRIGRAM: f64 = 0.35;

/// The vector of `text` in `dimensions` dimensions, not normalised; never all zero.
pub(super) fn text(text: &str, dimensions: usize) -> Vec<f64> {
    let mut vector = vec![0.0; dimensions];
    let lower = text.to_lowercase();
    for (start, end) in tokens::pieces(&lower) {
        let word = &lower[start..end];
        add(&mut vector, b'w', word.as_bytes(), WORD);
        let padded: Vec<char> = format!("<{word}>").chars().collect();
        for trigram in padded.windows(3) {
            add(&mut vector, b't', String::from_iter(trigram).as_bytes(), TRIGRAM);
        }
    }
    filled(vector)
}

/// The vector of `bytes` that are no text (an image), by their blocks of 64; never all zero.
pub(super) fn bytes(bytes: &[u8], dimensions: usize) -> Vec<f64> {
    let mut vector = vec![0.0; dimensions];
    for block in bytes.chunks(64) {
        add(&mut vector, b'b', block, WORD);
    }
    filled(vector)
}

/// The vector of length 1 in the same direction.
pub(super) fn normalised(mut vector: Vec<f64>) -> Vec<f64> {
    let length = vector.iter().map(|x| x * x).sum::<f64>().sqrt();
    if length > 0.0 {
        vector.iter_mut().for_each(|x| *x /= length);
    }
    vector
}

/// Eight decimals are all that a 32-bit float of this size holds. Adding zero turns -0 into 0.
pub(super) fn rounded(vector: &[f64]) -> Vec<f64> {
    vector.iter().map(|x| (x * 1e8).round() / 1e8 + 0.0).collect()
}

/// Each number as a whole one from -127 to 127, the largest magnitude becoming 127.
pub(super) fn signed_bytes(vector: &[f64]) -> Vec<i64> {
    let largest = vector.iter().fold(f64::MIN_POSITIVE, |largest, x| largest.max(x.abs()));
    vector.iter().map(|x| (x / largest * 127.0).round() as i64).collect()
}

/// One bit for each number, set when it is positive; eight to a byte, the first in the highest place.
pub(super) fn packed_bits(vector: &[f64]) -> Vec<i64> {
    vector.chunks(8).map(|eight| eight.iter().fold(0, |byte, x| byte << 1 | i64::from(*x > 0.0))).collect()
}

/// What has no feature at all still gets a direction.
fn filled(mut vector: Vec<f64>) -> Vec<f64> {
    if vector.iter().all(|x| *x == 0.0) {
        add(&mut vector, b'0', b"", WORD);
    }
    vector
}

fn add(vector: &mut [f64], kind: u8, feature: &[u8], weight: f64) {
    let size = vector.len() as u64;
    for place in 0..PLACES {
        let hash = fnv1a(&[kind, b'0' + place as u8], feature);
        let sign = if hash >> 63 == 0 { weight } else { -weight };
        vector[(hash % size) as usize] += sign;
    }
}

/// <http://www.isthe.com/chongo/tech/comp/fnv/#FNV-1a>, then the finaliser of `SplitMix64`, since the low and
/// high bits of FNV alone are poor for short inputs.
fn fnv1a(prefix: &[u8], bytes: &[u8]) -> u64 {
    let mut hash = prefix.iter().chain(bytes).fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    });
    hash = (hash ^ hash >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    hash = (hash ^ hash >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    hash ^ hash >> 31
}
