//! Parsing of requests as in the server frameworks of Smithy, and their responses to malformed requests.
//!
//! A service can have other rules and words. For example, Amazon Bedrock sends a `ValidationException` without
//! the list of members for every malformed request. The server of such a service calls the functions of
//! [`ServerOperation`] instead.

use http::header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};

use super::{MediaType, ResponseBuilder, ServerOperation, ViolationStyle, Violations};
use crate::error::ParseError;
use crate::json::{ObjectWriter, write};
use crate::operation::{Request, Response};

/// The reason why a server rejects a request.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Rejection {
    /// The `Content-Type` is not the media type of the input.
    UnsupportedMediaType,
    /// The `Accept` header excludes the media type of the output.
    NotAcceptable,
    /// The request cannot be parsed.
    Malformed(ParseError),
    /// The input violates constraints of the model.
    Invalid(Box<Violations>),
}

impl Rejection {
    /// Returns the error code of the response.
    pub fn code(&self) -> &'static str {
        match self {
            Self::UnsupportedMediaType => "UnsupportedMediaTypeException",
            Self::NotAcceptable => "NotAcceptableException",
            Self::Malformed(_) => "SerializationException",
            Self::Invalid(_) => "ValidationException",
        }
    }

    /// Returns the response. The body of a `ValidationException` contains a message, and a list with the path
    /// and the message of each invalid member.
    ///
    /// <https://smithy.io/2.0/spec/constraint-traits.html>
    pub fn response(&self) -> Response {
        let (status, message) = match self {
            Self::UnsupportedMediaType => {
                (415, "the media type in `Content-Type` is not the media type of the input".to_owned())
            }
            Self::NotAcceptable => (406, "`Accept` excludes the media type of the output".to_owned()),
            Self::Malformed(error) => (400, error.to_string()),
            Self::Invalid(violations) => (400, violations.to_string()),
        };
        let mut response = ResponseBuilder::new(status);
        let code = HeaderValue::from_static(self.code());
        response.headers.insert(HeaderName::from_static("x-amzn-errortype"), code);
        response.json(|out| {
            let mut object = ObjectWriter::new(out);
            object.member("message", message.as_str(), write::string);
            if let Self::Invalid(violations) = self {
                object.member("fieldList", &**violations, write_fields);
            }
            object.end();
        })
    }
}

fn write_fields(violations: &Violations, out: &mut Vec<u8>) {
    out.push(b'[');
    for (index, violation) in violations.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        let mut object = ObjectWriter::new(out);
        object.member("message", violation.to_string().as_str(), write::string);
        object.member("path", violation.member.as_str(), write::string);
        object.end();
    }
    out.push(b']');
}

/// Parses a request, sets the defaults of the input, and checks the media types of the request and the constraints of the
/// model.
///
/// # Errors
/// Returns the reason why a server framework of Smithy rejects the request.
pub fn parse<O: ServerOperation>(request: &Request) -> Result<O::Input, Rejection> {
    let headers = request.headers();
    if !request.body().is_empty() && !is_supported(O::REQUEST_TYPE, headers) {
        return Err(Rejection::UnsupportedMediaType);
    }
    if !is_acceptable(O::RESPONSE_TYPE, headers) {
        return Err(Rejection::NotAcceptable);
    }
    let mut input = O::parse_request(request).map_err(Rejection::Malformed)?;
    O::set_defaults(&mut input);
    let mut violations = Violations::with_style(ViolationStyle::Smithy);
    O::check_request(request, &mut violations);
    if let Some(error) = violations.malformed() {
        return Err(Rejection::Malformed(error.clone()));
    }
    // A missing member has the zero value of its type, which can violate other constraints.
    if violations.is_empty() {
        O::check_input(&input, &mut violations);
    }
    if violations.is_empty() { Ok(input) } else { Err(Rejection::Invalid(Box::new(violations))) }
}

/// Returns `true` if the media type of a body is the expected media type. The body is not empty.
fn is_supported(expected: MediaType, headers: &HeaderMap) -> bool {
    match (expected, headers.get(CONTENT_TYPE)) {
        (MediaType::Any, _) | (MediaType::None, None) => true,
        (MediaType::None, Some(_)) | (MediaType::Only(_), None) => false,
        (MediaType::Only(expected), Some(found)) => {
            found.to_str().is_ok_and(|found| without_parameters(found).eq_ignore_ascii_case(expected))
        }
    }
}

/// Returns `true` if a client accepts the media type of the output.
///
/// <https://www.rfc-editor.org/rfc/rfc9110#section-12.5.1>
fn is_acceptable(provided: MediaType, headers: &HeaderMap) -> bool {
    let MediaType::Only(provided) = provided else { return true };
    let mut ranges = headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok()).peekable();
    let matches = |range: &str| {
        let range = without_parameters(range);
        let prefix = range.strip_suffix('*');
        range == "*/*"
            || range.eq_ignore_ascii_case(provided)
            || prefix.is_some_and(|prefix| {
                prefix.ends_with('/')
                    && provided.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix))
            })
    };
    ranges.peek().is_none() || ranges.flat_map(|value| value.split(',')).any(matches)
}

fn without_parameters(media_type: &str) -> &str {
    media_type.split(';').next().unwrap_or_default().trim()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: HeaderName, value: Option<&'static str>) -> HeaderMap {
        value.map(|value| (name, HeaderValue::from_static(value))).into_iter().collect()
    }

    #[test]
    fn content_types_are_compared_without_parameters() {
        let check = |expected: MediaType, found: Option<&'static str>, is_valid: bool| {
            assert_eq!(
                is_supported(expected, &headers(CONTENT_TYPE, found)),
                is_valid,
                "{expected:?} {found:?}"
            );
        };
        let json = MediaType::Only("application/json");
        check(json, Some("Application/JSON; charset=utf-8"), true);
        check(json, Some("application/hal+json"), false);
        check(json, None, false);
        check(MediaType::None, Some("application/json"), false);
        check(MediaType::None, None, true);
        check(MediaType::Any, Some("x"), true);
    }

    #[test]
    fn media_ranges_match_types_and_subtypes() {
        let check = |accept: Option<&'static str>, is_valid: bool| {
            let jpeg = MediaType::Only("image/jpeg");
            assert_eq!(is_acceptable(jpeg, &headers(ACCEPT, accept)), is_valid, "{accept:?}");
        };
        check(None, true);
        check(Some("text/html, */*; q=0.1"), true);
        check(Some("image/*"), true);
        check(Some("IMAGE/jpeg"), true);
        check(Some("image/png, text/*"), false);
        check(Some("i*"), false);
        assert!(is_acceptable(MediaType::Any, &headers(ACCEPT, Some("image/png"))));
    }
}
