//! Tests of the proposed models.

use super::closest_model;

#[test]
fn proposes_the_closest_model() {
    let check = |id: &str, expected: Option<&str>| {
        assert_eq!(closest_model(id, ["haiku"].into_iter()).as_deref(), expected, "{id}");
    };
    check("amazon.nova-lite-v1", Some("amazon.nova-lite-v1:0"));
    check("us.amazon.nova-lite-v1.0", Some("us.amazon.nova-lite-v1:0"));
    check("us.amazon.nova-lit-v1:0", Some("us.amazon.nova-lite-v1:0"));
    check("claude-haiku-4.5", Some("anthropic.claude-haiku-4-5-20251001-v1:0"));
    check("us.anthropic.claude-3-haiku", Some("us.anthropic.claude-3-haiku-20240307-v1:0"));
    check("haikoo", None);
    check("hiaku", Some("haiku"));
    check("gpt-4o", None);
}
