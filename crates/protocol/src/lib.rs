//! restJson1 on the wire, both directions, without input or output.
//!
//! The rules of the protocol, each once: how a label stands in the path, a value in a header field, a structure in
//! a JSON body, and how an error says what it is. Generated code calls these functions member by member, in the order
//! of the model; nobody else needs to. Nothing here opens a socket, reads a clock or knows a service.
//!
//! The specification: <https://smithy.io/2.0/aws/protocols/aws-restjson1-protocol.html> and
//! <https://smithy.io/2.0/spec/http-bindings.html>.
//!
//! | module | one concept |
//! |---|---|
//! | [`Operation`] | what generated code implements: serialize, parse, parse_error |
//! | [`delivery`] | whether an output comes whole or as events |
//! | [`Route`] | method and path template, filled for a request, matched by a server |
//! | [`RequestBuilder`] | a request: query, fields, payload |
//! | [`text`] | simple values as text, for labels, query and fields |
//! | [`json`] | structures as JSON |
//! | [`timestamp`] | the three timestamp formats |
//! | [`HostPrefix`] | what an operation puts before the endpoint's host |
//! | `compression` (feature) | request payloads in gzip |
//! | `checksum` (feature) | `Content-MD5`, and the tree hash |
//! | [`ErrorMetadata`] | what every error answer says, modelled or not |
//! | `server` (feature) | the other direction: requests read, responses written, constraints checked |

mod blob;
#[cfg(feature = "checksum")]
pub mod checksum;
#[cfg(feature = "compression")]
pub mod compression;
pub mod delivery;
mod error;
pub mod event_stream;
pub mod fields;
mod host_prefix;
pub mod json;
mod message;
mod operation;
pub mod payload;
mod redacted;
mod request;
mod route;
pub mod serde_blob;
#[cfg(feature = "server")]
pub mod server;
mod string_enum;
pub mod text;
pub mod timestamp;

pub use error::{
    ErrorFacts, ErrorMetadata, Fault, ModeledError, OperationError, ParseError, ParseErrorKind, Retryable,
    SerializeError, SerializeErrorKind, write_error,
};
pub use event_stream::{InputEventStream, OutputEventStream};
pub use host_prefix::HostPrefix;
pub use jiff::Timestamp;
pub use message::MessageBuilder;
pub use operation::{Authentication, Operation, PayloadInput, PayloadOutput, Request, Response};
pub use redacted::Redacted;
pub use request::{RequestBuilder, RequestHead};
pub use route::{PathSegment, Route, TargetBuilder};
#[cfg(feature = "server")]
pub use server::ServerOperation;
