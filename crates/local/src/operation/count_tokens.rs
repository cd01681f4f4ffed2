//! `CountTokens`.
//!
//! The result equals the number of input tokens of a later call with the same input. If the input has cache
//! points, the usage of the later call counts cached tokens and other tokens separately.

use invoke_model_types::{
    CountTokens, CountTokensInput, CountTokensInputShape, CountTokensOutput, InvokeModelTokensRequest,
};

use super::{CallContext, OperationHandler, Reply, validation};
use crate::conversation::{Conversation, int, text_model};
use crate::families::{self, Family, Model};
use crate::service_error::ServiceError;

/// A handler that returns the number of input tokens of a request.
pub(super) struct CountTokensHandler;

impl OperationHandler for CountTokensHandler {
    type Operation = CountTokens;

    const IS_BILLED: bool = false;

    fn handle(call: &CallContext<'_>, input: CountTokensInput) -> Result<Reply<CountTokens>, ServiceError> {
        let model = text_model(call, &input.model_id)?;
        // The service counts the tokens of Claude models only. It also rejects the ids of inference profiles.
        if model.family != Family::Anthropic || model.id != input.model_id {
            return Err(ServiceError::validation("The provided model doesn't support counting tokens."));
        }
        let tokens = match input.input {
            CountTokensInputShape::InvokeModel(request) => body_tokens(&model, &request)?,
            CountTokensInputShape::Converse(request) => {
                let conversation = Conversation::from(request);
                conversation.check(&model)?;
                conversation.prompt(&model).tokens
            }
            _ => {
                return Err(ServiceError::validation(
                    "The input field has no known member: set `invokeModel` or `converse`",
                ));
            }
        };
        Ok(Reply::new(CountTokensOutput::new(int(tokens))))
    }
}

fn body_tokens(model: &Model, request: &InvokeModelTokensRequest) -> Result<u64, ServiceError> {
    let body = validation::parse_body(&request.body)?;
    Ok(families::respond(model.id, &body)?.input_tokens)
}
