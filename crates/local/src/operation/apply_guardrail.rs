//! `ApplyGuardrail`.

use invoke_model_types::{
    ApplyGuardrail, ApplyGuardrailInput, ApplyGuardrailOutput, GuardrailAction, GuardrailContentBlock,
    GuardrailContentQualifier, GuardrailContentSource, GuardrailOutputContent, GuardrailOutputScope,
};

use super::{CallContext, OperationHandler, Reply};
use crate::guardrail::{Content, Evaluation, Outcome, Scope, Source};
use crate::service_error::ServiceError;

/// A handler that evaluates texts by the policies of a guardrail.
pub(super) struct ApplyGuardrailHandler;

impl OperationHandler for ApplyGuardrailHandler {
    type Operation = ApplyGuardrail;

    fn handle(
        call: &CallContext<'_>,
        input: ApplyGuardrailInput,
    ) -> Result<Reply<ApplyGuardrail>, ServiceError> {
        let (identifier, version) = (&input.guardrail_identifier, &input.guardrail_version);
        let found = call.state.guardrails.find(identifier, version, call.region);
        let guardrail = found.map_err(|unknown| unknown.not_found())?;
        let content = content(&input.content)?;
        let is_input = input.source == GuardrailContentSource::INPUT;
        let source = if is_input { Source::Input } else { Source::Output };
        let is_full = input.output_scope == Some(GuardrailOutputScope::FULL);
        let scope = if is_full { Scope::Full } else { Scope::Interventions };
        let evaluation = Evaluation::new(&guardrail, &content, source, scope, true, call.region);
        let reason = evaluation.action_reason();
        let (action, outputs) = match evaluation.outcome {
            Outcome::Pass => (GuardrailAction::NONE, Vec::new()),
            Outcome::Masked(texts) => (GuardrailAction::GUARDRAIL_INTERVENED, texts),
            Outcome::Blocked(message) => (GuardrailAction::GUARDRAIL_INTERVENED, vec![message]),
        };
        let outputs = outputs.into_iter().map(|text| {
            let mut output = GuardrailOutputContent::default();
            output.text = Some(text);
            output
        });
        let metrics = evaluation.assessment.invocation_metrics.clone().unwrap_or_default();
        let assessments = vec![evaluation.assessment];
        let mut output = ApplyGuardrailOutput::new(evaluation.usage, action, outputs.collect(), assessments);
        output.action_reason = Some(reason.to_owned());
        output.guardrail_coverage = metrics.guardrail_coverage;
        Ok(Reply::new(output))
    }
}

/// Returns the texts of the request. If a text has qualifiers but not `guard_content`, the text is only a
/// reference for the contextual grounding policy. The endpoint does not have this policy, so it does not
/// evaluate such a text.
fn content(blocks: &[GuardrailContentBlock]) -> Result<Content, ServiceError> {
    if blocks.is_empty() {
        return Err(ServiceError::validation("The content is empty. Add at least one text and try again."));
    }
    let mut content = Content::default();
    for block in blocks {
        match block {
            GuardrailContentBlock::Text(text) => {
                let qualifiers = text.qualifiers.as_deref().unwrap_or_default();
                let is_guarded =
                    qualifiers.is_empty() || qualifiers.contains(&GuardrailContentQualifier::GUARD_CONTENT);
                content.push(&text.text, is_guarded);
            }
            GuardrailContentBlock::Image(_) => content.images += 1,
            _ => {
                return Err(ServiceError::validation(
                    "A block of the content has no member that the service knows: set `text` or `image`",
                ));
            }
        }
    }
    Ok(content)
}
