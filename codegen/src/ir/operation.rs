//! Operations and their HTTP bindings.

use super::{Location, Member, Structure, Type};

/// An operation.
#[derive(Clone, Debug)]
pub(crate) struct Operation {
    /// Name in the model.
    pub(crate) wire_name: String,
    /// Rust name of its type.
    pub(crate) rust_name: String,
    /// Rust name of the enum of its errors.
    pub(crate) error_name: String,
    /// Documentation.
    pub(crate) doc: String,
    /// HTTP binding.
    pub(crate) http: Http,
    /// Input, a structure of its own.
    pub(crate) input: Structure,
    /// Output, a structure of its own.
    pub(crate) output: Structure,
    /// Errors, sorted by Rust name.
    pub(crate) errors: Vec<OperationError>,
    /// Rust name of the event stream in the input.
    pub(crate) input_events: Option<String>,
    /// Rust name of the event stream in the output.
    pub(crate) output_events: Option<String>,
    /// Authentication that the operation requires.
    pub(crate) auth: Auth,
    /// `true` if the payload is not part of the signature.
    pub(crate) unsigned_payload: bool,
    /// Prefix of the endpoint's host.
    pub(crate) host_prefix: Vec<Segment>,
    /// Steps that a request takes once its payload is known, in this order.
    pub(crate) payload_headers: Vec<PayloadHeader>,
    /// Headers of every request in which no member sets them; names are in lower case.
    pub(crate) default_headers: Vec<(String, String)>,
    /// Values for labels that are set to an empty string, by the names of the members in the model.
    pub(crate) default_labels: Vec<(String, String)>,
    /// Name of the input's blob payload, if a request can be sent without holding it in memory: nothing is
    /// computed from the payload.
    pub(crate) payload_input: Option<String>,
    /// `true` if the payload of the output is a blob, so that it can be read in parts.
    pub(crate) payload_output: bool,
}

/// An error of an operation.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct OperationError {
    /// Rust name of the structure, and of its variant.
    pub(crate) rust_name: String,
    /// Error code on the wire: the name of the shape in the model.
    pub(crate) code: String,
    /// The status, if no other error of the operation has the same one: it then identifies the error in a
    /// response without an error code.
    pub(crate) unique_status: Option<u16>,
}

/// Authentication that an operation requires.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Auth {
    /// Every request is authenticated.
    Required,
    /// A request is authenticated if the client has credentials.
    Optional,
    /// No request is authenticated.
    None,
}

/// A step that a request takes once its payload is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PayloadHeader {
    /// Compresses the payload with gzip and adds `Content-Encoding`.
    Gzip,
    /// Adds `Content-MD5`.
    Md5,
    /// Adds `X-Amz-Content-Sha256` and `X-Amz-Sha256-Tree-Hash`.
    TreeHash,
}

/// HTTP binding of an operation.
#[derive(Clone, Debug)]
pub(crate) struct Http {
    /// Method, in upper case.
    pub(crate) method: String,
    /// Path template as the model has it, with its query.
    pub(crate) path: String,
    /// Segments of the path.
    pub(crate) segments: Vec<Segment>,
    /// Query parameters of the path template.
    pub(crate) query: Vec<(String, Option<String>)>,
    /// Status of a successful response.
    pub(crate) status: u16,
}

/// A segment of a path template, or a part of a host prefix.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Segment {
    /// Literal text.
    Literal(String),
    /// The value of a member.
    Label {
        /// Name of the member in the model.
        member: String,
        /// `true` if `/` is not percent-encoded.
        greedy: bool,
    },
}

/// Payload of a message.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Payload<'a> {
    /// No payload.
    Empty,
    /// The value of one member.
    Member {
        /// The member.
        member: &'a Member,
        /// Its content type.
        content_type: &'a str,
        /// Payload of a message in which the member is not set.
        unset: super::UnsetPayload,
    },
    /// A JSON object of the members bound to the body.
    Body,
}

impl Structure {
    /// Returns the payload of a message with this structure. The payload of an error is an object even if it
    /// has no members.
    pub(crate) fn payload(&self) -> Payload<'_> {
        for member in &self.members {
            if let Location::Payload { content_type, unset } = &member.location {
                return Payload::Member { member, content_type, unset: *unset };
            }
        }
        if self.error.is_some() || self.has_body() { Payload::Body } else { Payload::Empty }
    }

    /// Returns the members of the JSON body.
    pub(crate) fn body_members(&self) -> impl Iterator<Item = &Member> {
        self.members.iter().filter(|member| member.location == Location::Body)
    }

    /// Returns `true` if a member is part of the JSON body.
    pub(crate) fn has_body(&self) -> bool {
        self.body_members().next().is_some()
    }

    /// Returns the member that is the whole payload, if it is a blob.
    pub(crate) fn blob_payload(&self) -> Option<&Member> {
        match self.payload() {
            Payload::Member { member, .. } if member.ty == Type::Blob => Some(member),
            _ => None,
        }
    }
}
