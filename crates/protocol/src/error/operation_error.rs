//! Traits of generated errors, and the facts that each error states.

use std::fmt;

use crate::ErrorMetadata;

/// Party that causes a modeled error. <https://smithy.io/2.0/spec/type-refinement-traits.html#error-trait>
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorFault {
    /// The caller: the request is wrong.
    Client,
    /// The service failed.
    Server,
}

/// Kind of a retryable error, from the `retryable` trait.
/// <https://smithy.io/2.0/spec/behavior-traits.html#retryable-trait>
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Retryable {
    /// The same request can succeed later.
    Transient,
    /// The same request can succeed at a lower rate.
    Throttling,
}

/// One error shape of a model.
pub trait ModeledError: std::error::Error {
    /// Code on the wire: the name of the shape.
    const CODE: &'static str;
    /// HTTP status of the response.
    const STATUS: u16;
    /// Party that causes the error.
    const FAULT: ErrorFault;
    /// Kind of the error if the model declares it retryable.
    const RETRYABLE: Option<Retryable>;

    /// Returns the message of the service.
    fn message(&self) -> Option<&str>;
}

/// Writes `Code: message`, the `Display` of every modeled error.
///
/// # Errors
/// Returns the errors of the formatter.
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
            /// An error that the model does not define, or a response without an error code.
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
    /// Party that causes a modeled error.
    pub fault: Option<ErrorFault>,
    /// The status that the model gives to a modeled error. In an event stream the error comes without one.
    pub status: Option<u16>,
    /// Kind of the error if the model declares it retryable.
    pub retryable: Option<Retryable>,
}

impl<'a> ErrorFacts<'a> {
    /// Returns the facts of a modeled error.
    pub fn modeled<E: ModeledError>(error: &'a E) -> Self {
        Self {
            code: Some(E::CODE),
            message: error.message(),
            fault: Some(E::FAULT),
            status: Some(E::STATUS),
            retryable: E::RETRYABLE,
        }
    }

    /// Returns the facts of an error that the model does not define.
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

    /// Returns the party that causes a modeled error.
    fn fault(&self) -> Option<ErrorFault> {
        self.facts().fault
    }

    /// Returns the status that the model gives to a modeled error. In an event stream the error comes without
    /// one.
    fn status(&self) -> Option<u16> {
        self.facts().status
    }

    /// Returns the kind of the error if the model declares it retryable.
    fn retryable(&self) -> Option<Retryable> {
        self.facts().retryable
    }
}
