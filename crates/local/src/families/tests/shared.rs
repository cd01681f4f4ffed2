//! Tests of the code that families share.

use super::super::embedding::{
    image_vector, mean, normalized, packed_bits, rounded, signed_bytes, text_vector,
};
use super::super::reply::{ReplyBounds, StopReason, reply};
use super::super::tokens::{count, first, last, ranges};

#[test]
fn tokens_are_short_words_and_punctuation_marks() {
    let check = |text: &str, expected: &[&str]| {
        let found: Vec<_> = ranges(text).map(|(start, end)| &text[start..end]).collect();
        assert_eq!(found, expected);
    };
    check("", &[]);
    check(" \n\t", &[]);
    check("Hello, world!", &["Hello", ",", "world", "!"]);
    check("incomprehensible", &["incompre", "hensible"]);
    check("a b\u{3000}é…", &["a", "b", "é", "…"]);
    assert_eq!(count("Hello, world!"), 4);
}

#[test]
fn texts_are_truncated_between_tokens() {
    let text = " one two, three ";
    let starts: Vec<_> = (0..6).map(|limit| first(text, limit)).collect();
    assert_eq!(starts, ["", " one", " one two", " one two,", text, text]);
    let ends: Vec<_> = (0..6).map(|limit| last(text, limit)).collect();
    assert_eq!(ends, ["", "three ", ", three ", "two, three ", text, text]);
}

#[test]
fn replies_respect_token_limit_and_stop_sequences() {
    let check = |max_tokens: Option<i64>, sequences: &[&str], text: &str, stop: StopReason| {
        let sequences: Vec<_> = sequences.iter().map(|sequence| (*sequence).to_owned()).collect();
        let reply = reply(" tell me more ", &ReplyBounds { max_tokens, stop_sequences: &sequences });
        assert_eq!((reply.text.as_str(), reply.stop), (text, stop));
        assert_eq!(reply.tokens, count(text));
    };
    check(None, &[], "You said: tell me more", StopReason::EndTurn);
    check(Some(6), &["absent", ""], "You said: tell me more", StopReason::EndTurn);
    check(Some(5), &[], "You said: tell me", StopReason::MaxTokens);
    check(Some(0), &[], "", StopReason::MaxTokens);
    check(None, &["more", "tell"], "You said: ", StopReason::StopSequence("tell".to_owned()));
    // A stop sequence beyond the token limit has no effect.
    check(Some(5), &["more"], "You said: tell me", StopReason::MaxTokens);
}

#[test]
fn long_turns_are_echoed_partially() {
    let long = "word ".repeat(1_000);
    let reply = reply(&long, &ReplyBounds { max_tokens: None, stop_sequences: &[] });
    assert_eq!(reply.tokens, 3 + 256 + 3);
    assert!(reply.text.ends_with("word ..."));
}

/// Returns the cosine similarity of two vectors.
pub(super) fn cosine(a: &[f64], b: &[f64]) -> f64 {
    assert_eq!(a.len(), b.len());
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(x, y)| x * y).sum::<f64>();
    dot(a, b) / (dot(a, a) * dot(b, b)).sqrt()
}

/// The dimensions that models support.
const DIMENSIONS: [usize; 6] = [256, 384, 512, 1_024, 1_536, 3_072];

#[test]
fn similar_texts_have_similar_vectors() {
    let check = |dimensions: usize, similar: [&str; 2], unrelated: &str| {
        let [a, b] = similar.map(|text| text_vector(text, dimensions));
        let c = text_vector(unrelated, dimensions);
        let (near, far) = (cosine(&a, &b), cosine(&a, &c));
        assert!(near > far + 0.2, "{dimensions}: {near} is not above {far}");
    };
    for dimensions in DIMENSIONS {
        check(dimensions, ["the cat sat on the mat", "a cat sat on a mat"], "stock markets fell in Tokyo");
        check(dimensions, ["invoice overdue", "Overdue invoices!"], "the cat sat on the mat");
        check(dimensions, ["東京の天気", "東京の天気予報"], "invoice overdue");
    }
}

#[test]
fn vectors_are_dense_and_deterministic() {
    for dimensions in DIMENSIONS {
        for text in ["hello", "the cat sat on the mat", "", "  ", "!?", "\u{0}"] {
            let vector = rounded(&normalized(text_vector(text, dimensions)));
            assert_eq!(vector.len(), dimensions);
            assert!(vector.iter().all(|x| *x != 0.0), "{text:?}");
            assert_eq!(vector, rounded(&normalized(text_vector(text, dimensions))), "{text:?}");
            let length = vector.iter().map(|x| x * x).sum::<f64>();
            assert!((length - 1.0).abs() < 1e-6, "{text:?}: {length}");
        }
        let vector = image_vector(&[7; 100_000], dimensions);
        assert!(vector.len() == dimensions && vector.iter().all(|x| *x != 0.0));
    }
}

#[test]
fn a_vector_is_a_prefix_of_a_longer_vector() {
    let (short, long) = (text_vector("the cat", 256), text_vector("the cat", 1_024));
    assert!((cosine(&short, &long[..256]) - 1.0).abs() < 1e-9);
}

#[test]
fn numbers_are_rounded_to_32_bit_floats() {
    assert_eq!(rounded(&[0.1, 1.0 / 3.0, -2.0, 1e-7 / 3.0]), [0.1, 0.333_333_34, -2.0, 3.333_333_3e-8]);
    let embedding = rounded(&normalized(text_vector("hello", 1_024)));
    for x in embedding {
        let text = serde_json::to_string(&x).unwrap();
        let significant = text.split('e').next().unwrap().trim_start_matches(['-', '0', '.']);
        assert!(significant.len() <= 9, "{text}");
    }
}

#[test]
fn numbers_are_quantized_to_bytes_and_bits() {
    assert_eq!(signed_bytes(&[0.5, -1.0, 0.0, 0.25]), [64, -127, 0, 32]);
    assert_eq!(packed_bits(&[1.0, -1.0, 0.0, 1.0, 1.0, -1.0, 0.0, 1.0, 1.0]), [0b1001_1001, 1]);
}

#[test]
fn the_mean_has_the_length_of_the_vectors() {
    assert_eq!(mean(&[vec![1.0, 2.0], vec![3.0, -2.0]]), [2.0, 0.0]);
    assert_eq!(mean(&[vec![1.0, 2.0]]), [1.0, 2.0]);
    assert!(mean(&[]).is_empty());
}
