//! Tests of the endpoint, and their helpers. Most tests call the handler without a socket.

mod admin;
mod any_conversation;
mod any_request;
mod async_invoke;
mod authentication;
mod base_path;
mod bidirectional;
mod building_blocks;
mod cached_bodies;
mod constraints;
mod converse;
mod converse_checks;
mod converse_stream;
mod count_tokens;
mod errors;
mod fault_connections;
mod fault_files;
mod fault_frames;
mod fault_responses;
mod fault_rules;
mod fault_times;
mod guardrail_masks;
mod guardrails;
mod http2;
mod http2_upgrade;
mod idle_connections;
mod observed_calls;
mod presigned;
mod quotas;
mod recordings;
mod records;
mod replies;
mod reply_files;
mod service_errors;
mod signature_claims;
mod stream_faults;
mod stream_wire;
mod streams;
mod temporary_credentials;
#[cfg(feature = "tls")]
mod tls;
mod upstream_guardrails;
mod upstreams;
mod validation;
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

use crate::builder::LocalEndpointBuilder;
use crate::handler::handle;
use crate::payload::PayloadCollector;
use crate::response_body::ResponseBody;
use crate::state::EndpointState;
use crate::stream::BodyError;

const TITAN: &str = "amazon.titan-embed-text-v2:0";
const BODY: &str = r#"{"inputText":"hello"}"#;

/// The time of all tests: 20150830T123600Z.
fn now() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_440_938_160)
}

fn builder() -> LocalEndpointBuilder {
    LocalEndpointBuilder::new().clock(now)
}

fn endpoint() -> Arc<EndpointState> {
    builder().build_state()
}

fn input(model_id: &str, body: &str) -> InvokeModelInput {
    let mut input = InvokeModelInput::new(model_id);
    input.body = Some(Bytes::copy_from_slice(body.as_bytes()));
    input
}

/// Returns an unsigned request of `InvokeModel`.
fn request(input: InvokeModelInput) -> Request<Bytes> {
    serialized::<InvokeModel>(input)
}

/// Returns an unsigned request of an operation.
fn serialized<O: Operation>(input: O::Input) -> Request<Bytes> {
    let mut request = O::serialize(input).unwrap();
    request.headers_mut().insert("host", "127.0.0.1:8080".parse().unwrap());
    request
}

fn credentials() -> Credentials {
    Credentials::new(LocalEndpointBuilder::ACCESS_KEY_ID, LocalEndpointBuilder::SECRET_ACCESS_KEY, None)
}

fn sign(request: Request<Bytes>) -> Request<Bytes> {
    sign_as(request, &credentials(), &Signer::new("us-east-1", "bedrock"), now())
}

fn sign_as(
    request: Request<Bytes>,
    credentials: &Credentials,
    signer: &Signer,
    time: SystemTime,
) -> Request<Bytes> {
    let (mut parts, body) = request.into_parts();
    signer.sign(&mut parts, credentials, &PayloadHash::of(&body), time).unwrap();
    Request::from_parts(parts, body)
}

/// Returns a signed request of `InvokeModelWithResponseStream`.
fn streaming(model_id: &str, body: &str) -> Request<Bytes> {
    let mut input = InvokeModelWithResponseStreamInput::new(model_id);
    input.body = Some(Bytes::copy_from_slice(body.as_bytes()));
    sign(serialized::<InvokeModelWithResponseStream>(input))
}

/// Returns the complete response to a request.
fn send(endpoint: &Arc<EndpointState>, request: Request<Bytes>) -> Response<Bytes> {
    let (head, body) = head(endpoint, request).into_parts();
    let (frames, error) = frames(body);
    assert!(error.is_none(), "{error:?}");
    Response::from_parts(head, frames.concat().into())
}

/// Returns the response to a request before a frame of its body has been generated.
fn head(endpoint: &Arc<EndpointState>, request: Request<Bytes>) -> Response<ResponseBody> {
    let request = request.map(|body| {
        let mut payload = PayloadCollector::default();
        payload.update(&body);
        payload.finish()
    });
    let mut response = completed(handle(endpoint, 1, request, endpoint.clock.now())).ok().unwrap().response;
    if response.body().buffered().is_none() {
        assert!(next_frame(response.body_mut()).is_pending(), "the head must be sent first");
    }
    response
}

/// Returns the result of a future that is ready when it is first polled.
fn completed<F: Future>(future: F) -> F::Output {
    match std::pin::pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(result) => result,
        Poll::Pending => panic!("without a backend, the handler must not wait"),
    }
}

/// Returns all frames of a body, and the error if the body fails.
fn frames(mut body: ResponseBody) -> (Vec<Vec<u8>>, Option<BodyError>) {
    let mut frames = Vec::new();
    loop {
        match next_frame(&mut body) {
            // Copies and drops the frame. The body treats a dropped frame as written, and only then generates
            // the next frame.
            Poll::Ready(Some(Ok(frame))) => frames.push(frame.to_vec()),
            Poll::Ready(Some(Err(error))) => return (frames, Some(error)),
            Poll::Ready(None) => return (frames, None),
            Poll::Pending => panic!("a body without a pace must not wait after its frames were written"),
        }
    }
}

fn next_frame(body: &mut ResponseBody) -> Poll<Option<Result<Bytes, BodyError>>> {
    let frame = Pin::new(body).poll_frame(&mut Context::from_waker(Waker::noop()));
    frame.map(|frame| frame.map(|frame| frame.map(|frame| frame.into_data().unwrap())))
}

/// Checks that the response and the log contain the expected error. Returns the message of the error.
fn check_error(endpoint: &Arc<EndpointState>, request: Request<Bytes>, status: u16, code: &str) -> String {
    let response = send(endpoint, request);
    let error = ErrorMetadata::from_response(&response);
    assert_eq!((error.status().as_u16(), error.code()), (status, Some(code)), "{error}");
    let call = endpoint.log.calls().pop().unwrap();
    assert_eq!((call.status, call.error_code.as_deref()), (status, Some(code)));
    assert_eq!(error.request_id(), Some(call.request_id.as_str()));
    assert_eq!(response.headers()["content-type"], "application/json");
    error.message().unwrap_or_default().to_owned()
}

/// Checks that an error message contains a text.
#[track_caller]
fn check_contains(message: &str, part: &str) {
    assert!(message.contains(part), "{part:?} is not in {message:?}");
}
