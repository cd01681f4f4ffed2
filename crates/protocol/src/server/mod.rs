//! The server code: parsing of requests, serialization of responses, and checks of constraints.

mod constraint;
mod json_checks;
mod query;
mod rejection;
mod response;
mod violation;
mod violations;

pub use constraint::{Constraint, Pattern};
pub use json_checks::JsonChecks;
pub use query::Query;
pub use rejection::{Rejection, parse};
pub use response::{ResponseBuilder, modeled_error};
pub use violation::{Violation, ViolationStyle};
pub use violations::{Constrained, Violations};

use std::borrow::Cow;

use jiff::Timestamp;

use crate::error::{ParseError, ParseErrorKind, SerializeError};
use crate::operation::{Operation, Request, Response};
use crate::timestamp::{self, Format};

/// The media type of the payload of a request or response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum MediaType {
    /// The message has no payload.
    None,
    /// The sender chooses the media type.
    Any,
    /// The model defines the media type.
    Only(&'static str),
}

/// The server code of an operation. It consists of pure functions on HTTP messages. Generated code implements
/// this trait.
pub trait ServerOperation: Operation {
    /// The media type of a request.
    const REQUEST_TYPE: MediaType = MediaType::None;

    /// The media type of a response.
    const RESPONSE_TYPE: MediaType = MediaType::None;

    /// Parses a request into the input of the operation.
    ///
    /// # Errors
    /// Returns an error if the method or path does not match the operation, or if a member does not match the
    /// model.
    fn parse_request(request: &Request) -> Result<Self::Input, ParseError>;

    /// Sets the members that are not set and have a default in the model.
    ///
    /// <https://smithy.io/2.0/spec/type-refinement-traits.html#default-trait>
    fn set_defaults(_input: &mut Self::Input) {}

    /// Adds the required members that the headers, the query or the body lack, at any depth. The function
    /// [`parse_request`](Self::parse_request) gives them the zero values of their types. Also records the first
    /// value that does not match the model, but that `parse_request` accepts: see
    /// [`Violations::malformed`].
    fn check_request(_request: &Request, _violations: &mut Violations) {}

    /// Adds the constraints of the model (length, range, pattern, enum, unique elements) that the input
    /// violates, at any depth.
    fn check_input(_input: &Self::Input, _violations: &mut Violations) {}

    /// Returns the required members that the request lacks, with the paths and messages of AWS services.
    fn missing_members(request: &Request) -> Violations {
        let mut violations = Violations::new();
        Self::check_request(request, &mut violations);
        violations
    }

    /// Returns the constraints of the model that the input violates, with the paths and messages of AWS
    /// services.
    fn violations(input: &Self::Input) -> Violations {
        let mut violations = Violations::new();
        Self::check_input(input, &mut violations);
        violations
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

/// Returns a parser of timestamps in the given format. In contrast to the parser of clients, rejects an offset
/// from UTC.
pub fn timestamp(format: Format) -> impl Fn(&str) -> Result<Timestamp, ParseErrorKind> {
    move |text| match format {
        Format::DateTime if !is_utc(text) => Err(ParseErrorKind::NotUtc),
        _ => timestamp::read(text, format),
    }
}

/// Returns `true` if a text has the form `1985-04-12T23:20:50.52Z`, with an optional fraction. The parser of
/// timestamps also accepts other forms of ISO 8601.
///
/// <https://smithy.io/2.0/spec/protocol-traits.html#timestampformat-trait>
fn is_utc(text: &str) -> bool {
    const FORM: &[u8] = b"0000-00-00T00:00:00";
    let Some((seconds, end)) = text.as_bytes().split_at_checked(FORM.len()) else { return false };
    let is_digit = |byte: &u8| byte.is_ascii_digit();
    let has_form = FORM.iter().zip(seconds).all(|(form, byte)| match form {
        b'0' => is_digit(byte),
        form => form == byte,
    });
    let fraction = match end {
        [b'Z'] => return has_form,
        [b'.', fraction @ .., b'Z'] => fraction,
        _ => return false,
    };
    has_form && !fraction.is_empty() && fraction.iter().all(is_digit)
}

#[cfg(test)]
mod tests;
