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
    /// The Rust name of the event stream that the input has.
    pub(crate) input_events: Option<String>,
    /// The Rust name of the event stream that the output has.
    pub(crate) output_events: Option<String>,
    /// Who may call it.
    pub(crate) auth: Auth,
    /// Whether the payload stays out of the signature.
    pub(crate) unsigned_payload: bool,
    /// What stands before the endpoint's host.
    pub(crate) host_prefix: Vec<Segment>,
    /// What is added to a request when its payload is known, in this order.
    pub(crate) payload_headers: Vec<PayloadHeader>,
    /// Header fields that every request has unless a member says otherwise, names in lower case.
    pub(crate) fields: Vec<(String, String)>,
    /// Values of labels that are given empty, by the members' names in the model.
    pub(crate) default_labels: Vec<(String, String)>,
}

/// Who may call an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Auth {
    /// Who shows who they are.
    Required,
    /// Anybody; who can shows who they are.
    Optional,
    /// Anybody, and nobody shows who they are.
    None,
}

/// What is added to a request when its payload is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PayloadHeader {
    /// The payload is compressed with gzip, and `Content-Encoding` says so.
    Gzip,
    /// `Content-MD5`.
    Md5,
    /// `X-Amz-Content-Sha256` and `X-Amz-Sha256-Tree-Hash`.
    TreeHash,
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

    /// The members that stand in the JSON body.
    pub(crate) fn body_members(&self) -> impl Iterator<Item = &Member> {
        self.members.iter().filter(|member| member.location == Location::Body)
    }

    /// The member that is a blob and the whole payload.
    pub(crate) fn blob_payload(&self) -> Option<&Member> {
        match self.payload() {
            Payload::Member(member, _) if member.ty == Type::Blob => Some(member),
            _ => None,
        }
    }
}
