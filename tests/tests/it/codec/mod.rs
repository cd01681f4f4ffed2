//! Tests of the generated code of the tiny models. The tests compare the exact bytes of requests and
//! responses, and check round trips through client and server code.

mod constraints;
mod defaults;
mod errors;
mod facts;
mod fields;
mod json;
mod names;
mod payloads;
mod requests;
mod rules;
mod sensitive;
mod sequences;
mod streams;
mod target;

use std::fmt::Debug;

use bytes::Bytes;
use http::HeaderMap;
use invoke_model_protocol::{Request, Response, ServerOperation, Timestamp};

/// Serializes an input, checks that a server parses the same input, and returns the text of the request.
fn request_text<O: ServerOperation>(input: O::Input) -> String
where
    O::Input: Clone + Debug + PartialEq,
{
    let request = O::serialize(input.clone()).unwrap();
    assert_eq!(O::parse_request(&request).unwrap(), input);
    text_of(&request)
}

/// Serializes an output as a server does, checks that a client parses the same output, and returns the text
/// of the response.
fn response_text<O: ServerOperation>(output: O::Output) -> String
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

/// Returns a message as text: the first line, then the headers sorted by name. If the message has a body, the
/// text continues with an empty line and the body.
fn message(first: &str, headers: &HeaderMap, body: &Bytes) -> String {
    let mut lines: Vec<String> = headers
        .iter()
        .map(|(name, value)| format!("{name}: {}\n", String::from_utf8_lossy(value.as_bytes())))
        .collect();
    lines.sort();
    let body = if body.is_empty() { String::new() } else { format!("\n{}", String::from_utf8_lossy(body)) };
    format!("{first}\n{}{body}", lines.concat())
}

fn response(status: u16, headers: &[(&str, &str)], body: &str) -> Response {
    let mut response = http::Response::builder().status(status);
    for (name, value) in headers {
        response = response.header(*name, *value);
    }
    response.body(Bytes::copy_from_slice(body.as_bytes())).unwrap()
}

fn time(text: &str) -> Timestamp {
    text.parse().unwrap()
}
