//! What the generated code of the tiny models does: exact texts on the wire, and round trips through both halves.

mod defaults;
mod errors;
mod fields;
mod json;
mod names;
mod payloads;
mod requests;
mod rules;
mod sensitive;
mod streams;
mod target;

use std::fmt::Debug;

use bytes::Bytes;
use http::HeaderMap;
use invoke_model_protocol::{Request, Response, ServerOperation, Timestamp};

/// Serializes an input, reads it back as a server does, and gives the request's text.
fn sent<O: ServerOperation>(input: O::Input) -> String
where
    O::Input: Clone + Debug + PartialEq,
{
    let request = O::serialize(input.clone()).unwrap();
    assert_eq!(O::parse_request(&request).unwrap(), input);
    text_of(&request)
}

/// Serializes an output as a server does, reads it back, and gives the response's text.
fn answered<O: ServerOperation>(output: O::Output) -> String
where
    O::Output: Clone + Debug + PartialEq,
{
    let response = O::serialize_response(output.clone()).unwrap();
    let text = message(&response.status().as_u16().to_string(), response.headers(), response.body());
    assert_eq!(O::parse(&response).unwrap(), output);
    text
}

fn text_of(request: &Request) -> String {
    message(&format!("{} {}", request.method(), request.uri()), request.headers(), request.body())
}

/// First line, fields by name, an empty line and the body where there is one.
fn message(first: &str, headers: &HeaderMap, body: &Bytes) -> String {
    let mut fields: Vec<String> = headers
        .iter()
        .map(|(name, value)| format!("{name}: {}\n", String::from_utf8_lossy(value.as_bytes())))
        .collect();
    fields.sort();
    let body = if body.is_empty() { String::new() } else { format!("\n{}", String::from_utf8_lossy(body)) };
    format!("{first}\n{}{body}", fields.concat())
}

fn response(status: u16, fields: &[(&str, &str)], body: &str) -> Response {
    let mut response = http::Response::builder().status(status);
    for (name, value) in fields {
        response = response.header(*name, *value);
    }
    response.body(Bytes::copy_from_slice(body.as_bytes())).unwrap()
}

fn time(text: &str) -> Timestamp {
    text.parse().unwrap()
}
