//! The findings of an evaluation in the form of the API.

use invoke_model_types::{
    GuardrailAssessment, GuardrailCoverage, GuardrailCustomWord, GuardrailImageCoverage,
    GuardrailInvocationMetrics, GuardrailPiiEntityFilter, GuardrailRegexFilter,
    GuardrailSensitiveInformationPolicyAction, GuardrailSensitiveInformationPolicyAssessment,
    GuardrailTextCharactersCoverage, GuardrailTopic, GuardrailTopicPolicyAction,
    GuardrailTopicPolicyAssessment, GuardrailTopicType, GuardrailUsage, GuardrailWordPolicyAction,
    GuardrailWordPolicyAssessment,
};

use super::content::{Content, int, text_units};
use super::evaluation::{Findings, Scope};
use super::policy::{Guardrail, PiiRule, RegexRule, RuleAction};

/// Returns the assessment of some findings.
pub(super) fn assessment(
    guardrail: &Guardrail,
    findings: &Findings<'_>,
    content: &Content,
    scope: Scope,
    usage: &GuardrailUsage,
    region: &str,
) -> GuardrailAssessment {
    let mut metrics = GuardrailInvocationMetrics::default();
    metrics.guardrail_processing_latency = Some(0);
    metrics.usage = Some(usage.clone());
    metrics.guardrail_coverage = Some(coverage(content));
    let mut assessment = GuardrailAssessment::default();
    assessment.topic_policy = topic_policy(guardrail, findings, scope);
    assessment.word_policy = word_policy(guardrail, findings, scope);
    assessment.sensitive_information_policy = sensitive_information_policy(guardrail, findings, scope);
    assessment.invocation_metrics = Some(metrics);
    assessment.applied_guardrail_details = Some(guardrail.details(region));
    assessment
}

/// Returns the units that the service bills. The service bills only policies that the guardrail has. Regular
/// expressions are free.
pub(super) fn usage(guardrail: &Guardrail, content: &Content) -> GuardrailUsage {
    let units = text_units(content.total());
    let of = |is_empty: bool| if is_empty { 0 } else { units };
    let mut usage = GuardrailUsage::new(
        of(guardrail.topics.is_empty()),
        0,
        of(guardrail.words.is_empty()),
        of(guardrail.pii.is_empty()),
        of(guardrail.regexes.is_empty()),
        0,
    );
    usage.content_policy_image_units = Some(0);
    usage.automated_reasoning_policy_units = Some(0);
    usage.automated_reasoning_policies = Some(0);
    usage
}

/// Returns the coverage: how many characters and images the content has, and how many of them were evaluated.
/// No images are evaluated, because the endpoint evaluates only text.
pub(crate) fn coverage(content: &Content) -> GuardrailCoverage {
    let mut text = GuardrailTextCharactersCoverage::default();
    (text.guarded, text.total) = (Some(int(content.guarded_characters())), Some(int(content.total())));
    let mut coverage = GuardrailCoverage::default();
    coverage.text_characters = Some(text);
    if content.images > 0 {
        let mut images = GuardrailImageCoverage::default();
        (images.guarded, images.total) = (Some(0), Some(int(content.images)));
        coverage.images = Some(images);
    }
    coverage
}

fn topic_policy(
    guardrail: &Guardrail,
    findings: &Findings<'_>,
    scope: Scope,
) -> Option<GuardrailTopicPolicyAssessment> {
    let topics = guardrail.topics.iter().filter_map(|topic| {
        let is_detected = findings.topics.contains(&topic.name.as_str());
        let action =
            if is_detected { GuardrailTopicPolicyAction::BLOCKED } else { GuardrailTopicPolicyAction::NONE };
        let mut entry = GuardrailTopic::new(&topic.name, GuardrailTopicType::DENY, action);
        entry.detected = Some(is_detected);
        (is_detected || scope == Scope::Full).then_some(entry)
    });
    let topics: Vec<_> = topics.collect();
    (!topics.is_empty()).then(|| GuardrailTopicPolicyAssessment::new(topics))
}

fn word_policy(
    guardrail: &Guardrail,
    findings: &Findings<'_>,
    scope: Scope,
) -> Option<GuardrailWordPolicyAssessment> {
    let words = guardrail.words.iter().filter_map(|word| {
        let is_detected = findings.words.contains(&word.as_str());
        let action =
            if is_detected { GuardrailWordPolicyAction::BLOCKED } else { GuardrailWordPolicyAction::NONE };
        let mut entry = GuardrailCustomWord::new(word, action);
        entry.detected = Some(is_detected);
        (is_detected || scope == Scope::Full).then_some(entry)
    });
    let words: Vec<_> = words.collect();
    (!words.is_empty()).then(|| GuardrailWordPolicyAssessment::new(words, Vec::new()))
}

fn sensitive_information_policy(
    guardrail: &Guardrail,
    findings: &Findings<'_>,
    scope: Scope,
) -> Option<GuardrailSensitiveInformationPolicyAssessment> {
    let is_full = scope == Scope::Full;
    let pii = guardrail.pii.iter().flat_map(|rule| {
        let matches: Vec<_> = findings.pii.iter().filter(|(found, _)| std::ptr::eq(*found, rule)).collect();
        let missing = (is_full && matches.is_empty()).then(|| pii_entry(rule, None));
        matches.into_iter().map(|(_, text)| pii_entry(rule, Some(text))).chain(missing).collect::<Vec<_>>()
    });
    let regexes = guardrail.regexes.iter().flat_map(|rule| {
        let matches: Vec<_> =
            findings.regexes.iter().filter(|(found, _)| std::ptr::eq(*found, rule)).collect();
        let missing = (is_full && matches.is_empty()).then(|| regex_entry(rule, None));
        matches.into_iter().map(|(_, text)| regex_entry(rule, Some(text))).chain(missing).collect::<Vec<_>>()
    });
    let (pii, regexes): (Vec<_>, Vec<_>) = (pii.collect(), regexes.collect());
    let has_entries = !pii.is_empty() || !regexes.is_empty();
    has_entries.then(|| GuardrailSensitiveInformationPolicyAssessment::new(pii, regexes))
}

/// Returns the entry of a match. If `text` is `None`, returns the entry of a rule without a match. As in the
/// service, the `match` of this entry is empty.
fn pii_entry(rule: &PiiRule, text: Option<&str>) -> GuardrailPiiEntityFilter {
    let kind = rule.detector.kind.clone();
    let mut entry = GuardrailPiiEntityFilter::new(text.unwrap_or_default(), kind, action(rule.action, text));
    entry.detected = Some(text.is_some());
    entry
}

fn regex_entry(rule: &RegexRule, text: Option<&str>) -> GuardrailRegexFilter {
    let mut entry = GuardrailRegexFilter::new(action(rule.action, text));
    entry.name = Some(rule.name.clone());
    entry.r#match = Some(text.unwrap_or_default().to_owned());
    entry.regex = Some(rule.regex.as_str().to_owned());
    entry.detected = Some(text.is_some());
    entry
}

fn action(action: RuleAction, text: Option<&str>) -> GuardrailSensitiveInformationPolicyAction {
    match (action, text) {
        (_, None) => GuardrailSensitiveInformationPolicyAction::NONE,
        (RuleAction::Block, Some(_)) => GuardrailSensitiveInformationPolicyAction::BLOCKED,
        (RuleAction::Anonymize, Some(_)) => GuardrailSensitiveInformationPolicyAction::ANONYMIZED,
    }
}
