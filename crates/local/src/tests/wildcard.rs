//! Wildcard patterns.

use crate::wildcard::matches;

fn check(pattern: &str, text: &str, expected: bool) {
    assert_eq!(matches(pattern, text), expected, "{pattern} {text}");
}

#[test]
fn stars_and_question_marks() {
    check("", "", true);
    check("", "a", false);
    check("*", "", true);
    check("*", "any/thing:0", true);
    check("a*c", "abbc", true);
    check("a*c", "abbcd", false);
    check("a*b*c", "a-b-b-c", true);
    check("*ab", "aab", true);
    check("a?c", "abc", true);
    check("a?c", "ac", false);
    check("A", "a", false);
}
