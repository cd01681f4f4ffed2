//! The AWS protocol restJson1 for clients and servers, without I/O.
//!
//! The crate implements the rules of the protocol: labels in the path, values in headers and query,
//! structures in JSON bodies, event streams and errors. Generated code calls the functions of this crate for
//! each member. Applications use the generated operations through the trait [`Operation`]. The crate performs
//! no I/O and contains no service-specific code.
//!
//! The specification: <https://smithy.io/2.0/aws/protocols/aws-restjson1-protocol.html> and
//! <https://smithy.io/2.0/spec/http-bindings.html>.
//!
//! | item | content |
//! |---|---|
//! | [`Operation`] | the trait that serializes the input of an operation and parses the response |
//! | [`delivery`] | types that distinguish complete outputs from event streams |
//! | [`Route`] | method and path template, for building and matching request targets |
//! | [`HostPrefix`] | the prefix that an operation adds to the host of the endpoint |
//! | [`RequestBuilder`] | builder of requests |
//! | [`headers`] | members that are bound to headers |
//! | [`text`] | simple values as text, for labels, query parameters and headers |
//! | [`json`] | structures as JSON |
//! | [`payload`] | members that are bound to the payload |
//! | [`timestamp`] | the three timestamp formats |
//! | [`event_stream`] | messages of event streams |
//! | [`metrics`] | facts about requests and responses, such as token counts |
//! | [`ErrorMetadata`] | code, message, status and request id of an error response |
//! | `compression` (feature) | gzip for request payloads |
//! | `gzip` (feature) | a decoder of gzip responses |
//! | `checksum` (feature) | `Content-MD5` and tree hashes |
//! | `server` (feature) | parsing of requests, serialization of responses, and checks of constraints |

mod blob;
mod builder;
#[cfg(feature = "checksum")]
pub mod checksum;
#[cfg(feature = "compression")]
pub mod compression;
pub mod endpoint;
mod error;
pub mod event_stream;
#[cfg(feature = "gzip")]
mod gzip;
pub mod headers;
mod host_prefix;
pub mod json;
mod message;
pub mod metrics;
mod operation;
pub mod payload;
mod redacted;
mod request;
mod route;
mod sequence;
#[cfg(feature = "server")]
pub mod server;
mod string_enum;
pub mod text;
pub mod timestamp;
mod variants;

pub use blob::serde_blob;
pub use error::{
    ErrorFacts, ErrorFault, ErrorMetadata, ModeledError, OperationError, ParseError, ParseErrorKind,
    ResponseError, Retryable, SerializeError, SerializeErrorKind, write_error,
};
pub use event_stream::{InputEventStream, OutputEventStream};
#[cfg(feature = "gzip")]
pub use gzip::{GzipDecoder, GzipError};
pub use host_prefix::HostPrefix;
pub use jiff::Timestamp;
pub use message::MessageBuilder;
pub use operation::{Authentication, Operation, PayloadInput, PayloadOutput, Request, Response, delivery};
pub use redacted::Redacted;
pub use request::{RequestBuilder, RequestHead};
pub use route::{PathSegment, Route, TargetBuilder};
pub use sequence::{PaginatedOperation, Pagination, Waiter, WaiterRules, WaiterState};
#[cfg(feature = "server")]
pub use server::ServerOperation;
