//! Service errors, independent of the operation.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

use invoke_model_protocol::{ErrorFault, OperationError, Retryable};

/// The properties of a service error that [`Error`](crate::Error) uses.
///
/// This trait is not exported. Every [`OperationError`] type and [`ServiceError`] implement it, so `Error`
/// has the same methods, failure class and error text for all of these types. [`ServiceError`] must not implement
/// [`OperationError`], because `From<Error<E>> for Error` would then overlap with `From<T> for T`.
pub trait ServiceErrorDetails: Error + Send + Sync + 'static {
    #[doc(hidden)]
    fn code(&self) -> Option<&str>;
    #[doc(hidden)]
    fn message(&self) -> Option<&str>;
    #[doc(hidden)]
    fn fault(&self) -> Option<ErrorFault>;
    #[doc(hidden)]
    fn status(&self) -> Option<u16>;
    #[doc(hidden)]
    fn retryable(&self) -> Option<Retryable>;
    /// Returns the error of the operation, without the wrapper [`ServiceError`].
    #[doc(hidden)]
    fn as_error(&self) -> &(dyn Error + 'static);
}

impl<E: OperationError> ServiceErrorDetails for E {
    fn code(&self) -> Option<&str> {
        OperationError::code(self)
    }

    fn message(&self) -> Option<&str> {
        OperationError::message(self)
    }

    fn fault(&self) -> Option<ErrorFault> {
        OperationError::fault(self)
    }

    fn status(&self) -> Option<u16> {
        OperationError::status(self)
    }

    fn retryable(&self) -> Option<Retryable> {
        OperationError::retryable(self)
    }

    fn as_error(&self) -> &(dyn Error + 'static) {
        self
    }
}

/// A service error of any operation. It is the default type parameter of [`Error`](crate::Error).
///
/// `Display`, `Debug` and `source` return the same results as for the error of the operation.
#[derive(Clone)]
pub struct ServiceError(Arc<dyn ServiceErrorDetails>);

impl ServiceError {
    pub(crate) fn new(error: impl OperationError) -> Self {
        Self(Arc::new(error))
    }

    /// Returns the error of the operation. The type is the error type of the operation that [`new`](Self::new) has
    /// received.
    pub(super) fn into_operation_error<E: OperationError>(self) -> E {
        self.downcast_ref::<E>().cloned().expect("an operation has one error type")
    }

    /// Returns the error code, for example `ThrottlingException`.
    pub fn code(&self) -> Option<&str> {
        self.0.code()
    }

    /// Returns the message of the service.
    pub fn message(&self) -> Option<&str> {
        self.0.message()
    }

    /// Returns the HTTP status that the model defines for the error. Returns `None` if the model does not
    /// define the error. For an error within an event stream, this is the only status, because an event has no
    /// HTTP status.
    pub fn status(&self) -> Option<u16> {
        self.0.status()
    }

    /// Returns the error of the operation if it is of type `E`, for example
    /// [`InvokeModelError`](crate::types::InvokeModelError).
    pub fn downcast_ref<E: OperationError>(&self) -> Option<&E> {
        self.0.as_error().downcast_ref()
    }
}

impl ServiceErrorDetails for ServiceError {
    fn code(&self) -> Option<&str> {
        self.0.code()
    }

    fn message(&self) -> Option<&str> {
        self.0.message()
    }

    fn fault(&self) -> Option<ErrorFault> {
        self.0.fault()
    }

    fn status(&self) -> Option<u16> {
        self.0.status()
    }

    fn retryable(&self) -> Option<Retryable> {
        self.0.retryable()
    }

    fn as_error(&self) -> &(dyn Error + 'static) {
        self.0.as_error()
    }
}

impl fmt::Display for ServiceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for ServiceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl Error for ServiceError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.0.source()
    }
}
