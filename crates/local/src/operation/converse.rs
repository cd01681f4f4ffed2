//! `Converse`.

use invoke_model_types::{
    ConversationRole, Converse, ConverseInput, ConverseMetrics, ConverseOutput, ConverseOutputShape,
    ConverseTrace, InvokeModel, Message, Operation,
};

use super::{CallContext, OperationHandler, Reply};
use crate::conversation::{Conversation, Exchange};
use crate::service_error::ServiceError;

/// A handler that returns the response of a model in the schema that all models share.
pub(super) struct ConverseHandler;

impl OperationHandler for ConverseHandler {
    type Operation = Converse;

    const ACTION: &'static str = InvokeModel::NAME;

    const GENERATES_TEXT: bool = true;

    fn handle(call: &CallContext<'_>, input: ConverseInput) -> Result<Reply<Converse>, ServiceError> {
        let conversation = Conversation::from(&input);
        let guardrail = input.guardrail_config.map(Into::into).unwrap_or_default();
        let paths = input.additional_model_response_field_paths.unwrap_or_default();
        let exchange = Exchange::new(call, &input.model_id, &conversation, &guardrail, &paths)?;
        let Exchange { answer, usage, tokens, guarded_input, guardrail, fields, .. } = exchange;
        let content = answer.blocks.into_iter().map(Into::into).collect();
        let message = ConverseOutputShape::Message(Message::new(ConversationRole::ASSISTANT, content));
        let metrics = ConverseMetrics::new(call.latency_ms());
        let mut output = ConverseOutput::new(message, answer.stop_reason, usage, metrics);
        output.additional_model_response_fields = fields;
        output.trace = guardrail.map(|guardrail| {
            let mut trace = ConverseTrace::default();
            trace.guardrail = Some(guardrail);
            trace
        });
        output.performance_config = input.performance_config;
        output.service_tier = input.service_tier;
        Ok(Reply::new(output).with_usage(tokens).with_guarded_input(guarded_input))
    }
}
