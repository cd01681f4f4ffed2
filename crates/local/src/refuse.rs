//! Answers that are no success: the modelled errors, and those that stand in front of every AWS service.

use std::borrow::Cow;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use http::{Response, StatusCode};
use invoke_model_types::{
    InternalServerException, InvokeModelWithResponseStream, InvokeModelWithResponseStreamError,
    OperationError, ServerOperation, ValidationException,
};

use crate::families;

pub(crate) const X_AMZN_ERRORTYPE: HeaderName = HeaderName::from_static("x-amzn-errortype");

/// Why a request gets no answer of a model.
#[derive(Debug)]
pub(crate) enum Refused {
    /// An error of the operation. Those of `InvokeModelWithResponseStream` are those of `InvokeModel` and one more, and look
    /// the same on the wire.
    Modeled(InvokeModelWithResponseStreamError),
    /// An error that the operation's model does not have.
    Common(CommonError),
}

/// An error of the front that all AWS services share: authentication, routing.
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

    fn response(&self) -> Response<Bytes> {
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

impl Refused {
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

    pub(crate) fn response(&self) -> Response<Bytes> {
        let error = match self {
            Self::Common(error) => return error.response(),
            Self::Modeled(error) => error,
        };
        match InvokeModelWithResponseStream::serialize_error(error) {
            Ok(Some(response)) => response,
            // An error that somebody raised from the answer of another service: said again.
            Ok(None) => CommonError::from(error).response(),
            Err(error) => {
                let status = StatusCode::INTERNAL_SERVER_ERROR;
                CommonError::new(status, "InternalServerException", error.to_string()).response()
            }
        }
    }
}

impl From<CommonError> for Refused {
    fn from(error: CommonError) -> Self {
        Self::Common(error)
    }
}

impl From<families::Refusal> for Refused {
    fn from(refusal: families::Refusal) -> Self {
        match refusal {
            families::Refusal::Validation(message) => Self::validation(message),
            families::Refusal::Internal(message) => Self::internal(message),
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
