//! What every error answer says, modelled or not: code, message, status, request id.

use std::fmt;

use http::{HeaderMap, StatusCode};
use serde_json::{Map, Value};

use crate::Response;
use crate::event_stream::Message;

/// The parts of an error answer that stand in the same places for every error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ErrorMetadata {
    code: Option<String>,
    message: Option<String>,
    status: StatusCode,
    request_id: Option<String>,
    body: Body,
}

/// What the body was, so that a proxy's page is not taken for the service's word.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Body {
    Empty,
    JsonObject,
    Other { content_type: Option<String>, length: usize },
}

impl ErrorMetadata {
    /// Reads an error answer. Never fails: what is not there stays absent.
    ///
    /// The code stands in the field `X-Amzn-ErrorType`, else in the body's `code`, else in its `__type`.
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

    /// Reads the error that a message of an event stream carries: its headers `:error-code` and `:error-message`, else
    /// the name of its exception and the words in its payload. The status is that of the response that the stream
    /// stands in. <https://smithy.io/2.0/aws/amazon-eventstream.html>
    pub fn from_message(message: &Message) -> Self {
        let (code, words) = crate::event_stream::error_of(message);
        // No proxy answers in the midst of a stream, so what the payload is says nothing.
        Self { code, message: words, status: StatusCode::OK, request_id: None, body: Body::Empty }
    }

    /// The error's code, without namespace and without the URI that some services append.
    pub fn code(&self) -> Option<&str> {
        self.code.as_deref()
    }

    /// What the service says in words.
    pub fn message(&self) -> Option<&str> {
        self.message.as_deref()
    }

    /// The HTTP status.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// The id under which the service knows the request.
    pub fn request_id(&self) -> Option<&str> {
        self.request_id.as_deref()
    }

    /// The status, where an error may be known by it alone: there is no code, and nothing shows that another party
    /// (a proxy with a page of its own) has answered.
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
                 load balancer may have answered in place of the service",
                self.status.as_u16(),
                content_type.as_deref().unwrap_or("no content type"),
            ),
            (None, None, _) => write!(f, "HTTP {} without an error code", self.status.as_u16()),
        }
    }
}

impl std::error::Error for ErrorMetadata {}

/// The id of a request, from a response's fields.
pub(crate) fn request_id(headers: &HeaderMap) -> Option<&str> {
    text(headers, "x-amzn-requestid").or_else(|| text(headers, "x-amz-request-id"))
}

/// The words of an error body. Most services write `message`, some `Message`.
fn message(object: &Map<String, Value>) -> Option<&str> {
    object.get("message").or_else(|| object.get("Message")).and_then(Value::as_str)
}

/// `aws.protocoltests#FooError:http://internal.amazon.com/coral/..` is `FooError`.
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

    fn read(fields: &[(&str, &str)], body: &str) -> ErrorMetadata {
        let mut response = http::Response::builder().status(400);
        for (name, value) in fields {
            response = response.header(*name, *value);
        }
        ErrorMetadata::from_response(&response.body(Bytes::copy_from_slice(body.as_bytes())).unwrap())
    }

    fn check(fields: &[(&str, &str)], body: &str, code: Option<&str>, message: Option<&str>) {
        let metadata = read(fields, body);
        assert_eq!((metadata.code(), metadata.message()), (code, message), "{fields:?} {body}");
    }

    #[test]
    fn the_code_is_found_wherever_it_stands() {
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
    fn the_message_is_found_in_either_spelling() {
        check(&[], r#"{"code":"A","message":"words"}"#, Some("A"), Some("words"));
        check(&[], r#"{"code":"A","Message":"words"}"#, Some("A"), Some("words"));
    }

    #[test]
    fn a_page_of_a_proxy_is_said_to_be_one() {
        let metadata = read(&[("content-type", "text/html")], "<html>Bad Gateway</html>");
        assert_eq!(
            metadata.to_string(),
            "HTTP 400 without an error code: the body is not a JSON object (text/html, 24 bytes), so a proxy or \
             load balancer may have answered in place of the service"
        );
        assert_eq!(metadata.status_without_code(), None);
        assert_eq!(read(&[], "").status_without_code(), Some(400));
        assert_eq!(read(&[], "").to_string(), "HTTP 400 without an error code");
    }

    proptest! {
        #[test]
        fn no_answer_panics(code in "[ -~]*", body in prop::collection::vec(any::<u8>(), 0..200)) {
            let response = http::Response::builder().header("x-amzn-errortype", code).body(Bytes::from(body)).unwrap();
            let _ = ErrorMetadata::from_response(&response).to_string();
        }
    }
}
