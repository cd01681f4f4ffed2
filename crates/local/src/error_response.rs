//! Error responses: modeled errors, and the common errors of all AWS services.

use std::borrow::Cow;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use http::{Response, StatusCode};
use invoke_model_types::{
    InternalServerException, InvokeModelWithResponseStream, InvokeModelWithResponseStreamError,
    OperationError, ResourceNotFoundException, ServerOperation, ValidationException,
};

use crate::families::Rejection;

pub(crate) const X_AMZN_ERRORTYPE: HeaderName = HeaderName::from_static("x-amzn-errortype");

/// An error that the endpoint responds with.
#[derive(Debug)]
pub(crate) enum ErrorResponse {
    /// A modeled error of either operation. `InvokeModelWithResponseStream` has all errors of `InvokeModel`
    /// and one additional error. Both operations serialize errors in the same way.
    Modeled(InvokeModelWithResponseStreamError),
    /// An error that the operations do not model.
    Common(CommonError),
}

/// An error of authentication or routing. All AWS services share these errors:
/// <https://docs.aws.amazon.com/bedrock/latest/APIReference/CommonErrors.html>
#[derive(Debug)]
pub(crate) struct CommonError {
    status: StatusCode,
    code: Cow<'static, str>,
    message: String,
}

impl CommonError {
    pub(crate) fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code: code.into(), message: message.into() }
    }

    pub(crate) fn forbidden(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, code, message)
    }

    pub(crate) fn message(&self) -> &str {
        &self.message
    }

    fn to_http(&self) -> Response<Bytes> {
        let body = serde_json::json!({ "message": self.message }).to_string();
        let mut response = Response::new(body.into());
        *response.status_mut() = self.status;
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        if let Ok(code) = HeaderValue::from_str(&self.code) {
            response.headers_mut().insert(X_AMZN_ERRORTYPE, code);
        }
        response
    }
}

impl ErrorResponse {
    pub(crate) fn validation(message: impl Into<String>) -> Self {
        let mut error = ValidationException::default();
        error.message = Some(message.into());
        Self::Modeled(error.into())
    }

    pub(crate) fn internal(message: impl Into<String>) -> Self {
        let mut error = InternalServerException::default();
        error.message = Some(message.into());
        Self::Modeled(error.into())
    }

    /// Returns the error for a model id that does not exist, with the message of the service.
    pub(crate) fn unknown_model() -> Self {
        let mut error = ResourceNotFoundException::default();
        error.message =
            Some("Could not resolve the foundation model from the provided model identifier.".to_owned());
        Self::Modeled(error.into())
    }

    /// Serializes the error as an HTTP response.
    pub(crate) fn to_http(&self) -> Response<Bytes> {
        let error = match self {
            Self::Common(error) => return error.to_http(),
            Self::Modeled(error) => error,
        };
        match InvokeModelWithResponseStream::serialize_error(error) {
            Ok(Some(response)) => response,
            // The model does not define this error. A test has parsed it from another response, so keep its
            // status, code and message.
            Ok(None) => CommonError::from(error).to_http(),
            Err(error) => {
                let status = StatusCode::INTERNAL_SERVER_ERROR;
                CommonError::new(status, "InternalServerException", error.to_string()).to_http()
            }
        }
    }
}

impl From<CommonError> for ErrorResponse {
    fn from(error: CommonError) -> Self {
        Self::Common(error)
    }
}

impl From<Rejection> for ErrorResponse {
    fn from(rejection: Rejection) -> Self {
        match rejection {
            Rejection::Validation(message) => Self::validation(message),
            Rejection::Internal(message) => Self::internal(message),
        }
    }
}

impl From<&InvokeModelWithResponseStreamError> for CommonError {
    fn from(error: &InvokeModelWithResponseStreamError) -> Self {
        let status = match error {
            InvokeModelWithResponseStreamError::Unmodeled(metadata) => metadata.status(),
            _ => StatusCode::INTERNAL_SERVER_ERROR,
        };
        let code = error.code().unwrap_or("UnknownError").to_owned();
        Self { status, code: code.into(), message: error.message().unwrap_or_default().to_owned() }
    }
}
