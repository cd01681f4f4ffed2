//! The evaluation of the input and the output of a model.

use std::sync::Arc;

use invoke_model_types::GuardrailAssessment;

use super::content::Content;
use super::evaluation::{Evaluation, Outcome, Scope, Source};
use super::policy::Guardrail;

/// A model call with a guardrail.
#[derive(Debug)]
pub(crate) struct GuardedCall<'a> {
    guardrail: Arc<Guardrail>,
    /// The scope of the trace, if the request asks for a trace.
    scope: Option<Scope>,
    region: &'a str,
    trace: CallTrace,
}

/// The assessments of a call.
#[derive(Clone, Debug, Default)]
pub(crate) struct CallTrace {
    /// The id of the guardrail.
    pub(crate) id: String,
    pub(crate) input: Option<GuardrailAssessment>,
    pub(crate) output: Option<GuardrailAssessment>,
    /// The output of the model before the guardrail changed it.
    pub(crate) model_output: Vec<String>,
    /// The reason for the outcome of the input. If the output has a different reason, this reason follows on
    /// a new line.
    pub(crate) action_reason: String,
}

impl<'a> GuardedCall<'a> {
    pub(crate) fn new(guardrail: Arc<Guardrail>, scope: Option<Scope>, region: &'a str) -> Self {
        let trace = CallTrace { id: guardrail.id.clone(), ..CallTrace::default() };
        Self { guardrail, scope, region, trace }
    }

    /// Evaluates the input. If the input is blocked, returns the message that replaces the response.
    ///
    /// The service does not mask the input of a model, so rules with the action `ANONYMIZE` do not apply.
    pub(crate) fn check_input(&mut self, content: &Content) -> Option<String> {
        let evaluation = self.evaluate(content, Source::Input, false);
        self.trace.action_reason = evaluation.action_reason().to_owned();
        self.trace.input = Some(evaluation.assessment);
        match evaluation.outcome {
            Outcome::Blocked(message) => Some(message),
            Outcome::Pass | Outcome::Masked(_) => None,
        }
    }

    /// Evaluates the output. Returns the effect of the guardrail on its texts.
    pub(crate) fn check_output(&mut self, texts: Vec<String>) -> Outcome {
        let content = Content::guarded(texts);
        let evaluation = self.evaluate(&content, Source::Output, true);
        let reason = evaluation.action_reason();
        if self.trace.action_reason != reason {
            self.trace.action_reason = format!("{}\n{reason}", self.trace.action_reason);
        }
        if evaluation.outcome != Outcome::Pass {
            self.trace.model_output = content.texts.into_iter().map(|text| text.text).collect();
        }
        self.trace.output = Some(evaluation.assessment);
        evaluation.outcome
    }

    /// Returns the trace, if the request asks for it.
    pub(crate) fn into_trace(self) -> Option<CallTrace> {
        self.scope.map(|_| self.trace)
    }

    fn evaluate(&self, content: &Content, source: Source, masks: bool) -> Evaluation {
        let scope = self.scope.unwrap_or(Scope::Interventions);
        Evaluation::new(&self.guardrail, content, source, scope, masks, self.region)
    }
}
