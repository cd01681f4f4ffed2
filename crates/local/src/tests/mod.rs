//! The endpoint without its socket, and what the tests say to it.

mod any_request;
mod authentication;
mod errors;
mod rules;
mod wire;

use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::{Request, Response};
use invoke_model_signing::{Credentials, PayloadHash, Signer};
use invoke_model_types::{ErrorMetadata, InvokeModel, InvokeModelInput, Operation};

use crate::builder::Builder;
use crate::endpoint::Endpoint;
use crate::payload::Receiver;
use crate::respond::respond;

const TITAN: &str = "amazon.titan-embed-text-v2:0";
const BODY: &str = r#"{"inputText":"hello"}"#;

/// 20150830T123600Z
fn now() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_440_938_160)
}

fn builder() -> Builder {
    Builder::new().clock(now)
}

fn endpoint() -> Endpoint {
    builder().endpoint()
}

fn input(model_id: &str, body: &str) -> InvokeModelInput {
    let mut input = InvokeModelInput::new(model_id);
    input.body = Some(Bytes::copy_from_slice(body.as_bytes()));
    input
}

/// A request as it arrives, not signed.
fn request(input: InvokeModelInput) -> Request<Bytes> {
    let mut request = InvokeModel::serialize(input).unwrap();
    request.headers_mut().insert("host", "127.0.0.1:8080".parse().unwrap());
    request
}

fn credentials() -> Credentials {
    Credentials::new(Builder::ACCESS_KEY_ID, Builder::SECRET_ACCESS_KEY, None)
}

fn sign(request: Request<Bytes>) -> Request<Bytes> {
    sign_as(request, &credentials(), &Signer::new("us-east-1", "bedrock"), now())
}

fn sign_as(request: Request<Bytes>, who: &Credentials, signer: &Signer, when: SystemTime) -> Request<Bytes> {
    let (mut parts, body) = request.into_parts();
    signer.sign(&mut parts, who, &PayloadHash::of(&body), when).unwrap();
    Request::from_parts(parts, body)
}

fn send(endpoint: &Endpoint, request: Request<Bytes>) -> Response<Bytes> {
    let request = request.map(|body| {
        let mut receiver = Receiver::default();
        receiver.update(&body);
        receiver.finish()
    });
    respond(endpoint, request, endpoint.clock.now())
}

/// Expects an error, in the answer and in the log, and gives its message.
fn refused(endpoint: &Endpoint, request: Request<Bytes>, status: u16, code: &str) -> String {
    let response = send(endpoint, request);
    let error = ErrorMetadata::from_response(&response);
    assert_eq!((error.status().as_u16(), error.code()), (status, Some(code)), "{error}");
    let call = endpoint.log.calls().pop().unwrap();
    assert_eq!((call.status, call.error_code.as_deref()), (status, Some(code)));
    assert_eq!(error.request_id(), Some(call.request_id.as_str()));
    assert_eq!(response.headers()["content-type"], "application/json");
    error.message().unwrap_or_default().to_owned()
}

/// Expects that a part stands in a message.
#[track_caller]
fn check_says(message: &str, part: &str) {
    assert!(message.contains(part), "{part:?} is not in {message:?}");
}
