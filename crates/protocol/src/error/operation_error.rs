//! What generated errors say of themselves.

use std::fmt;

use crate::ErrorMetadata;

/// Whose fault a modelled error is. <https://smithy.io/2.0/spec/type-refinement-traits.html#error-trait>
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Fault {
    /// The caller's.
    Client,
    /// The service's.
    Server,
}

/// What the `retryable` trait says of an error.
/// <https://smithy.io/2.0/spec/behavior-traits.html#retryable-trait>
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Retryable {
    /// The same call may succeed later.
    Transient,
    /// The same call may succeed at a slower pace.
    Throttling,
}

/// One error shape of a model.
pub trait ModeledError: std::error::Error {
    /// The code on the wire: the shape's name.
    const CODE: &'static str;
    /// The status that the service answers with.
    const STATUS: u16;
    /// Whose fault it is.
    const FAULT: Fault;
    /// Whether the model says that a retry can help.
    const RETRYABLE: Option<Retryable>;

    /// What the service says in words.
    fn message(&self) -> Option<&str>;
}

/// Writes `Code: message`, the `Display` of every modelled error.
///
/// # Errors
/// Those of the formatter.
pub fn write_error<E: ModeledError>(error: &E, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match error.message() {
        Some(message) => write!(f, "{}: {message}", E::CODE),
        None => f.write_str(E::CODE),
    }
}

/// The errors of one operation: the modelled ones, or what an answer without a modelled one said.
pub trait OperationError: std::error::Error + From<ErrorMetadata> + Send + Sync + 'static {
    /// The code: a modelled error's name, or whatever the answer said.
    fn code(&self) -> Option<&str>;

    /// What the service says in words.
    fn message(&self) -> Option<&str>;

    /// Whose fault a modelled error is.
    fn fault(&self) -> Option<Fault>;

    /// The status that the model gives a modelled error, which says the same where it comes without one: in a stream.
    fn status(&self) -> Option<u16>;

    /// Whether the model says that a retry can help.
    fn retryable(&self) -> Option<Retryable>;
}
