//! Tests of the layout and of annotations. The golden of the tiny model `python` tests the declarations.

use std::collections::BTreeSet;

use super::annotation::Annotation;
use super::layout;

#[test]
fn docstrings_are_escaped_and_wrapped() {
    let check = |doc: &str, expected: &str| assert_eq!(layout::docstring(4, doc), expected);
    check("", "");
    check("One line.", "    \"\"\"One line.\"\"\"\n");
    check("a\\n \"b\" c", "    \"\"\"a\\\\n \"b\" c\"\"\"\n");
    check("the \"end\"", "    \"\"\"the \"end\\\"\"\"\"\n");
    check("\"\"\"a", "    \"\"\"\\\"\\\"\\\"a\"\"\"\n");
    check("a\\\"", "    \"\"\"a\\\\\\\"\"\"\"\n");
    check("One.\n\nTwo.", "    \"\"\"One.\n\n    Two.\n    \"\"\"\n");
    let long = format!("{} end", "word ".repeat(20).trim_end());
    let code = layout::docstring(4, &long);
    assert!(code.lines().count() == 3 && code.lines().all(|line| line.len() <= 100), "{code}");
}

#[test]
fn long_lists_are_split() {
    let items = |length: usize| vec!["a".repeat(length), "b".to_owned()];
    assert_eq!(layout::list(0, "f(", &items(1), ")"), "f(a, b)\n");
    assert_eq!(layout::list(0, "f(", &items(94), ")"), format!("f({}, b)\n", "a".repeat(94)));
    assert_eq!(layout::list(0, "f(", &items(95), ")"), format!("f(\n    {},\n    b,\n)\n", "a".repeat(95)));
    let head = format!("{}(", "f".repeat(20));
    assert_eq!(layout::list(0, &head, &items(80), ")"), format!("{head}\n    {}, b\n)\n", "a".repeat(80)));
}

#[test]
fn strings_are_escaped() {
    assert_eq!(layout::string("a\"b\\c\u{7}"), r#""a\"b\\c\u0007""#);
}

#[test]
fn types_that_are_not_declared_yet_are_strings() {
    let name = |name: &str| Annotation::Declared(name.to_owned());
    let declared = BTreeSet::from(["A".to_owned()]);
    let check = |annotation: Annotation, expected: &str| assert_eq!(annotation.code(&declared), expected);
    check(Annotation::of("list", name("A")), "list[A]");
    check(Annotation::of("list", name("B")), "list[\"B\"]");
    let stream = Annotation::of("EventStream", name("B"));
    check(Annotation::Unevaluated(Box::new(stream.clone())), "\"EventStream[B]\"");
    assert!(stream.mentions("B") && stream.mentions("EventStream") && !stream.mentions("Event"));
}
