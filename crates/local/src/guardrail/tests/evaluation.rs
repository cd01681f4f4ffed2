//! Tests of the evaluation of texts.

use crate::guardrail::{Content, Evaluation, Guardrail, GuardrailFile, Outcome, Scope, Source};

fn guardrail(members: &str) -> Guardrail {
    let file = GuardrailFile::from_json(&format!(r#"{{"guardrails": [{{"id": "abc", {members}}}]}}"#));
    file.unwrap().guardrails.remove(0)
}

fn evaluate(guardrail: &Guardrail, text: &str, masks: bool) -> Evaluation {
    let content = Content::guarded([text.to_owned()]);
    Evaluation::new(guardrail, &content, Source::Output, Scope::Interventions, masks, "us-east-1")
}

const EMAIL: &str = r#"{"type": "EMAIL", "action": "ANONYMIZE"}"#;

#[test]
fn matches_are_masked_with_the_name_of_the_rule() {
    let rules = guardrail(&format!(
        r#""pii": [{EMAIL}], "regexes": [{{"name": "Order", "pattern": "\\bA-\\d+\\b", "action": "ANONYMIZE"}}]"#
    ));
    let check = |text: &str, expected: Option<&str>| {
        let expected = expected.map_or(Outcome::Pass, |text| Outcome::Masked(vec![text.to_owned()]));
        assert_eq!(evaluate(&rules, text, true).outcome, expected);
        assert_eq!(evaluate(&rules, text, false).outcome, Outcome::Pass);
    };
    check("Hello", None);
    check("A-17 for a@b.de", Some("{Order} for {EMAIL}"));
    check("a@b.de, c@d.de", Some("{EMAIL}, {EMAIL}"));
    check("ä a@b.de ü", Some("ä {EMAIL} ü"));
    // The part belongs to the first rule that matches it.
    check("A-1@b.de", Some("{EMAIL}"));
}

#[test]
fn empty_matches_are_not_masked() {
    let regex = r#"{"name": "Edge", "pattern": "\\b", "action": "ANONYMIZE"}"#;
    let rules = guardrail(&format!(r#""pii": [{EMAIL}], "regexes": [{regex}]"#));
    assert_eq!(evaluate(&rules, "Hello", true).outcome, Outcome::Pass);
    assert_eq!(evaluate(&rules, "a@b.de", true).outcome, Outcome::Masked(vec!["{EMAIL}".to_owned()]));
}

#[test]
fn a_block_wins_over_masks() {
    let rules = guardrail(&format!(r#""pii": [{EMAIL}], "words": ["bad"], "blocked_output": "No.""#));
    let evaluation = evaluate(&rules, "a bad a@b.de", true);
    assert_eq!(evaluation.outcome, Outcome::Blocked("No.".to_owned()));
    assert_eq!(evaluation.action_reason(), "Guardrail blocked.");
    let words = evaluation.assessment.word_policy.unwrap().custom_words;
    assert_eq!((words[0].r#match.as_str(), words[0].action.as_str()), ("bad", "BLOCKED"));
    let pii = evaluation.assessment.sensitive_information_policy.unwrap().pii_entities;
    assert_eq!((pii[0].r#match.as_str(), pii[0].action.as_str()), ("a@b.de", "ANONYMIZED"));
}

#[test]
fn texts_that_are_not_guarded_only_count() {
    let rules = guardrail(r#""words": ["bad"]"#);
    let mut content = Content::default();
    content.push("bad", false);
    content.push("good", true);
    let evaluation =
        Evaluation::new(&rules, &content, Source::Input, Scope::Interventions, true, "us-east-1");
    assert_eq!(evaluation.outcome, Outcome::Pass);
    let coverage = evaluation.assessment.invocation_metrics.unwrap().guardrail_coverage.unwrap();
    let characters = coverage.text_characters.unwrap();
    assert_eq!((characters.guarded, characters.total), (Some(4), Some(7)));
}

#[test]
fn units_count_started_thousands_of_the_policies_that_exist() {
    let rules = guardrail(&format!(r#""words": ["bad"], "pii": [{EMAIL}]"#));
    let units = |characters: usize| {
        let usage = evaluate(&rules, &"ä".repeat(characters), true).usage;
        let sensitive =
            (usage.sensitive_information_policy_units, usage.sensitive_information_policy_free_units);
        assert_eq!((usage.topic_policy_units, sensitive.1), (0, 0));
        (usage.word_policy_units, sensitive.0)
    };
    assert_eq!(units(1), (1, 1));
    assert_eq!(units(1_000), (1, 1));
    assert_eq!(units(1_001), (2, 2));
}
