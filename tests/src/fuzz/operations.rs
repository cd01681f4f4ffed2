//! Parses arbitrary requests and responses as messages of the operations of Bedrock Runtime.

use std::fmt::Debug;

use invoke_model_protocol::{Request, ServerOperation, server};
use invoke_model_types::{
    ApplyGuardrail, Converse, ConverseStream, CountTokens, GetAsyncInvoke, InvokeGuardrailChecks,
    InvokeModel, InvokeModelWithBidirectionalStream, InvokeModelWithResponseStream, ListAsyncInvokes,
    StartAsyncInvoke,
};
use serde_json::Value;

use super::{error_parsing, has_empty_union, request, response, response_parsing};

/// Checks the properties of [`response_parsing`](super::response_parsing) and
/// [`error_parsing`](super::error_parsing). Also checks that a request stays the same when a server parses it
/// and a client serializes the input.
///
/// # Panics
/// Panics if one of these properties is violated.
pub fn operations(data: &[u8]) {
    let [operation, status, text @ ..] = data else { return };
    match operation % 11 {
        0 => check::<ApplyGuardrail>(*status, text),
        1 => check::<Converse>(*status, text),
        2 => check::<ConverseStream>(*status, text),
        3 => check::<CountTokens>(*status, text),
        4 => check::<GetAsyncInvoke>(*status, text),
        5 => check::<InvokeGuardrailChecks>(*status, text),
        6 => check::<InvokeModel>(*status, text),
        7 => check::<InvokeModelWithBidirectionalStream>(*status, text),
        8 => check::<InvokeModelWithResponseStream>(*status, text),
        9 => check::<ListAsyncInvokes>(*status, text),
        _ => check::<StartAsyncInvoke>(*status, text),
    }
}

/// Parses the text as a request if `status` is 0, as an output if `status` is 1, and otherwise as an error.
fn check<O: ServerOperation>(status: u8, text: &[u8])
where
    O::Input: Clone + Debug,
    O::Output: Clone + Debug,
{
    match status {
        0 => {
            if let Some(request) = request(O::ROUTE.method, text) {
                check_request::<O>(&request);
            }
        }
        1 => response_parsing::check::<O>(text),
        status => error_parsing::check::<O>(&response(400 + u16::from(status) % 200, text)),
    }
}

fn check_request<O: ServerOperation>(request: &Request)
where
    O::Input: Clone + Debug,
{
    let _ = O::missing_members(request);
    let _ = server::parse::<O>(request).map_err(|rejection| rejection.response());
    let Ok(input) = O::parse_request(request) else { return };
    let _ = O::violations(&input);
    if has_empty_union(&input) {
        return;
    }
    let first = O::serialize(input.clone()).unwrap_or_else(|error| panic!("{input:?}: {error}"));
    let again = O::parse_request(&first).unwrap_or_else(|error| panic!("{first:?}: {error}"));
    let again = O::serialize(again).unwrap_or_else(|error| panic!("{input:?}: {error}"));
    assert_eq!((again.uri(), again.headers()), (first.uri(), first.headers()));
    assert_eq!(body(&again), body(&first));
}

/// Returns the body as JSON, because the order of map entries can differ. If the body is not JSON, returns it
/// as a string.
fn body(request: &Request) -> Value {
    let body = request.body();
    serde_json::from_slice(body).unwrap_or_else(|_| String::from_utf8_lossy(body).into())
}
