//! Named shapes and their members.

use serde_json::Value;

use super::{EventStream, Type};

/// A named shape.
#[derive(Clone, Debug)]
pub(crate) enum Shape {
    /// A structure, or an error if it has error facts.
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
    /// Its Rust name.
    pub(crate) rust_name: String,
    /// The shape's name in the model.
    pub(crate) wire_name: String,
    /// Its documentation.
    pub(crate) doc: String,
    /// Its members, in the order of the model.
    pub(crate) members: Vec<Member>,
    /// Whether `Debug` hides all of it.
    pub(crate) sensitive: bool,
    /// What makes it an error.
    pub(crate) error: Option<ErrorFacts>,
}

/// A structure's member.
#[derive(Clone, Debug)]
pub(crate) struct Member {
    /// Its name in the model.
    pub(crate) wire_name: String,
    /// Its Rust name, a field's.
    pub(crate) rust_name: String,
    /// Its documentation.
    pub(crate) doc: String,
    /// The type of its values.
    pub(crate) ty: Type,
    /// Whether and how it may be absent.
    pub(crate) presence: Presence,
    /// Where it stands in an HTTP message.
    pub(crate) location: Location,
    /// Its name as a member of a JSON object, where it stands in one.
    pub(crate) json_name: String,
    /// Whether `Debug` hides it.
    pub(crate) sensitive: bool,
    /// What its values keep to.
    pub(crate) constraints: Vec<Constraint>,
    /// Whether a value is made where none is given.
    pub(crate) idempotency_token: bool,
    /// Whether, as the payload, it needs its length known ahead.
    pub(crate) requires_length: bool,
}

/// Whether and how a member may be absent.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Presence {
    /// `T`, an argument of `new`. Absent from an answer it takes its type's zero.
    /// <https://smithy.io/2.0/spec/aggregate-types.html#client-error-correction>
    Required,
    /// `Option<T>`.
    Optional,
    /// `T`, with this value unless something else is said.
    Default(Value),
}

/// Where a member stands in an HTTP message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Location {
    /// In the path.
    Label {
        /// Whether `/` stays.
        greedy: bool,
    },
    /// A query parameter.
    Query(String),
    /// All other query parameters.
    QueryMap,
    /// A header field, its name in lower case.
    Header(String),
    /// All header fields with the prefix, in lower case.
    PrefixHeaders(String),
    /// The whole payload.
    Payload {
        /// Its content type, where no member bound to `Content-Type` says another.
        content_type: String,
    },
    /// A member of the JSON body.
    Body,
    /// The status of a response.
    StatusCode,
    /// A header of an event, by the member's name.
    EventHeader,
    /// The whole payload of an event.
    EventPayload {
        /// Its content type.
        content_type: String,
    },
}

/// What a value keeps to.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Constraint {
    /// Characters, bytes or elements.
    Length {
        /// At least.
        min: Option<u64>,
        /// At most.
        max: Option<u64>,
    },
    /// A number's range.
    Range {
        /// At least.
        min: Option<f64>,
        /// At most.
        max: Option<f64>,
    },
    /// A regular expression.
    Pattern(String),
    /// One of a string enum's values; the enum's Rust name.
    OneOf(String),
}

/// What makes a structure an error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ErrorFacts {
    /// The HTTP status.
    pub(crate) status: u16,
    /// Whose fault it is.
    pub(crate) fault: Fault,
    /// Whether the model says that a retry can help.
    pub(crate) retryable: Option<Retryable>,
    /// Whether an operation answers with it.
    pub(crate) answered: bool,
    /// Whether another shape has it as a member, as event streams do.
    pub(crate) held: bool,
}

/// Whose fault an error is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The caller's.
    Client,
    /// The service's.
    Server,
}

/// What the `retryable` trait says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Retryable {
    /// May succeed later.
    Transient,
    /// May succeed at a slower pace.
    Throttling,
}

/// A union.
#[derive(Clone, Debug)]
pub(crate) struct Union {
    /// Its Rust name.
    pub(crate) rust_name: String,
    /// Its documentation.
    pub(crate) doc: String,
    /// Its members, in the order of the model.
    pub(crate) members: Vec<UnionMember>,
    /// Whether `Debug` hides all of it.
    pub(crate) sensitive: bool,
}

/// A union's member.
#[derive(Clone, Debug)]
pub(crate) struct UnionMember {
    /// Its name in the model.
    pub(crate) wire_name: String,
    /// Its name in the JSON.
    pub(crate) json_name: String,
    /// Its Rust name, a variant's.
    pub(crate) rust_name: String,
    /// Its documentation.
    pub(crate) doc: String,
    /// The type of its value.
    pub(crate) ty: Type,
    /// Whether `Debug` hides it.
    pub(crate) sensitive: bool,
}

/// A string enum.
#[derive(Clone, Debug)]
pub(crate) struct StringEnum {
    /// Its Rust name.
    pub(crate) rust_name: String,
    /// Its documentation.
    pub(crate) doc: String,
    /// Its values, in the order of the model.
    pub(crate) members: Vec<EnumMember>,
    /// Whether `Debug` hides the value.
    pub(crate) sensitive: bool,
}

/// A value of a string enum.
#[derive(Clone, Debug)]
pub(crate) struct EnumMember {
    /// Its Rust name, a constant's.
    pub(crate) rust_name: String,
    /// The value on the wire.
    pub(crate) value: String,
    /// Its documentation.
    pub(crate) doc: String,
}

/// An int enum.
#[derive(Clone, Debug)]
pub(crate) struct IntEnum {
    /// Its Rust name.
    pub(crate) rust_name: String,
    /// Its documentation.
    pub(crate) doc: String,
    /// Its values, in the order of the model.
    pub(crate) members: Vec<IntEnumMember>,
    /// Whether `Debug` hides the value.
    pub(crate) sensitive: bool,
}

/// A value of an int enum.
#[derive(Clone, Debug)]
pub(crate) struct IntEnumMember {
    /// Its Rust name, a constant's.
    pub(crate) rust_name: String,
    /// The value on the wire.
    pub(crate) value: i32,
    /// Its documentation.
    pub(crate) doc: String,
}
