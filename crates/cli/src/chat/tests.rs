//! Tests of the question.

use super::append;

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
