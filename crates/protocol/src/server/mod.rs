//! The server code: parsing of requests, serialization of responses, and checks of constraints.

mod constraint;
mod query;
mod required;
mod response;

pub use constraint::{Constrained, Constraint, Violation, Violations};
pub use query::Query;
pub use required::RequiredMembers;
pub use response::{ResponseBuilder, modeled_error};

use std::borrow::Cow;

use crate::error::{ParseError, ParseErrorKind, SerializeError};
use crate::operation::{Operation, Request, Response};

/// The server code of an operation. It consists of pure functions on HTTP messages. Generated code implements
/// this trait.
pub trait ServerOperation: Operation {
    /// Parses a request into the input of the operation.
    ///
    /// # Errors
    /// Returns an error if the method or path does not match the operation, or if a member does not match the
    /// model.
    fn parse_request(request: &Request) -> Result<Self::Input, ParseError>;

    /// Returns the required members that the headers, the query or the body lack, at any depth. The function
    /// [`parse_request`](Self::parse_request) gives them the zero values of their types.
    fn missing_members(_request: &Request) -> Violations {
        Violations::new()
    }

    /// Returns the constraints of the model (length, range, pattern, enum) that the input violates, at any
    /// depth.
    fn violations(_input: &Self::Input) -> Violations {
        Violations::new()
    }

    /// Serializes an output into a response.
    ///
    /// # Errors
    /// Returns an error if a member cannot be serialized at its HTTP binding.
    fn serialize_response(output: Self::Output) -> Result<Response, SerializeError>;

    /// Serializes an error into a response. Returns `None` for an error that is not in the model.
    ///
    /// # Errors
    /// Returns an error if a member cannot be serialized at its HTTP binding.
    fn serialize_error(_error: &Self::Error) -> Result<Option<Response>, SerializeError> {
        Ok(None)
    }
}

/// Returns the decoded labels of a request in the order of the operation's path.
///
/// # Errors
/// Returns an error if the method or path does not match the operation.
pub fn labels<O: Operation>(request: &Request) -> Result<Vec<(&'static str, Cow<'_, str>)>, ParseError> {
    let route = O::ROUTE;
    let matching = (*request.method() == route.method).then(|| route.labels(request.uri().path())).flatten();
    matching.ok_or_else(|| ParseErrorKind::Target { expected: route.to_string() }.into())
}

/// Parses the label of a member.
///
/// # Errors
/// Returns an error if the label is missing or cannot be parsed as the member's type.
pub fn label<T>(
    labels: &[(&'static str, Cow<'_, str>)],
    member: &str,
    read: impl Fn(&str) -> Result<T, ParseErrorKind>,
) -> Result<T, ParseError> {
    let found = labels.iter().find(|(name, _)| *name == member);
    let (_, text) = found.ok_or_else(|| ParseError::new(member, ParseErrorKind::Missing))?;
    read(text).map_err(|kind| ParseError::new(member, kind))
}
