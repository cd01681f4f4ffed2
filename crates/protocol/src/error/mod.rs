//! Errors of serialization and parsing, and errors that a service returns.

mod body;
mod markup;
mod metadata;
mod operation_error;
mod parse;
mod serialize;
#[cfg(test)]
mod tests;

pub(crate) use body::{CONTAINERS, MESSAGES};

pub use metadata::ErrorMetadata;
pub use operation_error::{ErrorFacts, ErrorFault, ModeledError, OperationError, Retryable, write_error};
pub use parse::{ParseError, ParseErrorKind, ResponseError};
pub use serialize::{SerializeError, SerializeErrorKind};
