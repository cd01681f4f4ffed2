//! The common part of `InvokeModel` and `InvokeModelWithResponseStream`.

use bytes::Bytes;
use invoke_model_types::{InvokeModelInput, InvokeModelWithResponseStreamInput};
use serde_json::Value;

use super::call_context::CallContext;
use super::validation;
use crate::error_model;
use crate::families::DEFAULT_TEXT_MODEL;
use crate::service_error::ServiceError;
use crate::stream::PlannedStreamFault;

/// The members that the endpoint validates in the input of either operation.
#[derive(Debug)]
pub(super) struct Invocation {
    pub(super) is_streaming: bool,
    pub(super) model_id: String,
    pub(super) body: Bytes,
    pub(super) content_type: Option<String>,
    pub(super) accept: Option<String>,
    pub(super) guardrail_identifier: Option<String>,
    pub(super) guardrail_version: Option<String>,
}

/// A validated invocation, with the id of the model that responds to it.
pub(super) struct ModelRequest {
    pub(super) model_id: &'static str,
    pub(super) body: Value,
    pub(super) stream_fault: Option<PlannedStreamFault>,
}

impl Invocation {
    /// Validates an invocation, resolves its model and checks the access policy.
    pub(super) fn admit(self, call: &CallContext<'_>) -> Result<ModelRequest, ServiceError> {
        let body = validation::check(&self)?;
        if self.model_id == error_model::ERROR_MODEL_ID {
            let fault = error_model::stream_fault(self.is_streaming, &body)?;
            return Ok(ModelRequest {
                model_id: DEFAULT_TEXT_MODEL,
                body: error_model::conversation(),
                stream_fault: Some(fault),
            });
        }
        let model = call.model(&self.model_id)?;
        Ok(ModelRequest { model_id: model.id, body, stream_fault: None })
    }
}

impl From<InvokeModelInput> for Invocation {
    fn from(input: InvokeModelInput) -> Self {
        Self {
            is_streaming: false,
            model_id: input.model_id,
            body: input.body.unwrap_or_default(),
            content_type: input.content_type,
            accept: input.accept,
            guardrail_identifier: input.guardrail_identifier,
            guardrail_version: input.guardrail_version,
        }
    }
}

impl From<InvokeModelWithResponseStreamInput> for Invocation {
    fn from(input: InvokeModelWithResponseStreamInput) -> Self {
        Self {
            is_streaming: true,
            model_id: input.model_id,
            body: input.body.unwrap_or_default(),
            content_type: input.content_type,
            accept: input.accept,
            guardrail_identifier: input.guardrail_identifier,
            guardrail_version: input.guardrail_version,
        }
    }
}
