//! Tests of the notes about responses.

use super::note;

#[test]
fn note_names_the_reason_of_an_early_stop() {
    let check = |text: &str, reason, expected: Option<&str>| {
        assert_eq!(note(text, reason).as_deref(), expected);
    };
    check("hi", Some("end_turn"), None);
    check("hi", None, Some("the response has no stop reason, so it may be incomplete"));
    let incomplete = "the response is incomplete, because it reached the limit of --max-tokens";
    check("hi", Some("max_tokens"), Some(incomplete));
    check("", Some("end_turn"), Some("the response has no text (stop reason: end_turn)"));
    let stopped = "the model stopped early (stop reason: guardrail_intervened)";
    check("hi", Some("guardrail_intervened"), Some(stopped));
}
