//! Named shapes and their members.

use serde_json::Value;

use super::{EventStream, IntEnum, StringEnum, Type};

/// A named shape.
#[derive(Clone, Debug)]
pub(crate) enum Shape {
    /// A structure. A structure with [`ErrorFacts`] is an error.
    Structure(Structure),
    /// A union.
    Union(Union),
    /// A string enum.
    StringEnum(StringEnum),
    /// An int enum.
    IntEnum(IntEnum),
    /// A union whose members are the events of a stream.
    EventStream(EventStream),
}

/// A structure.
#[derive(Clone, Debug)]
pub(crate) struct Structure {
    /// Rust name.
    pub(crate) rust_name: String,
    /// Name of the shape in the model.
    pub(crate) wire_name: String,
    /// Documentation.
    pub(crate) doc: String,
    /// Members, in the order of the model.
    pub(crate) members: Vec<Member>,
    /// `true` if `Debug` hides all members of the structure.
    pub(crate) sensitive: bool,
    /// Properties of an error, or `None` if the structure is not an error.
    pub(crate) error: Option<ErrorFacts>,
    /// Rust name of the builder. Inputs, outputs and errors have no builder.
    pub(crate) builder_name: Option<String>,
    /// `true` if the structure is a part of an input, and servers check its members.
    pub(crate) is_checked: bool,
}

impl Structure {
    /// Returns the member with this name in the model.
    pub(crate) fn member(&self, wire_name: &str) -> Option<&Member> {
        self.members.iter().find(|member| member.wire_name == wire_name)
    }

    /// Returns the members that `new` takes as arguments.
    pub(crate) fn required_members(&self) -> impl Iterator<Item = &Member> {
        self.members.iter().filter(|member| member.presence == Presence::Required)
    }

    /// Returns `true` if `Debug` hides the structure or one of its members.
    pub(crate) fn hides_values(&self) -> bool {
        self.sensitive || self.members.iter().any(|member| member.sensitive)
    }

    /// Returns `true` if a member is bound to headers.
    pub(crate) fn has_headers(&self) -> bool {
        self.members.iter().any(Member::is_in_headers)
    }

    /// Returns `true` if a member has a default.
    pub(crate) fn has_defaults(&self) -> bool {
        self.members.iter().any(|member| matches!(member.presence, Presence::Default(_)))
    }

    /// Returns `true` if a member has a default other than the zero value of its type.
    pub(crate) fn has_nonzero_defaults(&self) -> bool {
        let is_nonzero =
            |member: &Member| matches!(&member.presence, Presence::Default(value) if !value.is_zero);
        self.members.iter().any(is_nonzero)
    }
}

/// A member of a structure.
#[derive(Clone, Debug)]
pub(crate) struct Member {
    /// Name in the model.
    pub(crate) wire_name: String,
    /// Rust name of the field.
    pub(crate) rust_name: String,
    /// Rust name of the builder's method that sets the value. For a list or map, the method adds one element
    /// or entry.
    pub(crate) setter_name: String,
    /// Rust name of the builder's method that sets or unsets the value.
    pub(crate) set_name: String,
    /// Documentation.
    pub(crate) doc: String,
    /// Type of the values.
    pub(crate) ty: Type,
    /// Optionality of a member, and the value of the field if the member is missing.
    pub(crate) presence: Presence,
    /// Default that only a server sets: the default of a member of an input.
    pub(crate) server_default: Option<DefaultValue>,
    /// `true` if parsing fails when a message does not contain the member. If `false`, a missing required
    /// member gets the zero value of its type.
    pub(crate) fails_if_missing: bool,
    /// Location in an HTTP message.
    pub(crate) location: Location,
    /// Name in a JSON object.
    pub(crate) json_name: String,
    /// `true` if the parser accepts both `message` and `Message` as the name of the member in a JSON object.
    pub(crate) reads_any_message_name: bool,
    /// `true` if `Debug` hides the value.
    pub(crate) sensitive: bool,
    /// Constraints that servers check.
    pub(crate) constraints: Vec<Constraint>,
    /// `true` if the client generates a value when the caller does not set the member.
    pub(crate) idempotency_token: bool,
    /// `true` if the client must know the length of the value before it sends the request. This flag has an
    /// effect only if the member is the payload.
    pub(crate) requires_length: bool,
    /// The fact about the call that the member contains, or `None` if it contains no [`Fact`].
    pub(crate) fact: Option<Fact>,
}

impl Member {
    /// Returns `true` if the member is bound to a header or to all headers with a prefix.
    pub(crate) fn is_in_headers(&self) -> bool {
        matches!(self.location, Location::Header(_) | Location::PrefixHeaders(_))
    }

    /// Returns `true` if the Rust type of the field is an `Option`.
    pub(crate) fn is_optional(&self) -> bool {
        self.presence == Presence::Optional
    }
}

/// A fact about a call. A client uses facts for limits, spans and errors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fact {
    /// Id of the called AI model.
    ModelId,
    /// Id of the guardrail.
    GuardrailId,
    /// Id of the project.
    ProjectId,
    /// ARN of an asynchronous invocation.
    InvocationArn,
    /// Maximum number of output tokens.
    MaxOutputTokens,
    /// Tags of the call, as a map of strings or as a JSON object in a string.
    RequestMetadata,
    /// Bytes in a format that the called AI model defines: a payload, or a part of a response stream.
    ModelContent,
    /// A metric of the response.
    Metric(Metric),
}

/// A metric of a response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Metric {
    /// Number of input tokens.
    InputTokens,
    /// Number of output tokens.
    OutputTokens,
    /// Number of tokens that were read from a prompt cache.
    CacheReadInputTokens,
    /// Number of tokens that were written to a prompt cache.
    CacheWriteInputTokens,
    /// Latency of the model.
    LatencyMs,
    /// The reason why the model stopped.
    StopReason,
}

impl Metric {
    /// Returns `true` if the metric is a number of tokens.
    pub(crate) fn counts_tokens(self) -> bool {
        !matches!(self, Self::LatencyMs | Self::StopReason)
    }
}

/// The path from a structure to one of its members, or to a member of a nested structure.
#[derive(Clone, Debug)]
pub(crate) struct MemberPath {
    /// The fields from the outer structure to the member. Not empty.
    pub(crate) steps: Vec<Step>,
    /// Type of the member.
    pub(crate) ty: Type,
}

/// A step of a [`MemberPath`].
#[derive(Clone, Debug)]
pub(crate) struct Step {
    /// Rust name of the field.
    pub(crate) rust_name: String,
    /// `true` if the Rust type of the field is an `Option`.
    pub(crate) optional: bool,
}

/// Optionality of a member, and the value of the field if the member is missing.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Presence {
    /// The type of the field is `T`, and `new` takes the value as an argument. If a response does not contain
    /// the member, the field gets the zero value of its type.
    /// <https://smithy.io/2.0/spec/aggregate-types.html#client-error-correction>
    Required,
    /// The type of the field is `Option<T>`.
    Optional,
    /// The type of the field is `T`, and the field has this default.
    Default(DefaultValue),
}

/// Default of a member. Lowering has checked that the default is valid for the member's type.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct DefaultValue {
    /// The value in the model.
    pub(crate) json: Value,
    /// `true` if the default is the zero value of the member's type: `false`, `0`, or an empty string, list
    /// or map.
    pub(crate) is_zero: bool,
}

/// Location of a member in an HTTP message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Location {
    /// A label in the path.
    Label {
        /// `true` if `/` is not percent-encoded.
        greedy: bool,
    },
    /// A query parameter.
    Query(String),
    /// All query parameters except the reserved parameters.
    QueryMap {
        /// Names of the parameters that other members or the path template set. These parameters take
        /// precedence over entries of the map.
        /// <https://smithy.io/2.0/spec/http-bindings.html#httpqueryparams-trait>
        reserved: Vec<String>,
    },
    /// A header. The name is in lower case.
    Header(String),
    /// All headers with this prefix. The prefix is in lower case.
    PrefixHeaders(String),
    /// The entire payload.
    Payload {
        /// Default content type of the payload. A member bound to `Content-Type` takes precedence.
        content_type: String,
        /// Payload of a message in which the member is not set.
        unset: UnsetPayload,
    },
    /// A member of the JSON body.
    Body,
    /// The status of a response.
    StatusCode,
    /// A header of an event. The name of the header is the name of the member.
    EventHeader,
    /// The entire payload of an event.
    EventPayload {
        /// Content type of the payload.
        content_type: String,
    },
}

/// Payload of a message if the member that is bound to the payload is not set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum UnsetPayload {
    /// No payload.
    Empty,
    /// A JSON object without members.
    Object,
}

/// A constraint on the value of a member.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Constraint {
    /// Bounds for the number of characters, bytes or elements.
    Length {
        /// Lower bound, inclusive.
        min: Option<u64>,
        /// Upper bound, inclusive.
        max: Option<u64>,
    },
    /// Bounds for a number.
    Range {
        /// Lower bound, inclusive.
        min: Option<f64>,
        /// Upper bound, inclusive.
        max: Option<f64>,
    },
    /// Regular expression.
    Pattern(String),
    /// The values of a string enum.
    OneOf {
        /// Values that messages list.
        values: Vec<String>,
        /// Valid values that messages do not list.
        internal: Vec<String>,
    },
    /// The elements of a list differ from each other.
    UniqueItems,
    /// The member must be set.
    Required,
    /// A list or map without nulls.
    NoNulls,
    /// A timestamp without an offset from UTC.
    Utc,
    /// The constraints on the values of the members of a structure or union. The shape contains them.
    Members,
    /// The constraints on the JSON text of a structure or union. The shape contains them.
    JsonMembers,
    /// Constraints on each element of a list.
    Elements(Vec<Constraint>),
    /// Constraints on each key of a map.
    Keys(Vec<Constraint>),
    /// Constraints on each value of a map.
    Values(Vec<Constraint>),
}

impl Constraint {
    /// Returns `true` if servers can check the constraint on a typed value. They check the other constraints in
    /// the JSON text. For example, the typed field of a missing member has a zero value.
    pub(crate) fn is_on_value(&self) -> bool {
        match self {
            Self::Required | Self::NoNulls | Self::Utc | Self::JsonMembers => false,
            Self::Elements(inner) | Self::Keys(inner) | Self::Values(inner) => {
                inner.iter().any(Self::is_on_value)
            }
            _ => true,
        }
    }
}

/// Properties that only error structures have.
#[derive(Clone, Debug)]
pub(crate) struct ErrorFacts {
    /// Status of the response that contains the error.
    pub(crate) status: u16,
    /// Cause of the error: the client or the server.
    pub(crate) fault: ErrorFault,
    /// Value of the `retryable` trait.
    pub(crate) retryable: Option<Retryable>,
    /// Name of the member with the error message. `None` if there is no such member or if the message is
    /// sensitive.
    pub(crate) message: Option<String>,
    /// `true` if an operation or the service lists the error. A response can contain only a listed error.
    pub(crate) is_response: bool,
    /// `true` if a member of another shape, such as an event stream, targets the error.
    pub(crate) is_member: bool,
}

/// Cause of an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ErrorFault {
    /// The client.
    Client,
    /// The server.
    Server,
}

/// Value of the `retryable` trait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Retryable {
    /// A retry can succeed.
    Transient,
    /// A retry can succeed if the client sends requests at a lower rate.
    Throttling,
}

/// A union.
#[derive(Clone, Debug)]
pub(crate) struct Union {
    /// Rust name.
    pub(crate) rust_name: String,
    /// Name of the shape in the model.
    pub(crate) wire_name: String,
    /// Documentation.
    pub(crate) doc: String,
    /// Members, in the order of the model.
    pub(crate) members: Vec<UnionMember>,
    /// `true` if `Debug` hides all members of the union.
    pub(crate) sensitive: bool,
    /// `true` if the union is a part of an input, and servers check its members.
    pub(crate) is_checked: bool,
}

impl Union {
    /// Returns `true` if `Debug` hides the union or one of its members.
    pub(crate) fn hides_values(&self) -> bool {
        self.sensitive || self.members.iter().any(|member| member.sensitive)
    }
}

/// A member of a union.
#[derive(Clone, Debug)]
pub(crate) struct UnionMember {
    /// Name in the model.
    pub(crate) wire_name: String,
    /// Name in a JSON object.
    pub(crate) json_name: String,
    /// Rust name of the variant.
    pub(crate) rust_name: String,
    /// Name of the variant in the names of methods, for example `text` in `as_text`.
    pub(crate) method: String,
    /// Documentation.
    pub(crate) doc: String,
    /// Type of the value.
    pub(crate) ty: Type,
    /// `true` if `Debug` hides the value.
    pub(crate) sensitive: bool,
    /// Constraints that servers check.
    pub(crate) constraints: Vec<Constraint>,
}
