//! Guardrails that evaluate texts by the policies of a guardrail file.
//!
//! `ApplyGuardrail`, `InvokeModel`, `Converse` and their streams share this module. All functions are pure.
//!
//! | module | |
//! |---|---|
//! | `file` | the JSON format of guardrail files |
//! | `policy` | the policies of a guardrail |
//! | `detect` | detectors for words, keywords and personal data |
//! | `content` | the texts to evaluate |
//! | `evaluation` | the result: pass, mask or block |
//! | `assessment` | the findings in the form of the API |
//! | `trace` | the evaluation of the input and the output of a model |
//!
//! The content filters of the service use a model. The endpoint does not simulate these filters in
//! guardrails.
//!
//! <https://docs.aws.amazon.com/bedrock/latest/userguide/guardrails-use-independent-api.html>

mod assessment;
mod content;
mod detect;
mod evaluation;
mod file;
mod policy;
mod trace;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use invoke_model_types::ResourceNotFoundException;

use crate::service_error::ServiceError;

pub(crate) use content::{Content, text_units};
pub(crate) use detect::{Pii, contains_word};
pub(crate) use evaluation::{Evaluation, Outcome, Scope, Source};
pub use file::{GuardrailFile, GuardrailFileError};
pub(crate) use policy::Guardrail;
pub(crate) use trace::{CallTrace, GuardedCall};

/// The guardrails of an endpoint.
#[derive(Debug, Default)]
pub(crate) struct Guardrails {
    guardrails: Vec<Arc<Guardrail>>,
    /// The keywords of the categories of `InvokeGuardrailChecks`.
    pub(crate) checks: Vec<CheckKeywords>,
}

/// The keywords of a category of `InvokeGuardrailChecks`.
#[derive(Clone, Debug)]
pub(crate) struct CheckKeywords {
    pub(crate) category: String,
    pub(crate) keywords: Vec<String>,
}

/// The error of an identifier or a version that no guardrail has.
#[derive(Debug)]
pub(crate) struct UnknownGuardrail(String);

impl Guardrails {
    /// Finds a guardrail by its id or ARN, and by its version.
    pub(crate) fn find(
        &self,
        identifier: &str,
        version: &str,
        region: &str,
    ) -> Result<Arc<Guardrail>, UnknownGuardrail> {
        let arn = identifier.strip_prefix("arn:").map(|rest| rest.split(':').collect::<Vec<_>>());
        // The service looks for a guardrail only in the region of the call.
        let is_here = arn.as_ref().is_none_or(|arn| arn.get(2) == Some(&region));
        let id = arn.map_or(identifier, |_| identifier.rsplit('/').next().unwrap_or_default());
        let found = self.guardrails.iter().find(|found| found.id == id && found.version == version);
        found.filter(|_| is_here).cloned().ok_or_else(|| self.unknown())
    }

    fn unknown(&self) -> UnknownGuardrail {
        let names: Vec<_> =
            self.guardrails.iter().map(|found| format!("{}:{}", found.id, found.version)).collect();
        let hint = if names.is_empty() {
            "The local endpoint has no guardrails: start it with a guardrail file.".to_owned()
        } else {
            format!("The local endpoint has the guardrails {}.", names.join(", "))
        };
        // The first sentence is the message of the service.
        UnknownGuardrail(format!(
            "The guardrail identifier or version provided in the request does not exist. {hint}"
        ))
    }
}

impl From<GuardrailFile> for Guardrails {
    fn from(file: GuardrailFile) -> Self {
        let guardrails = file.guardrails.into_iter().map(Arc::new).collect();
        Self { guardrails, checks: file.checks }
    }
}

impl UnknownGuardrail {
    /// Returns the error of `ApplyGuardrail`.
    pub(crate) fn not_found(self) -> ResourceNotFoundException {
        let mut error = ResourceNotFoundException::default();
        error.message = Some(self.0);
        error
    }

    /// Returns the error of calls of a model.
    pub(crate) fn invalid(self) -> ServiceError {
        ServiceError::validation(self.0)
    }
}
