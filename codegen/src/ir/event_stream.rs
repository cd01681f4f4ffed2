//! Event streams. <https://smithy.io/2.0/spec/streaming.html#event-streams>

use super::{Location, Member, MemberPath, Metric, Structure};

/// A union whose members are the events of a stream.
#[derive(Clone, Debug)]
pub(crate) struct EventStream {
    /// Rust name.
    pub(crate) rust_name: String,
    /// Rust name of the error enum of the stream.
    pub(crate) error_name: String,
    /// Name of the shape in the model.
    pub(crate) wire_name: String,
    /// Documentation.
    pub(crate) doc: String,
    /// Members that are events, in the order of the model.
    pub(crate) events: Vec<Event>,
    /// Members that are errors, in the order of the model.
    pub(crate) exceptions: Vec<Exception>,
    /// Rust names of the errors of the stream, sorted and without duplicates.
    pub(crate) errors: Vec<String>,
    /// `true` if `Debug` hides all events.
    pub(crate) sensitive: bool,
}

impl EventStream {
    /// Returns `true` if `Debug` hides the stream or one of its events.
    pub(crate) fn hides_values(&self) -> bool {
        self.sensitive || self.events.iter().any(|event| event.sensitive)
    }

    /// Returns `true` if the events report token counts, as metrics or in the parts of the AI model's
    /// response.
    pub(crate) fn reports_tokens(&self) -> bool {
        self.events.iter().any(|event| {
            event.model_part.is_some() || event.metrics.iter().any(|(metric, _)| metric.counts_tokens())
        })
    }
}

/// An event.
#[derive(Clone, Debug)]
pub(crate) struct Event {
    /// Name on the wire, which is the name of the union member.
    pub(crate) wire_name: String,
    /// Rust name of the variant.
    pub(crate) rust_name: String,
    /// Name of the variant in the names of methods, for example `chunk` in `as_chunk`.
    pub(crate) method: String,
    /// Documentation.
    pub(crate) doc: String,
    /// Rust name of the event's structure.
    pub(crate) structure: String,
    /// `true` if `Debug` hides the event.
    pub(crate) sensitive: bool,
    /// Metrics in the event.
    pub(crate) metrics: Vec<(Metric, MemberPath)>,
    /// Blob member that contains a part of the AI model's response. The member has the trait `modelContent`.
    pub(crate) model_part: Option<MemberPath>,
}

/// An error that ends a stream.
#[derive(Clone, Debug)]
pub(crate) struct Exception {
    /// Name on the wire, which is the name of the union member.
    pub(crate) wire_name: String,
    /// Rust name of the error structure and of the variant in the error enum.
    pub(crate) error: String,
    /// `true` if this is the first union member that targets the error. The name of this member is used to
    /// serialize the error.
    pub(crate) is_written: bool,
}

/// Payload of an event.
#[derive(Clone, Copy, Debug)]
pub(crate) enum EventBody<'a> {
    /// No payload.
    Empty,
    /// The value of one member. The second field is the content type of the payload.
    Member(&'a Member, &'a str),
    /// A JSON object with the members that are not headers.
    Object,
}

impl Structure {
    /// Returns the payload of an event with this structure.
    pub(crate) fn event_body(&self) -> EventBody<'_> {
        for member in &self.members {
            if let Location::EventPayload { content_type } = &member.location {
                return EventBody::Member(member, content_type);
            }
        }
        let is_header = |member: &Member| member.location == Location::EventHeader;
        if self.members.iter().all(is_header) { EventBody::Empty } else { EventBody::Object }
    }
}
