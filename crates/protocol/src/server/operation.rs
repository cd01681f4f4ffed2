//! What generated code implements for the server's half of an operation.

use crate::{Operation, ParseError, Request, Response, SerializeError};

use super::Violations;

/// The server's half of an operation, as pure functions over HTTP messages.
pub trait ServerOperation: Operation {
    /// Takes an input off the wire.
    ///
    /// # Errors
    /// The request is not one of this operation, or a member is not of its shape.
    fn parse_request(request: &Request) -> Result<Self::Input, ParseError>;

    /// What of the model's constraints (length, range, pattern, enum) an input does not keep.
    fn violations(input: &Self::Input) -> Violations;

    /// Puts an output on the wire.
    ///
    /// # Errors
    /// A member that cannot stand where the model binds it.
    fn serialize_response(output: Self::Output) -> Result<Response, SerializeError>;

    /// Puts an error on the wire; `None` for one that the model does not have.
    ///
    /// # Errors
    /// A member that cannot stand where the model binds it.
    fn serialize_error(error: &Self::Error) -> Result<Option<Response>, SerializeError>;
}
