//! The evaluation of texts by the policies of a guardrail.

use std::collections::BTreeMap;
use std::ops::Range;

use invoke_model_types::{GuardrailAssessment, GuardrailUsage};

use super::assessment;
use super::content::Content;
use super::detect::contains_word;
use super::policy::{Guardrail, PiiRule, RegexRule, RuleAction};

/// The origin of a text: the input or the output of a model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    Input,
    Output,
}

/// The rules that an assessment lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scope {
    /// Only the rules that match.
    Interventions,
    /// All rules of the guardrail.
    Full,
}

/// The result of an evaluation.
#[derive(Clone, Debug)]
pub(crate) struct Evaluation {
    pub(crate) outcome: Outcome,
    pub(crate) assessment: GuardrailAssessment,
    pub(crate) usage: GuardrailUsage,
}

/// The effect of a guardrail on the texts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The texts stay unchanged.
    Pass,
    /// Sensitive information in the texts is masked. The variant contains all texts, in their order.
    Masked(Vec<String>),
    /// This message replaces the texts.
    Blocked(String),
}

/// The matches of all rules.
#[derive(Debug, Default)]
pub(super) struct Findings<'a> {
    pub(super) words: Vec<&'a str>,
    pub(super) topics: Vec<&'a str>,
    pub(super) pii: Vec<(&'a PiiRule, String)>,
    pub(super) regexes: Vec<(&'a RegexRule, String)>,
}

impl Evaluation {
    /// Evaluates texts.
    ///
    /// If `masks` is `false`, ignores rules with the action `ANONYMIZE`, because the service does not mask
    /// the input of a model.
    pub(crate) fn new(
        guardrail: &Guardrail,
        content: &Content,
        source: Source,
        scope: Scope,
        masks: bool,
        region: &str,
    ) -> Self {
        let mut findings = Findings::default();
        let texts = content.texts.iter().filter(|text| text.is_guarded).map(|text| text.text.as_str());
        let texts: Vec<&str> = texts.collect();
        let occurs = |word: &String| texts.iter().any(|text| contains_word(text, word));
        findings.words = guardrail.words.iter().filter(|word| occurs(word)).map(String::as_str).collect();
        let topics = guardrail.topics.iter().filter(|topic| topic.keywords.iter().any(occurs));
        findings.topics = topics.map(|topic| topic.name.as_str()).collect();

        let applies = |action: RuleAction| masks || action == RuleAction::Block;
        let mut outputs = Vec::new();
        for text in &content.texts {
            let mut masked = Masks::default();
            if text.is_guarded {
                for rule in guardrail.pii.iter().filter(|rule| applies(rule.action)) {
                    for range in rule.detector.find(&text.text) {
                        findings.pii.push((rule, text.text[range.clone()].to_owned()));
                        masked.add(range, rule.detector.kind.as_str());
                    }
                }
                for rule in guardrail.regexes.iter().filter(|rule| applies(rule.action)) {
                    // Skip empty matches. A pattern such as `\b` matches the empty text at a word boundary.
                    for found in rule.regex.find_iter(&text.text).filter(|found| !found.is_empty()) {
                        findings.regexes.push((rule, found.as_str().to_owned()));
                        masked.add(found.range(), &rule.name);
                    }
                }
            }
            outputs.push(masked.apply(&text.text));
        }

        let outcome = if findings.block() {
            Outcome::Blocked(match source {
                Source::Input => guardrail.blocked_input.clone(),
                Source::Output => guardrail.blocked_output.clone(),
            })
        } else if findings.pii.is_empty() && findings.regexes.is_empty() {
            Outcome::Pass
        } else {
            Outcome::Masked(outputs)
        };
        let usage = assessment::usage(guardrail, content);
        let assessment = assessment::assessment(guardrail, &findings, content, scope, &usage, region);
        Self { outcome, assessment, usage }
    }

    /// Returns the reason for the outcome, in the words of the service.
    pub(crate) fn action_reason(&self) -> &'static str {
        match self.outcome {
            Outcome::Pass => "No action.",
            Outcome::Masked(_) => "Guardrail masked.",
            Outcome::Blocked(_) => "Guardrail blocked.",
        }
    }
}

impl Findings<'_> {
    /// Returns `true` if a finding blocks the texts.
    fn block(&self) -> bool {
        let pii = self.pii.iter().map(|(rule, _)| rule.action);
        let regexes = self.regexes.iter().map(|(rule, _)| rule.action);
        !self.words.is_empty()
            || !self.topics.is_empty()
            || pii.chain(regexes).any(|action| action == RuleAction::Block)
    }
}

/// The parts of a text to mask. The key is the start of a part. The value is the end of the part and the name
/// of its rule. The parts do not overlap.
#[derive(Debug, Default)]
struct Masks<'a>(BTreeMap<usize, (usize, &'a str)>);

impl<'a> Masks<'a> {
    /// Adds a part. Combines the part with all parts that it overlaps, under the name of the leftmost part.
    fn add(&mut self, range: Range<usize>, name: &'a str) {
        let (mut start, mut end, mut name) = (range.start, range.end, name);
        // This loop begins with the last part that starts before `end`. The parts do not overlap, so all
        // earlier parts also end earlier.
        while let Some((&before, &(before_end, before_name))) = self.0.range(..end).next_back() {
            if before_end <= start {
                break;
            }
            self.0.remove(&before);
            if before <= start {
                (start, name) = (before, before_name);
            }
            end = end.max(before_end);
        }
        self.0.insert(start, (end, name));
    }

    /// Replaces each part with the name of its rule in braces.
    fn apply(self, text: &str) -> String {
        let mut masked = String::with_capacity(text.len());
        let mut end = 0;
        for (start, (next, name)) in self.0 {
            masked.push_str(&text[end..start]);
            masked.push_str(&format!("{{{name}}}"));
            end = next;
        }
        masked.push_str(&text[end..]);
        masked
    }
}
