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

/// Implements `Display`, with [`write_error`], and `Error` for a generated error.
#[macro_export]
macro_rules! modeled_error {
    ($name:ident) => {
        impl ::std::fmt::Display for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                $crate::write_error(self, f)
            }
        }

        impl ::std::error::Error for $name {}
    };
}

/// Defines the enum of the errors of an operation, with a variant for each of these error types.
#[macro_export]
macro_rules! operation_error {
    ($name:ident, $doc:literal, [$($error:ident),*]) => {
        #[doc = $doc]
        #[derive(Clone, Debug, PartialEq, ::thiserror::Error)]
        #[non_exhaustive]
        pub enum $name {
            $(
                #[doc = concat!("[`", stringify!($error), "`].")]
                #[error(transparent)]
                $error(#[from] $error),
            )*
            /// An error that the model does not have, or a response without an error code.
            #[error(transparent)]
            Unmodeled(#[from] $crate::ErrorMetadata),
        }

        impl $crate::OperationError for $name {
            fn facts(&self) -> $crate::ErrorFacts<'_> {
                match self {
                    $(Self::$error(error) => $crate::ErrorFacts::modeled(error),)*
                    Self::Unmodeled(metadata) => $crate::ErrorFacts::unmodeled(metadata),
                }
            }
        }
    };
}

/// Facts of an error: those of its type if it is modeled, or else those that the response states.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ErrorFacts<'a> {
    /// The code: the name of a modeled error, or the code that the response states.
    pub code: Option<&'a str>,
    /// The message of the service.
    pub message: Option<&'a str>,
    /// Whether the client or the server causes a modeled error.
    pub fault: Option<Fault>,
    /// The status that the model gives to a modeled error. In an event stream the error comes without one.
    pub status: Option<u16>,
    /// Whether the model declares that a retry can succeed.
    pub retryable: Option<Retryable>,
}

impl<'a> ErrorFacts<'a> {
    /// The facts of a modeled error.
    pub fn modeled<E: ModeledError>(error: &'a E) -> Self {
        Self {
            code: Some(E::CODE),
            message: error.message(),
            fault: Some(E::FAULT),
            status: Some(E::STATUS),
            retryable: E::RETRYABLE,
        }
    }

    /// The facts of an error that the model does not have.
    pub fn unmodeled(metadata: &'a ErrorMetadata) -> Self {
        let (code, message) = (metadata.code(), metadata.message());
        Self { code, message, fault: None, status: None, retryable: None }
    }
}

/// The errors of one operation: an enum of the modeled errors, and the metadata of every other error.
pub trait OperationError: std::error::Error + From<ErrorMetadata> + Send + Sync + 'static {
    /// Returns the facts of the error.
    fn facts(&self) -> ErrorFacts<'_>;

    /// Returns the code: the name of a modeled error, or the code that the response states.
    fn code(&self) -> Option<&str> {
        self.facts().code
    }

    /// Returns the message of the service.
    fn message(&self) -> Option<&str> {
        self.facts().message
    }

    /// Returns whether the client or the server causes a modeled error.
    fn fault(&self) -> Option<Fault> {
        self.facts().fault
    }

    /// Returns the status that the model gives to a modeled error. In an event stream the error comes without
    /// one.
    fn status(&self) -> Option<u16> {
        self.facts().status
    }

    /// Returns whether the model declares that a retry can succeed.
    fn retryable(&self) -> Option<Retryable> {
        self.facts().retryable
    }
}
