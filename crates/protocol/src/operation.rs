//! What generated code implements for each operation of a model.

use bytes::Bytes;

use crate::{ErrorMetadata, OperationError, ParseError, Route, SerializeError};

/// A request as it goes on the wire, its target without scheme and authority until an endpoint is applied.
pub type Request = http::Request<Bytes>;

/// A response with its whole body.
pub type Response = http::Response<Bytes>;

/// The client's half of an operation, as pure functions over HTTP messages.
pub trait Operation: 'static {
    /// The operation's name in the model.
    const NAME: &'static str;
    /// Its method and path.
    const ROUTE: Route;
    /// What the caller says.
    type Input: Send + 'static;
    /// What the service answers.
    type Output: Send + 'static;
    /// How the service refuses.
    type Error: OperationError;
    /// How the output arrives: [`Whole`](crate::delivery::Whole), or as [`Events`](crate::delivery::Streaming).
    type Delivery;
    /// Who may call it.
    const AUTHENTICATION: Authentication = Authentication::Required;
    /// Whether the payload stays out of the signature, so that it need not be read before it is sent.
    /// <https://smithy.io/2.0/aws/aws-auth.html#aws-auth-unsignedpayload-trait>
    const UNSIGNED_PAYLOAD: bool = false;

    /// Gives each idempotency token that the caller left out a value of the generator's: a UUID, new for each call and
    /// the same for all attempts of one. Whoever serializes an input calls this first, once.
    /// <https://smithy.io/2.0/spec/behavior-traits.html#idempotencytoken-trait>
    fn fill_idempotency_tokens(_input: &mut Self::Input, _generator: &mut dyn FnMut() -> String) {}

    /// What stands before the endpoint's host, the dot at its end included; `None` for most operations. Whoever
    /// applies an endpoint to a request puts it there.
    /// <https://smithy.io/2.0/spec/endpoint-traits.html#endpoint-trait>
    ///
    /// # Errors
    /// A member that makes no label of a host name.
    fn host_prefix(_input: &Self::Input) -> Result<Option<String>, SerializeError> {
        Ok(None)
    }

    /// Puts an input on the wire.
    ///
    /// # Errors
    /// A member that cannot stand where the model binds it: an empty label, a control character in a field.
    fn serialize(input: Self::Input) -> Result<Request, SerializeError>;

    /// Takes an output off the wire; the status is one of success.
    ///
    /// # Errors
    /// A member that is not of its shape, named by its path.
    fn parse(response: &Response) -> Result<Self::Output, ParseError>;

    /// Takes an error off the wire: the modelled one by its code, then by its status, or the metadata as it is.
    ///
    /// # Errors
    /// A member of a modelled error that is not of its shape.
    fn parse_error(metadata: ErrorMetadata, response: &Response) -> Result<Self::Error, ParseError>;

    /// Whether the status is one of success: the one the model states, or any 2xx.
    fn is_success(status: http::StatusCode) -> bool {
        status.is_success()
    }
}

/// Who may call an operation. <https://smithy.io/2.0/spec/authentication-traits.html>
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Authentication {
    /// Who shows who they are.
    Required,
    /// Anybody. Who has credentials shows who they are.
    Optional,
    /// Anybody, and nobody shows who they are.
    None,
}

/// An operation whose input has a blob as its whole payload, so that a body can also be sent from a file.
/// <https://smithy.io/2.0/spec/http-bindings.html#httppayload-trait>
pub trait PayloadInput: Operation {
    /// Whether the length of the payload must be known before it is sent, and said in `Content-Length`.
    /// <https://smithy.io/2.0/spec/streaming.html#requireslength-trait>
    const REQUIRES_LENGTH: bool = false;
}

/// An operation whose output has a blob as its whole payload, so that it can also be read chunk by chunk:
/// [`parse`](Operation::parse) of a response with an empty body gives all other members.
pub trait PayloadOutput: Operation {}
