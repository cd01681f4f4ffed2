//! The parts that all error responses have in common: code, message, status and request id.

use std::fmt;

use http::{HeaderMap, StatusCode};
use serde_json::{Map, Value};

use crate::event_stream::Message;
use crate::operation::Response;

/// Code, message, status and request id of an error response. The model does not have to define the error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ErrorMetadata {
    code: Option<String>,
    message: Option<String>,
    status: StatusCode,
    request_id: Option<String>,
    body: Body,
}

/// Format of the body. The format indicates whether the service or a proxy sent the response.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Body {
    Empty,
    JsonObject,
    Other { content_type: Option<String>, length: usize },
}

impl ErrorMetadata {
    /// Parses an error response. This function never fails: missing parts are `None`.
    ///
    /// The function looks for the code in three places, in this order: the header `X-Amzn-ErrorType`, the
    /// member `code` of the body, and the member `__type` of the body.
    ///
    /// <https://smithy.io/2.0/aws/protocols/aws-restjson1-protocol.html#operation-error-serialization>
    pub fn from_response(response: &Response) -> Self {
        let headers = response.headers();
        let object = object(response.body());
        let body = match &object {
            _ if response.body().is_empty() => Body::Empty,
            Some(_) => Body::JsonObject,
            None => Body::Other {
                content_type: text(headers, "content-type").map(str::to_owned),
                length: response.body().len(),
            },
        };
        let object = object.unwrap_or_default();
        let code = text(headers, "x-amzn-errortype")
            .or_else(|| object.get("code").and_then(Value::as_str))
            .or_else(|| object.get("__type").and_then(Value::as_str));
        Self {
            code: code.map(bare_code).filter(|code| !code.is_empty()).map(str::to_owned),
            message: message(&object).map(str::to_owned),
            status: response.status(),
            request_id: request_id(headers).map(str::to_owned),
            body,
        }
    }

    /// Adds the code and the message from the member `error` of the body. The OpenAI API and the Messages API
    /// of Anthropic nest the code and the message in this member.
    ///
    /// The nested code is the member `code` or, if `code` is not a string, the member `type`. If the metadata
    /// already has a code, this function keeps the code and adds only a missing message. If `error` is a
    /// text, the text is the message.
    ///
    /// # Errors
    /// Returns the unchanged metadata if `error` is missing or has another type, or if `error` adds nothing
    /// to the metadata.
    pub fn with_nested_error(self, response: &Response) -> Result<Self, Self> {
        let object = object(response.body()).unwrap_or_default();
        let error = match object.get("error") {
            Some(Value::Object(error)) => error,
            // Some servers send the message alone.
            Some(Value::String(message)) if self.message.is_none() => {
                return Ok(Self { message: Some(message.clone()), ..self });
            }
            _ => return Err(self),
        };
        let text = |name| error.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
        let nested_code = text("code").or_else(|| text("type")).map(str::to_owned);
        let message = text("message").map(str::to_owned);
        match (self.code, self.message) {
            (None, own) => Ok(Self { code: nested_code, message: message.or(own), ..self }),
            (code, None) if message.is_some() => Ok(Self { code, message, ..self }),
            (code, own) => Err(Self { code, message: own, ..self }),
        }
    }

    /// Parses an error message of an event stream.
    ///
    /// The code is the value of the header `:error-code`. If this header is missing or empty, the code is the
    /// value of `:exception-type`. The message is the value of the header `:error-message`. If this header is
    /// missing or empty, the message is taken from the payload.
    ///
    /// The status is always 200, because the response that contains the stream has already started
    /// successfully.
    ///
    /// <https://smithy.io/2.0/aws/amazon-eventstream.html>
    pub fn from_message(message: &Message) -> Self {
        let (code, text) = crate::event_stream::error_of(message);
        // A proxy cannot send a message inside a stream, so the format of the payload does not matter.
        Self { code, message: text, status: StatusCode::OK, request_id: None, body: Body::Empty }
    }

    /// Returns the error code. Does not include the namespace and the URI that some services add to the code.
    pub fn code(&self) -> Option<&str> {
        self.code.as_deref()
    }

    /// Returns the error message that the service sent.
    pub fn message(&self) -> Option<&str> {
        self.message.as_deref()
    }

    /// Returns the HTTP status.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// Returns the id that the service assigned to the request. AWS support needs this id to find the
    /// request.
    pub fn request_id(&self) -> Option<&str> {
        self.request_id.as_deref()
    }

    /// Returns the status if the response has no error code, and its body does not look like the error page
    /// of a proxy. In this case, the status may identify the error.
    pub fn status_without_code(&self) -> Option<u16> {
        let from_service = !matches!(self.body, Body::Other { .. });
        (self.code.is_none() && from_service).then(|| self.status.as_u16())
    }
}

impl fmt::Display for ErrorMetadata {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.code, &self.message, &self.body) {
            (Some(code), Some(message), _) => write!(f, "{code}: {message}"),
            (Some(code), None, _) => f.write_str(code),
            (None, Some(message), _) => write!(f, "HTTP {}: {message}", self.status.as_u16()),
            (None, None, Body::Other { content_type, length }) => write!(
                f,
                "HTTP {} without an error code: the body is not a JSON object ({}, {length} bytes), so a proxy or \
                 load balancer may have responded instead of the service",
                self.status.as_u16(),
                content_type.as_deref().unwrap_or("no content type"),
            ),
            (None, None, _) => write!(f, "HTTP {} without an error code", self.status.as_u16()),
        }
    }
}

impl std::error::Error for ErrorMetadata {}

/// Returns the request id from the headers of a response.
pub(crate) fn request_id(headers: &HeaderMap) -> Option<&str> {
    text(headers, "x-amzn-requestid").or_else(|| text(headers, "x-amz-request-id"))
}

/// Returns the message from an error body. Most services name this member `message`, but some name it
/// `Message`.
fn message(object: &Map<String, Value>) -> Option<&str> {
    object.get("message").or_else(|| object.get("Message")).and_then(Value::as_str)
}

/// Extracts `FooError` from `aws.protocoltests#FooError:http://internal.amazon.com/coral/..`.
///
/// <https://smithy.io/2.0/aws/protocols/aws-restjson1-protocol.html#operation-error-serialization>
fn bare_code(code: &str) -> &str {
    let code = code.split(':').next().unwrap_or_default();
    code.rsplit('#').next().unwrap_or_default().trim()
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

fn object(body: &[u8]) -> Option<Map<String, Value>> {
    serde_json::from_slice(body).ok()
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use proptest::prelude::*;

    use super::*;

    fn read(headers: &[(&str, &str)], body: &str) -> ErrorMetadata {
        let mut response = http::Response::builder().status(400);
        for (name, value) in headers {
            response = response.header(*name, *value);
        }
        ErrorMetadata::from_response(&response.body(Bytes::copy_from_slice(body.as_bytes())).unwrap())
    }

    fn check(headers: &[(&str, &str)], body: &str, code: Option<&str>, message: Option<&str>) {
        let metadata = read(headers, body);
        assert_eq!((metadata.code(), metadata.message()), (code, message), "{headers:?} {body}");
    }

    #[test]
    fn finds_the_code_in_header_and_body() {
        let code = Some("FooError");
        check(&[("x-amzn-errortype", "FooError")], "", code, None);
        check(&[("x-amzn-errortype", "FooError:http://internal.amazon.com/coral/a/")], "{}", code, None);
        check(&[("x-amzn-errortype", "aws.protocols#FooError:http://x")], "{}", code, None);
        check(&[], r#"{"code":"FooError"}"#, code, None);
        check(&[], r#"{"__type":"FooError"}"#, code, None);
        check(&[], r#"{"__type":"aws.protocols#FooError:http://x/#y"}"#, code, None);
        check(&[("x-amzn-errortype", "FooError")], r#"{"__type":"Bar","code":"Baz"}"#, code, None);
        check(&[], r#"{"__type":"Bar","code":"FooError"}"#, code, None);
    }

    #[test]
    fn finds_the_message_in_both_spellings() {
        check(&[], r#"{"code":"A","message":"text"}"#, Some("A"), Some("text"));
        check(&[], r#"{"code":"A","Message":"text"}"#, Some("A"), Some("text"));
    }

    #[test]
    fn finds_code_and_message_in_the_member_error() {
        let nested = |headers: &[(&str, &str)], body: &'static str| {
            let response =
                http::Response::builder().status(400).body(Bytes::from_static(body.as_bytes())).unwrap();
            let metadata = read(headers, body).with_nested_error(&response);
            metadata.map(|metadata| metadata.to_string()).map_err(|metadata| metadata.to_string())
        };
        let check = |body, expected: &str| assert_eq!(nested(&[], body), Ok(expected.to_owned()), "{body}");
        check(r#"{"error":{"message":"no","type":"invalid_request_error","code":"bad"}}"#, "bad: no");
        check(
            r#"{"error":{"message":"no","type":"invalid_request_error","code":null}}"#,
            "invalid_request_error: no",
        );
        check(r#"{"error":{"message":"no","type":"t","code":400}}"#, "t: no");
        check(
            r#"{"type":"error","error":{"type":"overloaded_error","message":"busy"}}"#,
            "overloaded_error: busy",
        );
        check(r#"{"error":{}}"#, "HTTP 400 without an error code");

        let unchanged = |headers: &[(&str, &str)], body, expected: &str| {
            assert_eq!(nested(headers, body), Err(expected.to_owned()), "{body}");
        };
        unchanged(&[], r#"{"code":"A","error":{"code":"B"}}"#, "A");
        unchanged(&[("x-amzn-errortype", "A")], r#"{"error":{"code":"B"}}"#, "A");
        unchanged(&[], r#"{"error":"text","message":"no"}"#, "HTTP 400: no");
        let coded = nested(&[("x-amzn-errortype", "A")], r#"{"error":{"message":"no"}}"#);
        assert_eq!(coded, Ok("A: no".to_owned()));
        assert_eq!(nested(&[], r#"{"error":"model not found"}"#), Ok("HTTP 400: model not found".to_owned()));
        unchanged(
            &[],
            "[]",
            "HTTP 400 without an error code: the body is not a JSON object (no content type, 2 bytes), so a proxy or load balancer may have responded instead of the service",
        );
    }

    #[test]
    fn display_names_a_proxy_page() {
        let metadata = read(&[("content-type", "text/html")], "<html>Bad Gateway</html>");
        assert_eq!(
            metadata.to_string(),
            "HTTP 400 without an error code: the body is not a JSON object (text/html, 24 bytes), so a proxy or \
             load balancer may have responded instead of the service"
        );
        assert_eq!(metadata.status_without_code(), None);
        assert_eq!(read(&[], "").status_without_code(), Some(400));
        assert_eq!(read(&[], "").to_string(), "HTTP 400 without an error code");
    }

    proptest! {
        #[test]
        fn arbitrary_responses_do_not_panic(code in "[ -~]*", body in prop::collection::vec(any::<u8>(), 0..200)) {
            let response = http::Response::builder().header("x-amzn-errortype", code).body(Bytes::from(body)).unwrap();
            let _ = ErrorMetadata::from_response(&response).to_string();
        }
    }
}
