//! The guardrail of a conversation.
//!
//! The endpoint has no guardrail policies, so a guardrail never intervenes. If the request asks for a trace,
//! the response contains an assessment without findings.

use std::collections::BTreeMap;

use invoke_model_types::{
    ContentBlock, ConversationRole, GuardrailAssessment, GuardrailConfiguration, GuardrailCoverage,
    GuardrailInvocationMetrics, GuardrailStreamConfiguration, GuardrailTextCharactersCoverage,
    GuardrailTrace, GuardrailTraceAssessment, GuardrailUsage,
};

use super::{Conversation, invalid};
use crate::service_error::ServiceError;

/// The guardrail that a request names.
#[derive(Clone, Debug, Default)]
pub(crate) struct GuardrailRequest {
    identifier: Option<String>,
    version: Option<String>,
    trace: Option<GuardrailTrace>,
}

impl GuardrailRequest {
    /// Checks that the request has both the identifier and the version of the guardrail, or neither.
    pub(super) fn check(&self) -> Result<(), ServiceError> {
        match (self.identifier.as_deref().unwrap_or_default(), self.version.as_deref().unwrap_or_default()) {
            ("", "") if self.trace.is_none() => Ok(()),
            ("", _) => Err(invalid(
                "The guardrailConfig.guardrailIdentifier field is empty. Add the identifier of a guardrail and try \
                 again.",
            )),
            (_, "") => Err(invalid(
                "The guardrailConfig.guardrailVersion field is empty. Add the version of the guardrail and try \
                 again.",
            )),
            _ => Ok(()),
        }
    }

    /// Returns the trace of the guardrail, if the request asks for a trace.
    pub(super) fn trace(&self, conversation: &Conversation) -> Option<GuardrailTraceAssessment> {
        let identifier = self.identifier.clone()?;
        if self.trace.as_ref().is_none_or(|trace| *trace == GuardrailTrace::DISABLED) {
            return None;
        }
        let mut trace = GuardrailTraceAssessment::default();
        trace.input_assessment = Some(BTreeMap::from([(identifier, assessment(characters(conversation)))]));
        trace.action_reason = Some("No action.".to_owned());
        Some(trace)
    }
}

impl From<GuardrailConfiguration> for GuardrailRequest {
    fn from(configuration: GuardrailConfiguration) -> Self {
        Self {
            identifier: configuration.guardrail_identifier,
            version: configuration.guardrail_version,
            trace: configuration.trace,
        }
    }
}

impl From<GuardrailStreamConfiguration> for GuardrailRequest {
    fn from(configuration: GuardrailStreamConfiguration) -> Self {
        Self {
            identifier: configuration.guardrail_identifier,
            version: configuration.guardrail_version,
            trace: configuration.trace,
        }
    }
}

/// Returns the assessment of a guardrail without policies.
fn assessment(characters: usize) -> GuardrailAssessment {
    let characters = i32::try_from(characters).unwrap_or(i32::MAX);
    let mut text = GuardrailTextCharactersCoverage::default();
    (text.guarded, text.total) = (Some(characters), Some(characters));
    let mut coverage = GuardrailCoverage::default();
    coverage.text_characters = Some(text);
    let mut metrics = GuardrailInvocationMetrics::default();
    metrics.guardrail_processing_latency = Some(0);
    metrics.usage = Some(GuardrailUsage::new(0, 0, 0, 0, 0, 0));
    metrics.guardrail_coverage = Some(coverage);
    let mut assessment = GuardrailAssessment::default();
    assessment.invocation_metrics = Some(metrics);
    assessment
}

/// Returns the number of characters in the messages of the user.
fn characters(conversation: &Conversation) -> usize {
    let of_user = conversation.messages.iter().filter(|message| message.role == ConversationRole::USER);
    let texts = of_user.flat_map(|message| &message.content).filter_map(|block| match block {
        ContentBlock::Text(text) => Some(text.chars().count()),
        _ => None,
    });
    texts.sum()
}
