//! The other direction: requests read, responses written, constraints checked.

mod constraint;
mod operation;
mod query;
mod response;

pub use constraint::{Constraint, Violation, Violations};
pub use operation::ServerOperation;
pub use query::Query;
pub use response::{ResponseBuilder, modeled_error};

use std::borrow::Cow;

use crate::{Operation, ParseError, ParseErrorKind, Request};

/// The labels of a request, percent-decoded, in the order of the operation's path.
///
/// # Errors
/// The request is not one of this operation.
pub fn labels<O: Operation>(request: &Request) -> Result<Vec<(&'static str, Cow<'_, str>)>, ParseError> {
    let route = O::ROUTE;
    let matching = (*request.method() == route.method).then(|| route.labels(request.uri().path())).flatten();
    matching.ok_or_else(|| ParseErrorKind::Target { expected: route.to_string() }.into())
}

/// Reads the label at a place of the list.
///
/// # Errors
/// Not of its type.
pub fn label<T>(
    labels: &[(&'static str, Cow<'_, str>)],
    member: &str,
    read: impl Fn(&str) -> Result<T, ParseErrorKind>,
) -> Result<T, ParseError> {
    let found = labels.iter().find(|(name, _)| *name == member);
    let (_, text) = found.ok_or_else(|| ParseError::new(member, ParseErrorKind::Missing))?;
    read(text).map_err(|kind| ParseError::new(member, kind))
}
