//! Errors of any operation, without the type of the operation.

use std::borrow::Cow;
use std::fmt;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use http::{Response, StatusCode};
use invoke_model_protocol::event_stream::{self, EventStream, Message};
use invoke_model_protocol::{
    ErrorMetadata, ModeledError, OperationError, SerializeError, SerializeErrorKind,
};
use invoke_model_types as types;
use invoke_model_types::{ServerOperation, ValidationException};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::families::{MODELS, Rejection};

pub(crate) const X_AMZN_ERRORTYPE: HeaderName = HeaderName::from_static("x-amzn-errortype");

/// The suffix that the service appends to the error code in [`X_AMZN_ERRORTYPE`].
const CODE_SUFFIX: &str = ":http://internal.amazon.com/coral/com.amazon.bedrock/";

/// An error of any operation. It contains the status, the code, the message and the other members.
///
/// Every generated error, and the error enum of every operation, converts into this type. The endpoint can
/// send any error in the response to any operation, or at the end of any stream.
///
/// ```
/// use http::StatusCode;
/// use invoke_model_local::ServiceError;
/// use invoke_model_types::ThrottlingException;
///
/// let throttled = ServiceError::from(ThrottlingException::default());
/// assert_eq!((throttled.status().as_u16(), throttled.code()), (429, "ThrottlingException"));
/// let unmodeled = ServiceError::new(StatusCode::BAD_GATEWAY, "BadGatewayException", "try again");
/// assert_eq!(unmodeled.message(), Some("try again"));
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct ServiceError {
    status: StatusCode,
    code: Cow<'static, str>,
    members: Map<String, Value>,
    /// `true` if the Smithy model defines the error.
    is_modeled: bool,
}

impl ServiceError {
    /// Creates an error that the Smithy model does not define. All AWS services share some of these errors:
    /// <https://docs.aws.amazon.com/bedrock/latest/APIReference/CommonErrors.html>
    pub fn new(status: StatusCode, code: impl Into<Cow<'static, str>>, message: impl Into<String>) -> Self {
        let members = Map::from_iter([("message".to_owned(), Value::String(message.into()))]);
        Self { status, code: code.into(), members, is_modeled: false }
    }

    /// Returns the HTTP status.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// Returns the error code, for example `ThrottlingException`.
    pub fn code(&self) -> &str {
        &self.code
    }

    /// Returns the error message.
    pub fn message(&self) -> Option<&str> {
        self.members.get("message").and_then(Value::as_str)
    }

    /// Returns the members that are set, including the message.
    pub(crate) fn members(&self) -> &Map<String, Value> {
        &self.members
    }

    pub(crate) fn forbidden(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, code, message)
    }

    pub(crate) fn validation(message: impl Into<String>) -> Self {
        let mut error = ValidationException::default();
        error.message = Some(message.into());
        error.into()
    }

    pub(crate) fn internal(message: impl Into<String>) -> Self {
        let mut error = types::InternalServerException::default();
        error.message = Some(message.into());
        error.into()
    }

    pub(crate) fn unavailable(message: impl Into<String>) -> Self {
        let mut error = types::ServiceUnavailableException::default();
        error.message = Some(message.into());
        error.into()
    }

    /// Returns the error for a model that the local endpoint does not have. The message consists of the
    /// message of the service and a list with one model of each family.
    pub(crate) fn unknown_model() -> Self {
        let mut families = Vec::new();
        let mut models = Vec::new();
        for model in MODELS {
            if !families.contains(&model.family) {
                families.push(model.family);
                models.push(model.id);
            }
        }
        Self::validation(format!(
            "The provided model identifier is invalid. The local endpoint does not have this model. It has models of \
             the families of {}",
            models.join(", ")
        ))
    }

    /// Serializes the error as an HTTP response.
    pub(crate) fn to_http(&self) -> Response<Bytes> {
        let mut response = Response::new(self.body());
        *response.status_mut() = self.status;
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        if let Ok(code) = HeaderValue::from_str(&format!("{}{CODE_SUFFIX}", self.code)) {
            response.headers_mut().insert(X_AMZN_ERRORTYPE, code);
        }
        response
    }

    /// Returns the frame that ends a stream with this error. A modeled error is an `exception` frame. Any
    /// other error is an `error` frame.
    pub(crate) fn to_frame(&self) -> Result<Message, SerializeError> {
        let mut frame = Message::builder();
        let mut set = |name: &'static str, value: &str| {
            let set = frame.header(name, event_stream::HeaderValue::String(value)).map(|_| ());
            set.map_err(|error| SerializeError::new(name, SerializeErrorKind::EventHeader(error.to_string())))
        };
        if self.is_modeled {
            set(":message-type", "exception")?;
            set(":exception-type", &lower_camel(&self.code))?;
            set(":content-type", "application/json")?;
            Ok(frame.payload(self.body()))
        } else {
            set(":message-type", "error")?;
            set(":error-code", &self.code)?;
            set(":error-message", self.message().unwrap_or_default())?;
            Ok(frame.payload(""))
        }
    }

    fn body(&self) -> Bytes {
        serde_json::to_vec(&self.members).unwrap_or_default().into()
    }

    fn modeled<E: ModeledError + Serialize>(error: &E) -> Self {
        let members = match serde_json::to_value(error) {
            Ok(Value::Object(members)) => members,
            _ => Map::new(),
        };
        let status = StatusCode::from_u16(E::STATUS).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        Self { status, code: E::CODE.into(), members, is_modeled: true }
    }

    /// Converts a modeled error of an operation or of a stream. `body` is the JSON object with the members of
    /// the error.
    fn from_facts(error: &impl OperationError, body: &[u8]) -> Self {
        let facts = error.facts();
        let status = facts.status.and_then(|status| StatusCode::from_u16(status).ok());
        Self {
            status: status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
            code: facts.code.unwrap_or("UnknownError").to_owned().into(),
            members: serde_json::from_slice(body).unwrap_or_default(),
            is_modeled: true,
        }
    }
}

impl fmt::Display for ServiceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.message() {
            Some(message) => write!(f, "{}: {message}", self.code),
            None => f.write_str(&self.code),
        }
    }
}

impl std::error::Error for ServiceError {}

impl From<Rejection> for ServiceError {
    fn from(rejection: Rejection) -> Self {
        match rejection {
            Rejection::Validation(message) => Self::validation(message),
            Rejection::Internal(message) => Self::internal(message),
        }
    }
}

impl From<ErrorMetadata> for ServiceError {
    fn from(metadata: ErrorMetadata) -> Self {
        let code = metadata.code().unwrap_or("UnknownError").to_owned();
        Self::new(metadata.status(), code, metadata.message().unwrap_or_default())
    }
}

/// Converts the first letter of an error code to lower case. Streams use this form of the code.
fn lower_camel(code: &str) -> String {
    let mut letters = code.chars();
    letters
        .next()
        .map_or_else(String::new, |first| format!("{}{}", first.to_ascii_lowercase(), letters.as_str()))
}

macro_rules! modeled_errors {
    ($($name:ident),* $(,)?) => {
        $(impl From<types::$name> for ServiceError {
            fn from(error: types::$name) -> Self {
                Self::modeled(&error)
            }
        })*

        impl ServiceError {
            /// The codes of all modeled errors.
            pub(crate) const MODELED: &[&str] = &[$(stringify!($name)),*];

            /// Deserializes the modeled error with the given code from its members. Returns `None` for an
            /// unknown code.
            pub(crate) fn by_code(code: &str, members: &Value) -> Option<Result<Self, serde_json::Error>> {
                Some(match code {
                    $(stringify!($name) => types::$name::deserialize(members).map(Into::into),)*
                    _ => return None,
                })
            }
        }
    };
}

modeled_errors!(
    AccessDeniedException,
    ConflictException,
    InternalServerException,
    ModelErrorException,
    ModelNotReadyException,
    ModelStreamErrorException,
    ModelTimeoutException,
    ResourceNotFoundException,
    ServiceQuotaExceededException,
    ServiceUnavailableException,
    ThrottlingException,
    ValidationException,
);

macro_rules! operation_errors {
    ($($operation:ident: $error:ident),* $(,)?) => {
        $(impl From<types::$error> for ServiceError {
            fn from(error: types::$error) -> Self {
                if let types::$error::Unmodeled(metadata) = error {
                    return metadata.into();
                }
                match types::$operation::serialize_error(&error) {
                    Ok(response) => {
                        Self::from_facts(&error, response.as_ref().map_or(b"{}", |response| response.body()))
                    }
                    Err(error) => Self::internal(error.to_string()),
                }
            }
        })*
    };
}

operation_errors!(
    ApplyGuardrail: ApplyGuardrailError,
    Converse: ConverseError,
    ConverseStream: ConverseStreamError,
    CountTokens: CountTokensError,
    GetAsyncInvoke: GetAsyncInvokeError,
    InvokeGuardrailChecks: InvokeGuardrailChecksError,
    InvokeModel: InvokeModelError,
    InvokeModelWithBidirectionalStream: InvokeModelWithBidirectionalStreamError,
    InvokeModelWithResponseStream: InvokeModelWithResponseStreamError,
    ListAsyncInvokes: ListAsyncInvokesError,
    StartAsyncInvoke: StartAsyncInvokeError,
);

macro_rules! stream_errors {
    ($($events:ident: $error:ident),* $(,)?) => {
        $(impl From<types::$error> for ServiceError {
            fn from(error: types::$error) -> Self {
                if let types::$error::Unmodeled(metadata) = error {
                    return metadata.into();
                }
                match types::$events::exception(&error) {
                    Ok(message) => Self::from_facts(&error, message.payload()),
                    Err(error) => Self::internal(error.to_string()),
                }
            }
        })*
    };
}

stream_errors!(
    ConverseStreamEvent: ConverseStreamEventError,
    InvokeModelWithBidirectionalStreamOutputEvent: InvokeModelWithBidirectionalStreamOutputEventError,
    ResponseStream: ResponseStreamError,
);
