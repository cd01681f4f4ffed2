//! The guardrail of a conversation.
//!
//! The guardrail evaluates the texts of the user, and then the texts of the answer. If the conversation has
//! blocks of the type `guardContent`, the guardrail evaluates only these blocks:
//! <https://docs.aws.amazon.com/bedrock/latest/userguide/guardrails-use-converse-api.html>
//!
//! `streamProcessingMode` has no effect: a stream begins when the evaluation is complete.

use std::collections::BTreeMap;

use invoke_model_types::{
    ContentBlock, ConversationRole, GuardrailConfiguration, GuardrailConverseContentBlock,
    GuardrailConverseContentQualifier, GuardrailStreamConfiguration, GuardrailTrace,
    GuardrailTraceAssessment, StopReason, SystemContentBlock,
};

use super::answer::{Answer, Block};
use super::{Conversation, invalid};
use crate::guardrail::{CallTrace, Content, GuardedCall, Outcome, Scope};
use crate::operation::CallContext;
use crate::service_error::ServiceError;

/// The guardrail that a request names.
#[derive(Clone, Debug, Default)]
pub(crate) struct GuardrailRequest {
    identifier: Option<String>,
    version: Option<String>,
    trace: Option<GuardrailTrace>,
}

impl GuardrailRequest {
    /// Finds the guardrail. Checks that the request has both the identifier and the version of the guardrail,
    /// or neither.
    pub(super) fn find<'a>(&self, call: &CallContext<'a>) -> Result<Option<GuardedCall<'a>>, ServiceError> {
        match (self.identifier.as_deref().unwrap_or_default(), self.version.as_deref().unwrap_or_default()) {
            ("", "") if self.trace.is_none() => Ok(None),
            ("", _) => Err(invalid(
                "The guardrailConfig.guardrailIdentifier field is empty. Add the identifier of a guardrail and try \
                 again.",
            )),
            (_, "") => Err(invalid(
                "The guardrailConfig.guardrailVersion field is empty. Add the version of the guardrail and try \
                 again.",
            )),
            (identifier, version) => call.guarded_call(identifier, version, self.scope()).map(Some),
        }
    }

    fn scope(&self) -> Option<Scope> {
        match &self.trace {
            Some(trace) if *trace == GuardrailTrace::ENABLED => Some(Scope::Interventions),
            Some(trace) if *trace == GuardrailTrace::ENABLED_FULL => Some(Scope::Full),
            _ => None,
        }
    }
}

/// Implements the conversion from the guardrail of an operation. Both structures have these members.
macro_rules! guardrail_request_from {
    ($($configuration:ident),* $(,)?) => {
        $(impl From<$configuration> for GuardrailRequest {
            fn from(configuration: $configuration) -> Self {
                Self {
                    identifier: configuration.guardrail_identifier,
                    version: configuration.guardrail_version,
                    trace: configuration.trace,
                }
            }
        })*
    };
}

guardrail_request_from!(GuardrailConfiguration, GuardrailStreamConfiguration);

/// Evaluates the texts of an answer, and masks or replaces them.
pub(super) fn check_output(call: &mut GuardedCall<'_>, answer: &mut Answer) {
    let texts = answer.blocks.iter().filter_map(|block| match block {
        Block::Text(text) => Some(text.clone()),
        _ => None,
    });
    match call.check_output(texts.collect()) {
        Outcome::Pass => {}
        Outcome::Masked(texts) => {
            let mut texts = texts.into_iter();
            for block in &mut answer.blocks {
                if let Block::Text(text) = block {
                    *text = texts.next().unwrap_or_default();
                }
            }
            answer.stop_reason = StopReason::GUARDRAIL_INTERVENED;
        }
        Outcome::Blocked(message) => {
            answer.blocks = vec![Block::Text(message)];
            answer.stop_reason = StopReason::GUARDRAIL_INTERVENED;
        }
    }
}

/// Returns the trace in the form of the API.
pub(super) fn trace(trace: CallTrace) -> GuardrailTraceAssessment {
    let mut assessment = GuardrailTraceAssessment::default();
    assessment.action_reason = Some(trace.action_reason);
    assessment.input_assessment = trace.input.map(|input| BTreeMap::from([(trace.id.clone(), input)]));
    if let Some(output) = trace.output {
        assessment.output_assessments = Some(BTreeMap::from([(trace.id, vec![output])]));
        assessment.model_output = Some(trace.model_output);
    }
    assessment
}

/// Returns the texts of the user, and the `guardContent` blocks of the system prompt.
pub(super) fn content(conversation: &Conversation) -> Content {
    let of_user = conversation.messages.iter().filter(|message| message.role == ConversationRole::USER);
    let blocks: Vec<_> = of_user.flat_map(|message| &message.content).collect();
    let of_system = conversation.system.iter().filter_map(|block| match block {
        SystemContentBlock::GuardContent(guarded) => Some(guarded),
        _ => None,
    });
    let of_system: Vec<_> = of_system.collect();
    let is_selective =
        !of_system.is_empty() || blocks.iter().any(|block| matches!(block, ContentBlock::GuardContent(_)));
    let mut content = Content::default();
    of_system.into_iter().for_each(|guarded| push(&mut content, guarded));
    for block in blocks {
        match block {
            ContentBlock::Text(text) => content.push(text, !is_selective),
            ContentBlock::Image(_) => content.images += 1,
            ContentBlock::GuardContent(guarded) => push(&mut content, guarded),
            _ => {}
        }
    }
    content
}

fn push(content: &mut Content, guarded: &GuardrailConverseContentBlock) {
    match guarded {
        GuardrailConverseContentBlock::Text(text) => {
            let qualifiers = text.qualifiers.as_deref().unwrap_or_default();
            let guard_content = GuardrailConverseContentQualifier::GUARD_CONTENT;
            content.push(&text.text, qualifiers.is_empty() || qualifiers.contains(&guard_content));
        }
        GuardrailConverseContentBlock::Image(_) => content.images += 1,
        _ => {}
    }
}
