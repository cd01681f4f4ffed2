//! The pieces that families share.

use super::super::features::{normalised, packed_bits, signed_bytes, text};
use super::super::prompt::last_turn;
use super::super::reply::{End, Limits, reply};
use super::super::tokens::{count, first, last, pieces};

#[test]
fn tokens_are_short_words_and_single_marks() {
    let check = |text: &str, expected: &[&str]| {
        let found: Vec<_> = pieces(text).map(|(start, end)| &text[start..end]).collect();
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
fn texts_are_cut_at_tokens() {
    let text = " one two, three ";
    let starts: Vec<_> = (0..6).map(|limit| first(text, limit)).collect();
    assert_eq!(starts, ["", " one", " one two", " one two,", text, text]);
    let ends: Vec<_> = (0..6).map(|limit| last(text, limit)).collect();
    assert_eq!(ends, ["", "three ", ", three ", "two, three ", text, text]);
}

#[test]
fn replies_keep_to_the_limits() {
    let check = |max_tokens: Option<i64>, stop: &[&str], text: &str, end: End| {
        let stop: Vec<_> = stop.iter().map(|stop| (*stop).to_owned()).collect();
        let reply = reply(" tell me more ", &Limits { max_tokens, stop: &stop });
        assert_eq!((reply.text.as_str(), reply.end), (text, end));
        assert_eq!(reply.tokens, count(text));
    };
    check(None, &[], "You said: tell me more", End::Finished);
    check(Some(6), &["absent", ""], "You said: tell me more", End::Finished);
    check(Some(5), &[], "You said: tell me", End::Length);
    check(Some(0), &[], "", End::Length);
    check(None, &["more", "tell"], "You said: ", End::Stop("tell".to_owned()));
    // What lies beyond the token limit stops nothing.
    check(Some(5), &["more"], "You said: tell me", End::Length);
}

#[test]
fn long_turns_are_echoed_in_part() {
    let long = "word ".repeat(1_000);
    let reply = reply(&long, &Limits { max_tokens: None, stop: &[] });
    assert_eq!(reply.tokens, 3 + 256 + 3);
    assert!(reply.text.ends_with("word ..."));
}

#[test]
fn the_last_turn_lies_between_marks() {
    assert_eq!(last_turn("plain", &["<u>"], &["</u>"]), "plain");
    assert_eq!(last_turn("<u>one</u>bot<u> two </u>bot", &["<u>"], &["</u>"]), "two");
    assert_eq!(last_turn("<u>open", &["<u>"], &["</u>"]), "open");
}

pub(super) fn cosine(a: &[f64], b: &[f64]) -> f64 {
    assert_eq!(a.len(), b.len());
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(x, y)| x * y).sum::<f64>();
    dot(a, b) / (dot(a, a) * dot(b, b)).sqrt()
}

#[test]
fn similar_texts_score_nearer() {
    let check = |dimensions: usize, near: [&str; 2], far: &str| {
        let [a, b] = near.map(|near| text(near, dimensions));
        let c = text(far, dimensions);
        let (near, far) = (cosine(&a, &b), cosine(&a, &c));
        assert!(near > far + 0.2, "{dimensions}: {near} against {far}");
    };
    for dimensions in [256, 384, 512, 1_024, 1_536] {
        check(dimensions, ["the cat sat on the mat", "a cat sat on a mat"], "stock markets fell in Tokyo");
        check(dimensions, ["invoice overdue", "Overdue invoices!"], "the cat sat on the mat");
        check(dimensions, ["東京の天気", "東京の天気予報"], "invoice overdue");
    }
}

#[test]
fn vectors_are_of_length_one_and_never_zero() {
    for words in ["hello", "", "  ", "!?", "\u{0}"] {
        let vector = normalised(text(words, 256));
        assert!((cosine(&vector, &vector) - 1.0).abs() < 1e-9);
        assert!((vector.iter().map(|x| x * x).sum::<f64>() - 1.0).abs() < 1e-9, "{words:?}");
    }
}

#[test]
fn numbers_become_bytes_and_bits() {
    assert_eq!(signed_bytes(&[0.5, -1.0, 0.0, 0.25]), [64, -127, 0, 32]);
    assert_eq!(packed_bits(&[1.0, -1.0, 0.0, 1.0, 1.0, -1.0, 0.0, 1.0, 1.0]), [0b1001_1001, 1]);
}
