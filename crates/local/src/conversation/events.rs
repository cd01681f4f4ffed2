//! The events of a streamed response.
//!
//! The order is `messageStart`; for each block `contentBlockStart`, `contentBlockDelta` events and
//! `contentBlockStop`; then `messageStop` and `metadata`. Only tool calls have a `contentBlockStart`.

use invoke_model_types::{
    ContentBlockDelta, ContentBlockDeltaEvent, ContentBlockStart, ContentBlockStartEvent,
    ContentBlockStopEvent, ConversationRole, ConverseStreamEvent, ConverseStreamMetadataEvent,
    MessageStartEvent, MessageStopEvent, ReasoningContentBlockDelta, ToolUseBlockDelta, ToolUseBlockStart,
};
use serde_json::Value;

use super::answer::{Answer, Block};
use crate::families::pieces;
use crate::stream::Latency;

/// Returns the events of a response. Each item is a function that returns an event when the event is sent.
/// `metadata` is the last event. The function of this event sets the latency.
pub(crate) fn events(
    answer: Answer,
    fields: Option<Value>,
    metadata: ConverseStreamMetadataEvent,
) -> impl Iterator<Item = impl FnOnce(Latency) -> ConverseStreamEvent + Send> + Send {
    let start = ConverseStreamEvent::MessageStart(MessageStartEvent::new(ConversationRole::ASSISTANT));
    let blocks = (0..).zip(answer.blocks).flat_map(|(index, block)| block_events(index, block));
    let mut stop = MessageStopEvent::new(answer.stop_reason);
    stop.additional_model_response_fields = fields;
    let end = [ConverseStreamEvent::MessageStop(stop), ConverseStreamEvent::Metadata(metadata)];
    std::iter::once(start).chain(blocks).chain(end).map(|mut event| {
        move |latency: Latency| {
            if let ConverseStreamEvent::Metadata(metadata) = &mut event {
                metadata.metrics.latency_ms = i64::try_from(latency.this_event).unwrap_or(i64::MAX);
            }
            event
        }
    })
}

fn block_events(index: i32, block: Block) -> Vec<ConverseStreamEvent> {
    let mut events = Vec::new();
    let deltas: Vec<ContentBlockDelta> = match block {
        Block::Text(text) => pieces(text).map(ContentBlockDelta::Text).collect(),
        Block::Reasoning { text, signature } => pieces(text)
            .map(ReasoningContentBlockDelta::Text)
            .chain(signature.map(ReasoningContentBlockDelta::Signature))
            .map(ContentBlockDelta::ReasoningContent)
            .collect(),
        Block::ToolUse(call) => {
            let mut start = ToolUseBlockStart::new(call.tool_use_id, call.name);
            start.r#type = call.r#type;
            let start = ContentBlockStart::ToolUse(start);
            events.push(ConverseStreamEvent::ContentBlockStart(ContentBlockStartEvent::new(start, index)));
            // The first piece is empty, as in streams of the service.
            std::iter::once(String::new())
                .chain(pieces(call.input.to_string()))
                .map(|input| ContentBlockDelta::ToolUse(ToolUseBlockDelta::new(input)))
                .collect()
        }
    };
    events.extend(
        deltas
            .into_iter()
            .map(|delta| ConverseStreamEvent::ContentBlockDelta(ContentBlockDeltaEvent::new(delta, index))),
    );
    events.push(ConverseStreamEvent::ContentBlockStop(ContentBlockStopEvent::new(index)));
    events
}
