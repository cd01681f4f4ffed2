//! Embeddings by random projection.
//!
//! The features of a text are its words and the character trigrams of each word, in lower case. Each feature
//! has a dense pseudo-random vector. The SHA-256 hash of the feature is the seed of this vector. The
//! embedding is the weighted sum of these vectors. Random vectors are nearly orthogonal. Therefore the
//! cosine similarity of two texts increases with the number of words and trigrams that both texts contain.
//! This method is called random indexing: <https://en.wikipedia.org/wiki/Random_indexing>. The meaning of a
//! word has no influence, so synonyms have unrelated vectors.

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};

use super::tokens;

const WORD_WEIGHT: f64 = 1.0;
const TRIGRAM_WEIGHT: f64 = 0.5;

/// The maximum number of features of an image. This maximum limits the cost of large images.
const MAX_BLOCKS: usize = 1_024;
const MIN_BLOCK_LENGTH: usize = 64;

/// Returns the vector of a text. The vector is not normalized and is never zero.
pub(super) fn text_vector(text: &str, dimensions: usize) -> Vec<f64> {
    let mut weights = BTreeMap::new();
    let lower = text.to_lowercase();
    for (start, end) in tokens::ranges(&lower) {
        let word = &lower[start..end];
        add_weight(&mut weights, Feature::Word, word.as_bytes(), WORD_WEIGHT);
        let padded: Vec<char> = format!("<{word}>").chars().collect();
        for trigram in padded.windows(3) {
            add_weight(&mut weights, Feature::Trigram, String::from_iter(trigram).as_bytes(), TRIGRAM_WEIGHT);
        }
    }
    project(weights, dimensions)
}

/// Returns the vector of an image or another binary file. The features of a file are blocks of its bytes.
/// The vector is not normalized and is never zero.
pub(super) fn image_vector(bytes: &[u8], dimensions: usize) -> Vec<f64> {
    let mut weights = BTreeMap::new();
    let length = bytes.len().div_ceil(MAX_BLOCKS).max(MIN_BLOCK_LENGTH);
    for block in bytes.chunks(length) {
        add_weight(&mut weights, Feature::Block, block, WORD_WEIGHT);
    }
    project(weights, dimensions)
}

/// Returns the mean of vectors of the same length.
pub(super) fn mean(vectors: &[Vec<f64>]) -> Vec<f64> {
    let mut sum = vectors.first().cloned().unwrap_or_default();
    for vector in vectors.iter().skip(1) {
        sum.iter_mut().zip(vector).for_each(|(x, y)| *x += y);
    }
    let count = vectors.len().max(1) as f64;
    sum.iter_mut().for_each(|x| *x /= count);
    sum
}

/// Scales a vector to length 1.
pub(super) fn normalized(mut vector: Vec<f64>) -> Vec<f64> {
    let length = vector.iter().map(|x| x * x).sum::<f64>().sqrt();
    if length > 0.0 {
        vector.iter_mut().for_each(|x| *x /= length);
    }
    vector
}

/// Rounds numbers to 32-bit floats, because the services return 32-bit floats. In JSON, the results have at
/// most nine significant digits. A number that was cast from `f32` to `f64` would have up to 17 digits.
pub(super) fn rounded(vector: &[f64]) -> Vec<f64> {
    let round = |x: &f64| format!("{}", *x as f32).parse().unwrap_or(*x);
    vector.iter().map(round).collect()
}

/// Quantizes numbers to integers from -127 to 127. The number with the largest magnitude becomes 127 or -127.
pub(super) fn signed_bytes(vector: &[f64]) -> Vec<i64> {
    let largest = vector.iter().fold(f64::MIN_POSITIVE, |largest, x| largest.max(x.abs()));
    vector.iter().map(|x| (x / largest * 127.0).round() as i64).collect()
}

/// Quantizes numbers to bits. The bit of a positive number is 1. Eight bits form a byte, and the first bit is
/// the most significant.
pub(super) fn packed_bits(vector: &[f64]) -> Vec<i64> {
    vector.chunks(8).map(|eight| eight.iter().fold(0, |byte, x| byte << 1 | i64::from(*x > 0.0))).collect()
}

/// The kind of a feature. Features of different kinds have different vectors, even if they have the same
/// bytes.
#[derive(Clone, Copy)]
enum Feature {
    /// The only feature of an input that has neither words nor blocks, for example a text that contains only
    /// white space.
    None,
    Word,
    Trigram,
    Block,
}

/// The weights of features. The key is the seed of a feature.
type Weights = BTreeMap<u64, f64>;

fn add_weight(weights: &mut Weights, kind: Feature, feature: &[u8], weight: f64) {
    let mut hash = Sha256::new();
    hash.update([kind as u8]);
    hash.update(feature);
    let mut seed = [0; 8];
    seed.copy_from_slice(&hash.finalize()[..8]);
    *weights.entry(u64::from_be_bytes(seed)).or_default() += weight;
}

/// Returns the weighted sum of the vectors of all features. Each vector has an expected length of 1.
fn project(mut weights: Weights, dimensions: usize) -> Vec<f64> {
    if weights.is_empty() {
        add_weight(&mut weights, Feature::None, b"", WORD_WEIGHT);
    }
    let mut vector = vec![0.0; dimensions];
    // The variance of uniform numbers from -1 to 1 is 1/3.
    let scale = (3.0 / dimensions as f64).sqrt();
    for (seed, weight) in weights {
        let mut generator = SplitMix64(seed);
        vector.iter_mut().for_each(|x| *x += weight * scale * generator.next_uniform());
    }
    vector
}

/// The generator of the pseudo-random vectors: <https://prng.di.unimi.it/splitmix64.c>
struct SplitMix64(u64);

impl SplitMix64 {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ bits >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ bits >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^ bits >> 31
    }

    /// Returns a number from -1 (inclusive) to 1 (exclusive).
    fn next_uniform(&mut self) -> f64 {
        const TWO_TO_52: f64 = (1_u64 << 52) as f64;
        (self.next() >> 11) as f64 / TWO_TO_52 - 1.0
    }
}
