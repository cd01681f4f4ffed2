//! The parts that all error responses have in common: code, message, status and request id.

use std::fmt;

use http::{HeaderMap, StatusCode};

use super::body::ErrorBody;
use crate::event_stream::Message;
use crate::operation::Response;

/// Code, message, status and request id of an error response. The model does not have to define the error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ErrorMetadata {
    code: Option<String>,
    message: Option<String>,
    status: StatusCode,
    request_id: Option<String>,
    /// The target of a redirect.
    location: Option<Box<str>>,
    body: Body,
}

/// Format of the body. The format indicates whether the service or a proxy sent the response.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Body {
    Empty,
    JsonObject,
    Other(Box<OtherBody>),
}

/// A body that is not a JSON object.
#[derive(Clone, Debug, PartialEq, Eq)]
struct OtherBody {
    content_type: Option<String>,
    /// The content encoding, if the body was not decoded.
    encoding: Option<String>,
    length: usize,
}

impl ErrorMetadata {
    /// Parses an error response. This function never fails: missing parts are `None`.
    ///
    /// The function looks for the code in these places, in this order: the header `X-Amzn-ErrorType`, the
    /// member `code` of the body, and the member `__type` of the body. Some front ends of AWS send the code
    /// in XML.
    ///
    /// The message is the member `message` of the body. Gateways and proxies send other formats. Therefore
    /// the function also finds the message in a member such as `error`, and in XML, HTML and text.
    ///
    /// <https://smithy.io/2.0/aws/protocols/aws-restjson1-protocol.html#operation-error-serialization>
    pub fn from_response(response: &Response) -> Self {
        let headers = response.headers();
        let encoding = encoding(headers);
        let found = match encoding {
            None => ErrorBody::parse(response.body()),
            // The words of an encoded body are not readable.
            Some(_) => ErrorBody::default(),
        };
        let body = match found.is_object {
            _ if response.body().is_empty() => Body::Empty,
            true => Body::JsonObject,
            false => Body::Other(Box::new(OtherBody {
                content_type: text(headers, "content-type").map(str::to_owned),
                encoding: encoding.map(str::to_owned),
                length: response.body().len(),
            })),
        };
        let code = text(headers, "x-amzn-errortype").or(found.code.as_deref());
        let location = headers.get("location").filter(|_| response.status().is_redirection());
        let location = location.map(|location| String::from_utf8_lossy(location.as_bytes()));
        Self {
            code: code.map(bare_code).filter(|code| !code.is_empty()).map(str::to_owned),
            // Some front ends send the message of an error without a body in this header.
            message: found.message.or_else(|| text(headers, "x-amzn-error-message").map(str::to_owned)),
            status: response.status(),
            request_id: request_id(headers).map(str::to_owned),
            location: location.map(|location| without_user(&location).into()),
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
        let body = ErrorBody::parse(response.body());
        let Some(nested) = body.error else { return Err(self) };
        // The metadata already has the nested message if the body has no other message.
        let adds_message = !body.has_own_message && nested.message.is_some();
        match self.code {
            None if nested.is_object => {
                Ok(Self { code: nested.code, message: nested.message.or(self.message), ..self })
            }
            _ if adds_message => Ok(self),
            _ => Err(self),
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
        Self {
            code,
            message: text,
            status: StatusCode::OK,
            request_id: None,
            location: None,
            body: Body::Empty,
        }
    }

    /// Returns the error code. Does not include the namespace and the URI that some services add to the code.
    pub fn code(&self) -> Option<&str> {
        self.code.as_deref()
    }

    /// Returns the error message that the service, or a proxy, sent.
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

    /// Returns the header `Location` of a redirect, without user and password.
    pub fn location(&self) -> Option<&str> {
        self.location.as_deref()
    }

    /// Returns the status if the response has no error code, and its body does not look like the error page
    /// of a proxy. In this case, the status may identify the error.
    pub fn status_without_code(&self) -> Option<u16> {
        let from_service = !matches!(self.body, Body::Other(_));
        (self.code.is_none() && from_service).then(|| self.status.as_u16())
    }
}

impl fmt::Display for ErrorMetadata {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let status = self.status.as_u16();
        let other = match &self.body {
            Body::Other(other) => Some(&**other),
            Body::Empty | Body::JsonObject => None,
        };
        match (&self.code, &self.message, other) {
            (Some(code), Some(message), _) => write!(f, "{code}: {message}")?,
            (Some(code), None, Some(OtherBody { encoding: Some(encoding), .. })) => {
                write!(f, "{code} (the message is unknown: {})", Encoded(encoding))?;
            }
            (Some(code), None, _) => f.write_str(code)?,
            (None, Some(message), Some(OtherBody { content_type, length, .. })) => write!(
                f,
                "HTTP {status} without an error code: {message} ({}, {length} bytes; a proxy or load balancer may have \
                 responded instead of the service)",
                content_type.as_deref().unwrap_or("no content type"),
            )?,
            (None, Some(message), _) => write!(f, "HTTP {status}: {message}")?,
            (None, None, Some(OtherBody { encoding: Some(encoding), .. })) => {
                write!(f, "HTTP {status} without an error code: {}", Encoded(encoding))?;
            }
            (None, None, Some(OtherBody { content_type, length, .. })) => write!(
                f,
                "HTTP {status} without an error code: the body is not a JSON object ({}, {length} bytes), so a proxy or \
                 load balancer may have responded instead of the service",
                content_type.as_deref().unwrap_or("no content type"),
            )?,
            (None, None, _) => write!(f, "HTTP {status} without an error code")?,
        }
        match &self.location {
            Some(location) => write!(f, "; the server redirects to {location}"),
            None => Ok(()),
        }
    }
}

/// The description of a body with a content encoding that was not decoded.
struct Encoded<'a>(&'a str);

impl fmt::Display for Encoded<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the body has the content encoding `{}`, which is not supported", self.0)
    }
}

impl std::error::Error for ErrorMetadata {}

/// Returns the request id from the headers of a response.
pub(crate) fn request_id(headers: &HeaderMap) -> Option<&str> {
    text(headers, "x-amzn-requestid").or_else(|| text(headers, "x-amz-request-id"))
}

/// Returns the content encoding of a body, or `None` if the body is not encoded.
fn encoding(headers: &HeaderMap) -> Option<&str> {
    text(headers, "content-encoding").filter(|encoding| !encoding.eq_ignore_ascii_case("identity"))
}

/// Removes user and password from a URL.
fn without_user(url: &str) -> String {
    let start = url.find("//").map_or(0, |at| at + 2);
    let (scheme, rest) = url.split_at(start);
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    match rest[..end].rfind('@') {
        Some(at) if start > 0 => format!("{scheme}{}", &rest[at + 1..]),
        _ => url.to_owned(),
    }
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
