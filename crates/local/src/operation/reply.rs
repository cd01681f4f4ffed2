//! The response of a handler.

use bytes::Bytes;
use http::Response;
use invoke_model_protocol::{Operation, OutputEventStream, SerializeError, ServerOperation};

use crate::conversation::{Part, PartReceiver};
use crate::handler::set_header;
use crate::prompt_cache::CachedTokens;
use crate::service_error::ServiceError;
use crate::stream::{Events, Latency, PlannedStreamFault};

/// The tokens of a call, for the log and for the quotas.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TokenUsage {
    /// The id of the base model.
    pub(crate) model_id: &'static str,
    /// The input tokens without the tokens that were read from or written to the prompt cache.
    pub(crate) input_tokens: u64,
    /// The tokens that were read from or written to the prompt cache, or `None` if the response does not have these
    /// counts.
    pub(crate) cached: Option<CachedTokens>,
    pub(crate) output_tokens: u64,
    /// The maximum number of output tokens that the request allows.
    pub(crate) max_tokens: u64,
}

/// The result of a guardrail for the input of a call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum GuardedInput {
    /// The call has no guardrail.
    #[default]
    Unguarded,
    /// The model may run. The guardrail then evaluates the complete output.
    Passed,
    /// The model does not run.
    Blocked,
}

/// The response of a handler: an output, and the events that follow it.
pub(crate) struct Reply<O: Operation> {
    output: O::Output,
    parts: ReplyParts,
}

/// The parts of a response that do not depend on the operation.
#[derive(Default)]
struct ReplyParts {
    events: Option<Events>,
    stream_fault: Option<PlannedStreamFault>,
    usage: Option<TokenUsage>,
    is_bidirectional: bool,
    guarded_input: GuardedInput,
    headers: Vec<(&'static str, String)>,
}

/// A response without the type of its operation.
pub(crate) struct SerializedReply {
    pub(crate) head: Response<Bytes>,
    /// The events, if the response is a stream.
    pub(crate) events: Option<Events>,
    /// A fault that the request itself asks for.
    pub(crate) stream_fault: Option<PlannedStreamFault>,
    /// The tokens of the call, if the operation uses tokens.
    pub(crate) usage: Option<TokenUsage>,
    /// `true` if the events of the response depend on the events of the request.
    pub(crate) is_bidirectional: bool,
    /// The result of the guardrail for the input.
    pub(crate) guarded_input: GuardedInput,
}

impl<O: ServerOperation> Reply<O> {
    /// Returns a response with an output and without events.
    pub(crate) fn new(output: O::Output) -> Self {
        Self { output, parts: ReplyParts::default() }
    }

    /// Returns a response with an output and events. Each item of `events` is a function that returns an
    /// event when the event is sent.
    pub(crate) fn stream<F>(output: O::Output, events: impl Iterator<Item = F> + Send + 'static) -> Self
    where
        O: OutputEventStream,
        F: FnOnce(Latency) -> O::Events + Send + 'static,
    {
        Self { output, parts: ReplyParts { events: Some(Events::new(events)), ..ReplyParts::default() } }
    }

    /// Returns a response whose events depend on the events of the request.
    pub(crate) fn bidirectional(output: O::Output) -> Self {
        Self { output, parts: ReplyParts { is_bidirectional: true, ..ReplyParts::default() } }
    }

    /// Returns a response with an output, and the events for parts that an upstream generates.
    pub(crate) fn parts<F>(
        output: O::Output,
        parts: PartReceiver,
        mut write: impl FnMut(Part) -> Result<Vec<F>, ServiceError> + Send + 'static,
    ) -> Self
    where
        O: OutputEventStream,
        F: FnOnce(Latency) -> O::Events + Send + 'static,
    {
        let events = Events::received(parts, move |part| {
            let events = write(part)?;
            Ok(events.into_iter().map(Events::pending).collect())
        });
        Self { output, parts: ReplyParts { events: Some(events), ..ReplyParts::default() } }
    }

    /// Sets the tokens of the call. The quotas apply only to calls whose tokens are set.
    pub(crate) fn with_usage(mut self, usage: TokenUsage) -> Self {
        self.parts.usage = Some(usage);
        self
    }

    /// Sets the result of the guardrail for the input.
    pub(crate) fn with_guarded_input(mut self, guarded_input: GuardedInput) -> Self {
        self.parts.guarded_input = guarded_input;
        self
    }

    /// Adds a header that the Smithy model does not define.
    pub(crate) fn with_header(mut self, name: &'static str, value: impl ToString) -> Self {
        self.parts.headers.push((name, value.to_string()));
        self
    }

    /// Sets a fault of the stream that the request itself asks for.
    pub(crate) fn with_stream_fault(mut self, fault: Option<PlannedStreamFault>) -> Self {
        self.parts.stream_fault = fault;
        self
    }

    pub(super) fn serialize(self) -> Result<SerializedReply, SerializeError> {
        let Self { output, parts } = self;
        let ReplyParts { events, stream_fault, usage, is_bidirectional, guarded_input, headers } = parts;
        let mut head = O::serialize_response(output)?;
        for (name, value) in headers {
            set_header(head.headers_mut(), name, &value);
        }
        Ok(SerializedReply { head, events, stream_fault, usage, is_bidirectional, guarded_input })
    }
}
