//! Tests of the question and the temperature.

use super::{append, finite};

#[test]
fn temperature_is_a_finite_number() {
    let check = |text: &str, expected: Option<f64>| assert_eq!(finite(text).ok(), expected, "{text}");
    check("0.5", Some(0.5));
    check("1", Some(1.0));
    for text in ["nan", "inf", "-inf", "1e999", "", "warm"] {
        check(text, None);
    }
}

#[test]
fn piped_text_follows_the_question() {
    let check = |question: &str, piped: &str, expected: &str| {
        let mut text = question.to_owned();
        append(&mut text, piped);
        assert_eq!(text, expected);
    };
    check("why?", "a\nb\n", "why?\n\na\nb");
    check("", "a\r\n", "a");
    check("why?", "\n", "why?");
}
