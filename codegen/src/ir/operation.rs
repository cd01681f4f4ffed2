//! Operations and their HTTP bindings.

use super::{Location, Member, Structure, Type};

/// An operation.
#[derive(Clone, Debug)]
pub(crate) struct Operation {
    /// Its name in the model.
    pub(crate) wire_name: String,
    /// Its Rust name, a type's.
    pub(crate) rust_name: String,
    /// The Rust name of the enum of its errors.
    pub(crate) error_name: String,
    /// Its documentation.
    pub(crate) doc: String,
    /// Its HTTP binding.
    pub(crate) http: Http,
    /// Its input, its own structure.
    pub(crate) input: Structure,
    /// Its output, its own structure.
    pub(crate) output: Structure,
    /// The Rust names of its errors, sorted.
    pub(crate) errors: Vec<String>,
}

/// An operation's HTTP binding.
#[derive(Clone, Debug)]
pub(crate) struct Http {
    /// The method, in upper case.
    pub(crate) method: String,
    /// The path as the model writes it.
    pub(crate) path: String,
    /// The path, segment by segment.
    pub(crate) segments: Vec<Segment>,
    /// The parameters that the path itself has.
    pub(crate) query: Vec<(String, Option<String>)>,
    /// The status of success.
    pub(crate) status: u16,
}

/// A segment of a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Segment {
    /// Stands as it is.
    Literal(String),
    /// A member's value, by the member's name in the model.
    Label {
        /// The member.
        member: String,
        /// Whether `/` stays.
        greedy: bool,
    },
}

/// What the payload of a message is.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Payload<'a> {
    /// Nothing.
    Empty,
    /// One member, whole, with its content type.
    Member(&'a Member, &'a str),
    /// A JSON object of the members bound to the body.
    Body,
}

impl Structure {
    /// What the payload of a message with this structure is.
    pub(crate) fn payload(&self) -> Payload<'_> {
        for member in &self.members {
            if let Location::Payload { content_type } = &member.location {
                return Payload::Member(member, content_type);
            }
        }
        match self.body_members().next() {
            Some(_) => Payload::Body,
            None => Payload::Empty,
        }
    }

    /// The members that stand in the JSON body, each with its name there.
    pub(crate) fn body_members(&self) -> impl Iterator<Item = (&Member, &str)> {
        self.members.iter().filter_map(|member| match &member.location {
            Location::Body { json_name } => Some((member, json_name.as_str())),
            _ => None,
        })
    }

    /// The member that is a blob and the whole payload.
    pub(crate) fn blob_payload(&self) -> Option<&Member> {
        match self.payload() {
            Payload::Member(member, _) if member.ty == Type::Blob => Some(member),
            _ => None,
        }
    }
}
