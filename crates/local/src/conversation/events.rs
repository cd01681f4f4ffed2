//! The events of a streamed response.
//!
//! The order is `messageStart`; for each block `contentBlockStart`, `contentBlockDelta` events and
//! `contentBlockStop`; then `messageStop` and `metadata`. Only tool calls have a `contentBlockStart`.

use std::mem::{Discriminant, discriminant};

use invoke_model_types::{
    ContentBlockDelta, ContentBlockDeltaEvent, ContentBlockStart, ContentBlockStartEvent,
    ContentBlockStopEvent, ConversationRole, ConverseStreamEvent, ConverseStreamMetadataEvent,
    MessageStartEvent, MessageStopEvent, ReasoningContentBlockDelta, ToolUseBlockDelta, ToolUseBlockStart,
};
use serde_json::Value;

use super::exchange::int;
use super::part::Part;
use crate::stream::Latency;

/// Converts the parts of an answer to events.
pub(crate) struct EventWriter {
    /// The index of the current or next block.
    index: i32,
    /// The kind of the current block, if a block is open.
    open: Option<Discriminant<ContentBlockDelta>>,
    has_begun: bool,
    fields: Option<Value>,
    metadata: ConverseStreamMetadataEvent,
    /// `true` if the end of the answer contains the token counts, and not `metadata`.
    counts_at_end: bool,
}

/// An event that becomes complete when it is sent.
pub(crate) type LateEvent = Box<dyn FnOnce(Latency) -> ConverseStreamEvent + Send>;

impl EventWriter {
    /// Returns a writer. `metadata` is the last event, without its latency. If `counts_at_end` is `true`, the
    /// token counts of the metadata come from the end of the answer.
    pub(crate) fn new(
        fields: Option<Value>,
        metadata: ConverseStreamMetadataEvent,
        counts_at_end: bool,
    ) -> Self {
        Self { index: 0, open: None, has_begun: false, fields, metadata, counts_at_end }
    }

    /// Returns the events for the next part.
    pub(crate) fn write(&mut self, part: Part) -> Vec<LateEvent> {
        let mut events = Vec::new();
        if !std::mem::replace(&mut self.has_begun, true) {
            events
                .push(ConverseStreamEvent::MessageStart(MessageStartEvent::new(ConversationRole::ASSISTANT)));
        }
        match part {
            Part::Text(text) => self.delta(ContentBlockDelta::Text(text), &mut events),
            Part::Reasoning(text) => self.reasoning(ReasoningContentBlockDelta::Text(text), &mut events),
            Part::Signature(signature) => {
                self.reasoning(ReasoningContentBlockDelta::Signature(signature), &mut events);
            }
            Part::ToolCall { id, name, kind } => {
                self.close(&mut events);
                let mut start = ToolUseBlockStart::new(id, name);
                start.r#type = kind.map(Into::into);
                let start = ContentBlockStart::ToolUse(start);
                events.push(ConverseStreamEvent::ContentBlockStart(ContentBlockStartEvent::new(
                    start, self.index,
                )));
                self.open = Some(discriminant(&tool_delta(String::new())));
            }
            Part::ToolInput(input) => self.delta(tool_delta(input), &mut events),
            Part::End(end) => {
                self.close(&mut events);
                let mut stop = MessageStopEvent::new(end.stop_reason);
                stop.additional_model_response_fields = self.fields.take();
                events.push(ConverseStreamEvent::MessageStop(stop));
                let mut metadata = self.metadata.clone();
                if self.counts_at_end {
                    metadata.usage.input_tokens = int(end.input_tokens);
                    metadata.usage.output_tokens = int(end.output_tokens);
                    metadata.usage.total_tokens = int(end.input_tokens + end.output_tokens);
                }
                events.push(ConverseStreamEvent::Metadata(metadata));
            }
        }
        events.into_iter().map(with_latency).collect()
    }

    fn reasoning(&mut self, delta: ReasoningContentBlockDelta, events: &mut Vec<ConverseStreamEvent>) {
        self.delta(ContentBlockDelta::ReasoningContent(delta), events);
    }

    /// Adds a delta. If the current block has a different kind, closes the current block first.
    fn delta(&mut self, delta: ContentBlockDelta, events: &mut Vec<ConverseStreamEvent>) {
        let kind = discriminant(&delta);
        if self.open != Some(kind) {
            self.close(events);
            self.open = Some(kind);
        }
        events.push(ConverseStreamEvent::ContentBlockDelta(ContentBlockDeltaEvent::new(delta, self.index)));
    }

    fn close(&mut self, events: &mut Vec<ConverseStreamEvent>) {
        if self.open.take().is_some() {
            events.push(ConverseStreamEvent::ContentBlockStop(ContentBlockStopEvent::new(self.index)));
            self.index += 1;
        }
    }
}

fn tool_delta(input: String) -> ContentBlockDelta {
    ContentBlockDelta::ToolUse(ToolUseBlockDelta::new(input))
}

fn with_latency(mut event: ConverseStreamEvent) -> LateEvent {
    Box::new(move |latency: Latency| {
        if let ConverseStreamEvent::Metadata(metadata) = &mut event {
            metadata.metrics.latency_ms = i64::try_from(latency.this_event).unwrap_or(i64::MAX);
        }
        event
    })
}
