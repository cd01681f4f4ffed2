//! What the fuzz targets of `tests/fuzz` run: each takes any bytes, and panics where something that must hold does not.
//! The tests of this package run every input that is kept in `tests/fuzz/corpus`.

mod error_parsing;
mod event_stream;
mod json_documents;
mod response_parsing;

pub use error_parsing::error_parsing;
pub use event_stream::event_stream;
pub use json_documents::json_documents;
pub use response_parsing::response_parsing;

use bytes::Bytes;
use http::{HeaderName, HeaderValue};
use invoke_model_protocol::Response;

/// A target by its name.
pub type Target = (&'static str, fn(&[u8]));

/// Every target.
pub const TARGETS: &[Target] = &[
    ("error_parsing", error_parsing),
    ("event_stream", event_stream),
    ("json_documents", json_documents),
    ("response_parsing", response_parsing),
];

/// Whether a value holds a union without a member, as one that is required and absent is: no wire carries it.
fn has_empty_union(value: &impl std::fmt::Debug) -> bool {
    format!("{value:?}").contains("UnknownMember { name: \"\"")
}

/// A response from text that looks like one: field lines up to an empty line, then the body. What is no field is left
/// out.
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
