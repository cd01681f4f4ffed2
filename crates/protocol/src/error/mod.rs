//! What can go wrong on the way to the wire and back, and how an answer says that it did.

mod metadata;
mod operation_error;
mod parse;
mod serialize;

pub use metadata::ErrorMetadata;
pub use operation_error::{ErrorFacts, Fault, ModeledError, OperationError, Retryable, write_error};
pub use parse::{ParseError, ParseErrorKind};
pub use serialize::{SerializeError, SerializeErrorKind};
