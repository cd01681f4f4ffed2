//! Functions that the fuzz targets in `tests/fuzz` call. Each function takes arbitrary bytes, and panics if a
//! property is violated. The test `fuzz_corpus` calls each function with every input of its corpus in
//! `tests/fuzz/corpus`.

mod error_parsing;
mod event_stream;
mod json_documents;
mod proxy_urls;
mod response_parsing;
mod shared_files;

pub use error_parsing::error_parsing;
pub use event_stream::event_stream;
pub use json_documents::json_documents;
pub use proxy_urls::proxy_urls;
pub use response_parsing::response_parsing;
pub use shared_files::shared_files;

use bytes::Bytes;
use http::{HeaderName, HeaderValue};
use invoke_model_protocol::Response;

/// Name and function of a fuzz target.
pub type Target = (&'static str, fn(&[u8]));

/// All fuzz targets.
pub const TARGETS: &[Target] = &[
    ("error_parsing", error_parsing),
    ("event_stream", event_stream),
    ("json_documents", json_documents),
    ("proxy_urls", proxy_urls),
    ("response_parsing", response_parsing),
    ("shared_files", shared_files),
];

/// Returns `true` if a value contains a union without a member. Such a union cannot be serialized. The parser
/// creates such a union if a response lacks a required union.
fn has_empty_union(value: &impl std::fmt::Debug) -> bool {
    format!("{value:?}").contains("UnknownMember { name: \"\"")
}

/// Creates a response from text. The text consists of header lines, an empty line, and the body. Ignores
/// invalid header lines.
fn response(status: u16, text: &[u8]) -> Response {
    let mut response = http::Response::new(Bytes::new());
    *response.status_mut() = http::StatusCode::from_u16(status).unwrap_or_default();
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
            response.headers_mut().append(name, value);
        }
    }
    *response.body_mut() = Bytes::copy_from_slice(rest);
    response
}
