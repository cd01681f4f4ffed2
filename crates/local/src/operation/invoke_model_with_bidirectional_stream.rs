//! `InvokeModelWithBidirectionalStream`.

use invoke_model_families::base_model_id;
use invoke_model_types::{
    InvokeModelWithBidirectionalStream, InvokeModelWithBidirectionalStreamInput,
    InvokeModelWithBidirectionalStreamOutput,
};

use super::call_context::check_region;
use super::{CallContext, OperationHandler, Reply};
use crate::families;
use crate::service_error::ServiceError;
use crate::sonic;

/// A handler that begins a conversation with a model. The module `bidirectional` sends and receives the
/// events.
pub(super) struct InvokeModelWithBidirectionalStreamHandler;

impl OperationHandler for InvokeModelWithBidirectionalStreamHandler {
    type Operation = InvokeModelWithBidirectionalStream;

    fn handle(
        call: &CallContext<'_>,
        input: InvokeModelWithBidirectionalStreamInput,
    ) -> Result<Reply<InvokeModelWithBidirectionalStream>, ServiceError> {
        let model_id = input.model_id.as_str();
        check_region(model_id, call.region)?;
        let base = base_model_id(model_id).unwrap_or(model_id);
        if !sonic::MODELS.contains(&base) {
            return Err(match families::resolve(model_id)? {
                None => ServiceError::unknown_model(),
                Some(_) => ServiceError::validation(format!(
                    "The model {base} does not support bidirectional streams. The local endpoint has these models with \
                     bidirectional streams: {}",
                    sonic::MODELS.join(", ")
                )),
            });
        }
        call.state.policy.check(call.action, model_id, base, call.region)?;
        Ok(Reply::bidirectional(InvokeModelWithBidirectionalStreamOutput::default()))
    }
}
