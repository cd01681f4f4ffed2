//! Traits of generated errors, and the facts that these traits return, such as the error code.

use std::fmt;

use crate::ErrorMetadata;

/// The party that causes a modeled error.
/// <https://smithy.io/2.0/spec/type-refinement-traits.html#error-trait>
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorFault {
    /// The caller, who sent an invalid request.
    Client,
    /// The service, which failed.
    Server,
}

/// The kind of a retryable error. The model declares this kind with the `retryable` trait.
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
    /// Code of the error in a response. The code is the name of the shape.
    const CODE: &'static str;
    /// HTTP status of the response.
    const STATUS: u16;
    /// The party that causes the error.
    const FAULT: ErrorFault;
    /// The kind of a retryable error, or `None` if the model does not declare the error retryable.
    const RETRYABLE: Option<Retryable>;

    /// Returns the error message that the service sent.
    fn message(&self) -> Option<&str>;
}

/// Writes `Code: message`. This text is the `Display` output of every modeled error.
///
/// # Errors
/// Returns the errors of the formatter.
pub fn write_error<E: ModeledError>(error: &E, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match error.message() {
        Some(message) => write!(f, "{}: {message}", E::CODE),
        None => f.write_str(E::CODE),
    }
}

/// Implements `Display` (with [`write_error`]) and `Error` for a generated error.
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

/// Defines the error enum of an operation, with one variant for each of the given error types.
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
            /// An error that does not match an error in the model, for example because its code is unknown.
            #[error(transparent)]
            Unmodeled(#[from] $crate::ErrorMetadata),
        }

        impl $crate::OperationError for $name {
            const CODES: &'static [&'static str] = &[$(<$error as $crate::ModeledError>::CODE),*];

            fn facts(&self) -> $crate::ErrorFacts<'_> {
                match self {
                    $(Self::$error(error) => $crate::ErrorFacts::modeled(error),)*
                    Self::Unmodeled(metadata) => $crate::ErrorFacts::unmodeled(metadata),
                }
            }
        }
    };
}

/// Facts of an error. For a modeled error, all facts except the message come from the model. For all other
/// errors, the code and the message come from the response, and the other facts are `None`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ErrorFacts<'a> {
    /// The error code. For a modeled error, the code is the name of the error shape. For all other errors,
    /// the code is taken from the response.
    pub code: Option<&'a str>,
    /// The error message that the service sent.
    pub message: Option<&'a str>,
    /// The party that causes a modeled error, or `None` for all other errors.
    pub fault: Option<ErrorFault>,
    /// The HTTP status that the model defines for a modeled error, or `None` for all other errors. A modeled
    /// error in an event stream also has this status, although the stream does not contain a status.
    pub status: Option<u16>,
    /// The kind of a retryable error, or `None` if the model does not declare the error retryable.
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

/// The errors of one operation. The type is an enum. It has one variant for each modeled error, and one
/// variant that contains the metadata of all other errors.
pub trait OperationError: std::error::Error + Clone + From<ErrorMetadata> + Send + Sync + 'static {
    /// Codes of the modeled errors.
    const CODES: &'static [&'static str];

    /// Returns the facts of the error.
    fn facts(&self) -> ErrorFacts<'_>;

    /// Returns the error code. For a modeled error, the code is the name of the error shape. For all other
    /// errors, the code is taken from the response.
    fn code(&self) -> Option<&str> {
        self.facts().code
    }

    /// Returns the error message that the service sent.
    fn message(&self) -> Option<&str> {
        self.facts().message
    }

    /// Returns the party that causes a modeled error, or `None` for all other errors.
    fn fault(&self) -> Option<ErrorFault> {
        self.facts().fault
    }

    /// Returns the HTTP status that the model defines for a modeled error, or `None` for all other errors. A
    /// modeled error in an event stream also has this status, although the stream does not contain a status.
    fn status(&self) -> Option<u16> {
        self.facts().status
    }

    /// Returns the kind of a retryable error, or `None` if the model does not declare the error retryable.
    fn retryable(&self) -> Option<Retryable> {
        self.facts().retryable
    }
}
