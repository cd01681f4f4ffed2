//! The common part of `InvokeModel` and `InvokeModelWithResponseStream`.

use bytes::Bytes;
use invoke_model_types::{InvokeModelInput, InvokeModelWithResponseStreamInput, Trace};
use serde_json::Value;

use super::call_context::CallContext;
use super::{GuardedInput, guarded_body, validation};
use crate::conversation::cached_input;
use crate::error_model;
use crate::families::{DEFAULT_TEXT_MODEL, ModelModality};
use crate::guardrail::GuardedCall;
use crate::prompt_cache::CachedTokens;
use crate::service_error::ServiceError;
use crate::stream::PlannedStreamFault;

/// The members of the input that both operations have and that the endpoint uses.
#[derive(Debug)]
pub(super) struct Invocation {
    pub(super) is_streaming: bool,
    pub(super) model_id: String,
    pub(super) body: Bytes,
    pub(super) content_type: Option<String>,
    pub(super) accept: Option<String>,
    pub(super) guardrail_identifier: Option<String>,
    pub(super) guardrail_version: Option<String>,
    pub(super) trace: Option<Trace>,
}

/// A validated invocation. `model_id` is the id of the model that responds to the invocation.
pub(super) struct ModelRequest<'a> {
    pub(super) model_id: &'static str,
    pub(super) body: Value,
    pub(super) stream_fault: Option<PlannedStreamFault>,
    /// The guardrail that applies to the call. It has evaluated the input.
    pub(super) guarded: Option<GuardedCall<'a>>,
    /// The number of uncached input tokens, and the cached tokens, if the body has cache points.
    pub(super) cached: Option<(u64, CachedTokens)>,
    /// The message that replaces the response, if the guardrail blocks the input.
    pub(super) blocked: Option<String>,
}

impl ModelRequest<'_> {
    /// Returns the result of the guardrail for the input.
    pub(super) fn guarded_input(&self) -> GuardedInput {
        match (&self.guarded, &self.blocked) {
            (None, _) => GuardedInput::Unguarded,
            (Some(_), None) => GuardedInput::Passed,
            (Some(_), Some(_)) => GuardedInput::Blocked,
        }
    }
}

impl Invocation {
    /// Validates an invocation, resolves its model and checks the access policy.
    pub(super) fn admit<'a>(self, call: &CallContext<'a>) -> Result<ModelRequest<'a>, ServiceError> {
        if self.model_id == error_model::ERROR_MODEL_ID {
            let body = validation::check(&self)?;
            let fault = error_model::stream_fault(self.is_streaming, &body)?;
            return Ok(ModelRequest {
                model_id: DEFAULT_TEXT_MODEL,
                body: error_model::conversation(),
                stream_fault: Some(fault),
                guarded: None,
                cached: None,
                blocked: None,
            });
        }
        let model = call.model(&self.model_id)?;
        let body = validation::check(&self)?;
        let guarded = self.guardrail(call)?;
        // Ignore the guardrail of a model that does not generate text, because guardrails evaluate only text.
        let mut guarded = guarded.filter(|_| model.output_modality() == ModelModality::Text);
        let blocked = guarded.as_mut().and_then(|guarded| guarded.check_input(&guarded_body::input(&body)));
        // If the guardrail blocks the input, the model does not run, so the call does not use the cache.
        let cached = if blocked.is_some() { None } else { cached_input(call, &model, &body) };
        Ok(ModelRequest { model_id: model.id, body, stream_fault: None, guarded, cached, blocked })
    }

    /// Finds the guardrail that the request names.
    fn guardrail<'a>(&self, call: &CallContext<'a>) -> Result<Option<GuardedCall<'a>>, ServiceError> {
        let Some(identifier) = validation::guardrail(self) else { return Ok(None) };
        let version = self.guardrail_version.as_deref().unwrap_or_default();
        let scope = guarded_body::trace_scope(self.trace.as_ref());
        call.guarded_call(identifier, version, scope).map(Some)
    }
}

/// Implements the conversion from the input of an operation. Both inputs have the same members.
macro_rules! invocation_from {
    ($($input:ident: $is_streaming:literal),* $(,)?) => {
        $(impl From<$input> for Invocation {
            fn from(input: $input) -> Self {
                Self {
                    is_streaming: $is_streaming,
                    model_id: input.model_id,
                    body: input.body.unwrap_or_default(),
                    content_type: input.content_type,
                    accept: input.accept,
                    guardrail_identifier: input.guardrail_identifier,
                    guardrail_version: input.guardrail_version,
                    trace: input.trace,
                }
            }
        })*
    };
}

invocation_from!(InvokeModelInput: false, InvokeModelWithResponseStreamInput: true);
