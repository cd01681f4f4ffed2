//! Functions that the fuzz targets in `tests/fuzz` call. Each function takes arbitrary bytes, and panics if a
//! property is violated. The test `fuzz_corpus` calls each function with every input of its corpus in
//! `tests/fuzz/corpus`.

mod error_parsing;
mod event_stream;
mod json_documents;
mod operations;
mod proxy_urls;
mod response_parsing;
mod shared_files;
mod signatures;

pub use error_parsing::error_parsing;
pub use event_stream::event_stream;
pub use json_documents::json_documents;
pub use operations::operations;
pub use proxy_urls::proxy_urls;
pub use response_parsing::response_parsing;
pub use shared_files::shared_files;
pub use signatures::signatures;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};
use invoke_model_protocol::{Request, Response};

/// Name and function of a fuzz target.
pub type Target = (&'static str, fn(&[u8]));

/// All fuzz targets.
pub const TARGETS: &[Target] = &[
    ("error_parsing", error_parsing),
    ("event_stream", event_stream),
    ("json_documents", json_documents),
    ("operations", operations),
    ("proxy_urls", proxy_urls),
    ("response_parsing", response_parsing),
    ("shared_files", shared_files),
    ("signatures", signatures),
];

/// Returns `true` if a value contains a union without a member. Such a union cannot be serialized. The parser
/// creates such a union if a response lacks a required union.
fn has_empty_union(value: &impl std::fmt::Debug) -> bool {
    format!("{value:?}").contains("UnknownMember { name: \"\"")
}

/// Creates a response from text. The text consists of header lines, an empty line, and the body. Ignores
/// invalid header lines.
fn response(status: u16, text: &[u8]) -> Response {
    let (headers, body) = message(text);
    let mut response = http::Response::new(body);
    *response.status_mut() = http::StatusCode::from_u16(status).unwrap_or_default();
    *response.headers_mut() = headers;
    response
}

/// Creates a request from text. The text consists of the target, a line feed, header lines, an empty line, and
/// the body. Returns `None` if the target is invalid.
fn request(method: http::Method, text: &[u8]) -> Option<Request> {
    let end = text.iter().position(|byte| *byte == b'\n')?;
    let (headers, body) = message(&text[end + 1..]);
    let mut request = http::Request::new(body);
    *request.method_mut() = method;
    *request.uri_mut() = http::Uri::try_from(&text[..end]).ok()?;
    *request.headers_mut() = headers;
    Some(request)
}

/// Splits text into headers and a body.
fn message(text: &[u8]) -> (HeaderMap, Bytes) {
    let mut headers = HeaderMap::new();
    let mut rest = text;
    while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
        let line = &rest[..end];
        rest = &rest[end + 1..];
        if line.is_empty() {
            break;
        }
        let Some(colon) = line.iter().position(|byte| *byte == b':') else { continue };
        let (name, value) =
            (HeaderName::from_bytes(&line[..colon]), HeaderValue::from_bytes(&line[colon + 1..]));
        if let (Ok(name), Ok(value)) = (name, value) {
            headers.append(name, value);
        }
    }
    (headers, Bytes::copy_from_slice(rest))
}
