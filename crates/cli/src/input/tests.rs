//! Tests of the sources of arguments.

use super::Source;

#[test]
fn argument_selects_the_source() {
    let check = |argument: &str, expected: Source| assert_eq!(Source::new(argument), expected);
    check("-", Source::StandardInput);
    check("@-", Source::StandardInput);
    check("@a b", Source::File("a b".into()));
    check("file:///a", Source::File("/a".into()));
    check("fileb://a", Source::File("a".into()));
    check("{}", Source::Text("{}".to_owned()));
    check("", Source::Text(String::new()));
}
