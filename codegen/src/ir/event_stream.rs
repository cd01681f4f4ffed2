//! Event streams. <https://smithy.io/2.0/spec/streaming.html#event-streams>

use super::{Location, Member, Structure};

/// A union whose members are the events of a stream.
#[derive(Clone, Debug)]
pub(crate) struct EventStream {
    /// Its Rust name.
    pub(crate) rust_name: String,
    /// The Rust name of the enum of its errors.
    pub(crate) error_name: String,
    /// The shape's name in the model.
    pub(crate) wire_name: String,
    /// Its documentation.
    pub(crate) doc: String,
    /// The members that are events, in the order of the model.
    pub(crate) events: Vec<Event>,
    /// The members that are errors, in the order of the model.
    pub(crate) exceptions: Vec<Exception>,
    /// Whether `Debug` hides all of it.
    pub(crate) sensitive: bool,
}

/// An event.
#[derive(Clone, Debug)]
pub(crate) struct Event {
    /// Its name on the wire, the member's.
    pub(crate) wire_name: String,
    /// Its Rust name, a variant's.
    pub(crate) rust_name: String,
    /// Its documentation.
    pub(crate) doc: String,
    /// The Rust name of its structure.
    pub(crate) structure: String,
    /// Whether `Debug` hides it.
    pub(crate) sensitive: bool,
}

/// An error that ends a stream.
#[derive(Clone, Debug)]
pub(crate) struct Exception {
    /// Its name on the wire, the member's.
    pub(crate) wire_name: String,
    /// The Rust name of the error, and of its variant.
    pub(crate) error: String,
}

/// What the payload of an event is.
#[derive(Clone, Copy, Debug)]
pub(crate) enum EventBody<'a> {
    /// Nothing.
    Empty,
    /// One member, whole, with its content type.
    Member(&'a Member, &'a str),
    /// A JSON object of the members that are no headers.
    Object,
}

impl Structure {
    /// What its payload is where it is an event.
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
