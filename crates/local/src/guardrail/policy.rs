//! The policies of a guardrail.

use invoke_model_types::AppliedGuardrailDetails;
use regex_lite::Regex;
use serde::Deserialize;

use super::detect::Pii;
use crate::access_policy::ACCOUNT;

/// One version of a guardrail.
#[derive(Clone, Debug)]
pub(crate) struct Guardrail {
    pub(crate) id: String,
    pub(crate) version: String,
    /// Words and phrases that block a text.
    pub(crate) words: Vec<String>,
    pub(crate) topics: Vec<Topic>,
    pub(crate) pii: Vec<PiiRule>,
    pub(crate) regexes: Vec<RegexRule>,
    /// The text that replaces a blocked input.
    pub(crate) blocked_input: String,
    /// The text that replaces a blocked output.
    pub(crate) blocked_output: String,
}

/// A denied topic. A text is about the topic if it contains a keyword.
#[derive(Clone, Debug)]
pub(crate) struct Topic {
    pub(crate) name: String,
    pub(crate) keywords: Vec<String>,
}

/// A rule for a type of personal data.
#[derive(Clone, Debug)]
pub(crate) struct PiiRule {
    pub(crate) detector: &'static Pii,
    pub(crate) action: RuleAction,
}

/// A rule for the matches of a regular expression.
#[derive(Clone, Debug)]
pub(crate) struct RegexRule {
    pub(crate) name: String,
    pub(crate) regex: Regex,
    pub(crate) action: RuleAction,
}

/// The action of a rule for sensitive information.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum RuleAction {
    /// The complete text is blocked.
    Block,
    /// Each match is replaced with the name of the rule in braces.
    Anonymize,
}

impl Guardrail {
    /// Returns the description of the guardrail in an assessment.
    pub(super) fn details(&self, region: &str) -> AppliedGuardrailDetails {
        let mut details = AppliedGuardrailDetails::default();
        details.guardrail_id = Some(self.id.clone());
        details.guardrail_version = Some(self.version.clone());
        details.guardrail_arn = Some(format!("arn:aws:bedrock:{region}:{ACCOUNT}:guardrail/{}", self.id));
        details.guardrail_origin = Some(vec!["REQUEST".into()]);
        details.guardrail_ownership = Some("SELF".into());
        details
    }
}
