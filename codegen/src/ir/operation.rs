//! Operations and their HTTP bindings.

use super::{Location, Member, MemberPath, Metric, Step, Structure, Type};

/// An operation.
#[derive(Clone, Debug)]
pub(crate) struct Operation {
    /// Name in the model.
    pub(crate) wire_name: String,
    /// Rust name of the type that represents the operation.
    pub(crate) rust_name: String,
    /// Rust name of the error enum of the operation.
    pub(crate) error_name: String,
    /// Documentation.
    pub(crate) doc: String,
    /// HTTP binding.
    pub(crate) http: Http,
    /// Input. Each operation has a separate structure for its input.
    pub(crate) input: Structure,
    /// Output. Each operation has a separate structure for its output.
    pub(crate) output: Structure,
    /// `true` if the model defines an output, which may have no members.
    pub(crate) has_output: bool,
    /// Errors, sorted by Rust name.
    pub(crate) errors: Vec<OperationError>,
    /// Event stream in the input.
    pub(crate) input_events: Option<EventsMember>,
    /// Event stream in the output.
    pub(crate) output_events: Option<EventsMember>,
    /// Authentication that the operation requires.
    pub(crate) auth: Auth,
    /// Media type of the payload of a request.
    pub(crate) request_type: MediaType,
    /// Media type of the payload of a response.
    pub(crate) response_type: MediaType,
    /// `true` if the payload is not part of the signature.
    pub(crate) unsigned_payload: bool,
    /// `true` if a repeated request has the same effect as a single request.
    pub(crate) is_idempotent: bool,
    /// Prefix of the host name of the endpoint.
    pub(crate) host_prefix: Vec<Segment>,
    /// Steps that process a request after its payload is complete. The steps are in the order of execution.
    pub(crate) payload_headers: Vec<PayloadHeader>,
    /// Constant headers of every request. A member that sets the same header takes precedence. The header
    /// names are in lower case.
    pub(crate) default_headers: Vec<(String, String)>,
    /// Default values of labels. A default replaces the label if the caller sets the label to an empty
    /// string. Each pair contains the name of the member in the model, and the default.
    pub(crate) default_labels: Vec<(String, String)>,
    /// Name of the blob member that is the payload of the input. The client does not need to keep such a
    /// payload in memory. `None` if there is no such member, or if a step in `payload_headers` needs the
    /// payload.
    pub(crate) payload_input: Option<String>,
    /// Name of the blob member that is the payload of the output. The caller can read such a payload in parts.
    pub(crate) payload_output: Option<String>,
    /// Facts about the calls of the operation.
    pub(crate) facts: OperationFacts,
    /// Members that contain the items and the tokens of pages, or `None` if the operation does not return a
    /// list in pages.
    pub(crate) pagination: Option<Pagination>,
    /// Waiters, in the order of the model.
    pub(crate) waiters: Vec<Waiter>,
}

/// A member that is an event stream.
#[derive(Clone, Debug)]
pub(crate) struct EventsMember {
    /// Name of the member in the model.
    pub(crate) wire_name: String,
    /// Rust name of the union of the events.
    pub(crate) stream: String,
}

/// Media type of the payload of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum MediaType {
    /// The message has no payload.
    None,
    /// The sender chooses the media type.
    Any,
    /// The model defines the media type.
    Only(String),
}

/// Members of an operation that returns a list in pages.
#[derive(Clone, Debug)]
pub(crate) struct Pagination {
    /// Member of the input that contains the token of the requested page.
    pub(crate) token: Step,
    /// Member of the output that contains the token of the next page.
    pub(crate) next_token: MemberPath,
    /// List member of the output that contains the items of the page.
    pub(crate) items: MemberPath,
    /// Type of the items.
    pub(crate) item: Type,
    /// Names of these members in the model.
    pub(crate) names: PaginationNames,
}

/// Names of the members of a [`Pagination`] in the model. Dots separate the names of nested members.
#[derive(Clone, Debug)]
pub(crate) struct PaginationNames {
    pub(crate) input_token: String,
    pub(crate) output_token: String,
    pub(crate) items: String,
    /// Member of the input that contains the maximum number of items of a page.
    pub(crate) page_size: Option<String>,
}

/// A waiter: a call that is repeated until its result has a given state.
#[derive(Clone, Debug)]
pub(crate) struct Waiter {
    /// Name in the model.
    pub(crate) name: String,
    /// Rust name of the constant.
    pub(crate) rust_name: String,
    /// Documentation.
    pub(crate) doc: String,
    /// Minimum delay between two calls.
    pub(crate) min_delay_seconds: u64,
    /// Maximum delay between two calls.
    pub(crate) max_delay_seconds: u64,
    /// Conditions, in the order in which they are checked.
    pub(crate) acceptors: Vec<Acceptor>,
}

/// A condition of a waiter.
#[derive(Clone, Debug)]
pub(crate) struct Acceptor {
    /// The state of the waiter if `matcher` matches.
    pub(crate) state: WaiterState,
    /// The condition for the result of the last call.
    pub(crate) matcher: Matcher,
}

/// A state of a waiter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WaiterState {
    /// The waiter ends with success.
    Success,
    /// The waiter ends with a failure.
    Failure,
    /// The waiter makes another call.
    Retry,
}

/// A condition for the result of a call.
#[derive(Clone, Debug)]
pub(crate) enum Matcher {
    /// The call succeeds (`true`) or fails (`false`).
    Success(bool),
    /// The call fails with this error code.
    ErrorCode(String),
    /// The text of a member is equal to this text.
    Text {
        /// The member.
        path: MemberPath,
        /// The text.
        expected: String,
    },
    /// The boolean of a member is equal to this value.
    Boolean {
        /// The member.
        path: MemberPath,
        /// The value.
        expected: bool,
    },
}

/// Facts about the calls of an operation. A client uses these facts for limits, spans and errors.
#[derive(Clone, Debug, Default)]
pub(crate) struct OperationFacts {
    /// Member that contains the model id.
    pub(crate) model_id: Option<MemberPath>,
    /// Name of the member of the input that contains the model id, or `None` if no member or only a nested
    /// member contains it.
    pub(crate) model_id_member: Option<String>,
    /// Name of the member of the input that contains the tags of a call, or `None` if the input has no such member.
    pub(crate) request_metadata_member: Option<String>,
    /// Name of the label that contains the model id, or `None` if the model id is not a label.
    pub(crate) model_id_label: Option<String>,
    /// Member that contains the guardrail id.
    pub(crate) guardrail_id: Option<MemberPath>,
    /// Member that contains the project id.
    pub(crate) project_id: Option<MemberPath>,
    /// Member that contains the ARN of an asynchronous invocation.
    pub(crate) invocation_arn: Option<MemberPath>,
    /// Member that contains the maximum number of output tokens.
    pub(crate) max_output_tokens: Option<MemberPath>,
    /// Name of the operation in the semantic conventions of OpenTelemetry.
    pub(crate) gen_ai_operation: Option<String>,
    /// `true` if the payload of the input has the trait `modelContent`.
    pub(crate) has_model_payload: bool,
    /// Metrics in headers of the response. The header names are in lower case.
    pub(crate) header_metrics: Vec<(String, Metric)>,
    /// Metrics in the output.
    pub(crate) output_metrics: Vec<(Metric, MemberPath)>,
    /// `true` if the headers, the output or the events report token counts.
    pub(crate) uses_tokens: bool,
}

/// An error of an operation.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct OperationError {
    /// Rust name of the error structure. The variant in the error enum has the same name.
    pub(crate) rust_name: String,
    /// Error code on the wire, which is the name of the shape in the model.
    pub(crate) code: String,
    /// Status of the response, or `None` if another error of the operation has the same status. If a response
    /// has no error code, this status identifies the error.
    pub(crate) unique_status: Option<u16>,
}

/// Authentication that an operation requires.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Auth {
    /// The client authenticates every request.
    Required,
    /// The client authenticates requests if credentials are available.
    Optional,
    /// The client does not authenticate requests.
    None,
}

/// A step that processes a request after its payload is complete.
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
    /// Path template from the model, including the query.
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
        /// The member that is the payload.
        member: &'a Member,
        /// Content type of the payload.
        content_type: &'a str,
        /// Payload of a message in which the member is not set.
        unset: super::UnsetPayload,
    },
    /// A JSON object with the members that are bound to the body.
    Body,
}

impl Structure {
    /// Returns the payload of a message with this structure. The payload of an error is an object even if the
    /// error has no members.
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

    /// Returns the member that is bound to the entire payload. Returns `None` if there is no such member or
    /// if its type is not blob.
    pub(crate) fn blob_payload(&self) -> Option<&Member> {
        match self.payload() {
            Payload::Member { member, .. } if member.ty == Type::Blob => Some(member),
            _ => None,
        }
    }
}
