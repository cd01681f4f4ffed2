//! The endpoint without its socket, and what the tests say to it.

mod any_request;
mod authentication;
mod errors;
mod expiry;
mod fault_answers;
mod fault_ends;
mod fault_files;
mod fault_times;
mod quotas;
mod rules;
mod stream_faults;
mod stream_wire;
mod streams;
mod wire;

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::{Request, Response};
use hyper::body::Body;
use invoke_model_signing::{Credentials, PayloadHash, Signer};
use invoke_model_types::{
    ErrorMetadata, InvokeModel, InvokeModelInput, InvokeModelWithResponseStream,
    InvokeModelWithResponseStreamInput, Operation,
};

use crate::body::AnswerBody;
use crate::builder::Builder;
use crate::endpoint::Endpoint;
use crate::payload::Receiver;
use crate::respond::respond;
use crate::stream::Broken;

const TITAN: &str = "amazon.titan-embed-text-v2:0";
const BODY: &str = r#"{"inputText":"hello"}"#;

/// 20150830T123600Z
fn now() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_440_938_160)
}

fn builder() -> Builder {
    Builder::new().clock(now)
}

fn endpoint() -> Arc<Endpoint> {
    builder().endpoint()
}

fn input(model_id: &str, body: &str) -> InvokeModelInput {
    let mut input = InvokeModelInput::new(model_id);
    input.body = Some(Bytes::copy_from_slice(body.as_bytes()));
    input
}

/// A request as it arrives, not signed.
fn request(input: InvokeModelInput) -> Request<Bytes> {
    arriving::<InvokeModel>(input)
}

fn arriving<O: Operation>(input: O::Input) -> Request<Bytes> {
    let mut request = O::serialize(input).unwrap();
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

/// A request for a streamed answer, signed.
fn streaming(model_id: &str, body: &str) -> Request<Bytes> {
    let mut input = InvokeModelWithResponseStreamInput::new(model_id);
    input.body = Some(Bytes::copy_from_slice(body.as_bytes()));
    sign(arriving::<InvokeModelWithResponseStream>(input))
}

fn send(endpoint: &Arc<Endpoint>, request: Request<Bytes>) -> Response<Bytes> {
    let (head, body) = head(endpoint, request).into_parts();
    let (frames, broken) = frames(body);
    assert!(broken.is_none(), "{broken:?}");
    Response::from_parts(head, frames.concat().into())
}

/// The response, nothing of its body made yet.
fn head(endpoint: &Arc<Endpoint>, request: Request<Bytes>) -> Response<AnswerBody> {
    let request = request.map(|body| {
        let mut receiver = Receiver::default();
        receiver.update(&body);
        receiver.finish()
    });
    let mut response = respond(endpoint, 1, request, endpoint.clock.now()).ok().unwrap().response;
    if response.body().whole().is_none() {
        assert!(next_frame(response.body_mut()).is_pending(), "the head leaves first");
    }
    response
}

/// All frames of a body, and why it broke if it did.
fn frames(mut body: AnswerBody) -> (Vec<Vec<u8>>, Option<Broken>) {
    let mut frames = Vec::new();
    loop {
        match next_frame(&mut body) {
            // What is let go of has been written.
            Poll::Ready(Some(Ok(frame))) => frames.push(frame.to_vec()),
            Poll::Ready(Some(Err(broken))) => return (frames, Some(broken)),
            Poll::Ready(None) => return (frames, None),
            Poll::Pending => panic!("a body without a pace waits for nothing but its own frames"),
        }
    }
}

fn next_frame(body: &mut AnswerBody) -> Poll<Option<Result<Bytes, Broken>>> {
    let frame = Pin::new(body).poll_frame(&mut Context::from_waker(Waker::noop()));
    frame.map(|frame| frame.map(|frame| frame.map(|frame| frame.into_data().unwrap())))
}

/// Expects an error, in the answer and in the log, and gives its message.
fn refused(endpoint: &Arc<Endpoint>, request: Request<Bytes>, status: u16, code: &str) -> String {
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
