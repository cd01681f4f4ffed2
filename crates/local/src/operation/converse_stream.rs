//! `ConverseStream`.

use invoke_model_types::{
    ConverseStream, ConverseStreamInput, ConverseStreamMetadataEvent, ConverseStreamMetrics,
    ConverseStreamOutput, ConverseStreamTrace, InvokeModelWithResponseStream, Operation,
};

use super::{CallContext, OperationHandler, Reply};
use crate::conversation::{Conversation, EventWriter, Exchange};
use crate::service_error::ServiceError;

/// A handler that returns the response of a model as events, in the schema that all models share.
pub(super) struct ConverseStreamHandler;

impl OperationHandler for ConverseStreamHandler {
    type Operation = ConverseStream;

    const ACTION: &'static str = InvokeModelWithResponseStream::NAME;

    const IS_STREAMING: bool = true;

    const GENERATES_TEXT: bool = true;

    fn handle(
        call: &CallContext<'_>,
        input: ConverseStreamInput,
    ) -> Result<Reply<ConverseStream>, ServiceError> {
        let conversation = Conversation::from(&input);
        let guardrail = input.guardrail_config.map(Into::into).unwrap_or_default();
        let paths = input.additional_model_response_field_paths.unwrap_or_default();
        let exchange = Exchange::new(call, &input.model_id, &conversation, &guardrail, &paths)?;
        let Exchange { answer, usage, tokens, guarded_input, guardrail, fields, parts, stream_fault } =
            exchange;
        let mut metadata = ConverseStreamMetadataEvent::new(usage, ConverseStreamMetrics::new(0));
        metadata.trace = guardrail.map(|guardrail| {
            let mut trace = ConverseStreamTrace::default();
            trace.guardrail = Some(guardrail);
            trace
        });
        metadata.performance_config = input.performance_config;
        metadata.service_tier = input.service_tier;
        let mut writer = EventWriter::new(fields, metadata, parts.is_some());
        let output = ConverseStreamOutput::default();
        let reply = match parts {
            None => {
                let parts = answer.into_parts(tokens.input_tokens);
                Reply::stream(output, parts.flat_map(move |part| writer.write(part)))
            }
            Some(parts) => Reply::parts(output, parts, move |part| Ok(writer.write(part))),
        };
        Ok(reply.with_usage(tokens).with_guarded_input(guarded_input).with_stream_fault(stream_fault))
    }
}
