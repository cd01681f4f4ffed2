//! Runs one layer of a call repeatedly.

use std::hint::black_box;
use std::time::{Duration, SystemTime};

use bench_server::event;
use bench_workload::{REQUEST, RESPONSE_LENGTH, SMALL, ready};
use bytes::Bytes;
use clap::{Parser, ValueEnum};
use http::{Request, Response};
use invoke_model_protocol::event_stream::{Decoder, EventStream};
use invoke_model_signing::{Credentials, PayloadHash, Signer};
use invoke_model_transport::{HyperTransport, RequestBody, Transport};
use invoke_model_types::{InvokeModel, InvokeModelInput, Operation, ResponseStream};

#[derive(Parser)]
struct Arguments {
    /// URL of the server.
    endpoint: String,
    /// Print `ready` before the work, and wait for a line on standard input.
    #[arg(long)]
    wait: bool,
    /// Layer to run.
    layer: Layer,
    /// Number of repetitions.
    count: usize,
}

#[derive(Clone, Copy, ValueEnum)]
enum Layer {
    /// Serializes an input into a request.
    Serialize,
    /// Hashes a payload.
    Hash,
    /// Signs a request with the hash of its payload and a cached signing key.
    Sign,
    /// Sends a request over an open connection, and reads the complete response.
    Send,
    /// Parses a response into an output.
    Parse,
    /// Decodes the bytes of a frame into a message.
    Frame,
    /// Parses a message into an event.
    Event,
}

fn main() {
    let Arguments { endpoint, wait, layer, count } = Arguments::parse();
    if wait {
        ready();
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    match layer {
        Layer::Serialize => repeat(count, serialize),
        Layer::Hash => repeat(count, || PayloadHash::of(REQUEST)),
        Layer::Sign => {
            let (signer, hash) = (Signer::new("us-east-1", "bedrock"), PayloadHash::of(REQUEST));
            let credentials = Credentials::new("AKIDEXAMPLE", "secret", None);
            let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_440_938_160);
            let (parts, _) = addressed(&endpoint).into_parts();
            // Each repetition first copies the request, because `sign` changes it. The count includes the
            // copy.
            repeat(count, || {
                let mut parts = parts.clone();
                signer.sign(&mut parts, &credentials, &hash, now).expect("a signature");
                parts
            });
        }
        Layer::Send => runtime.block_on(async {
            let (transport, request) = (HyperTransport::new(), addressed(&endpoint));
            for _ in 0..count {
                let response =
                    transport.send(request.clone().map(RequestBody::from)).await.expect("a response");
                let body = response.into_body().collect().await.expect("a body");
                assert_eq!(body.len(), RESPONSE_LENGTH);
            }
        }),
        Layer::Parse => {
            let response = response();
            repeat(count, || InvokeModel::parse(&response).expect("an output"));
        }
        Layer::Frame => {
            let (mut decoder, frame) = (Decoder::new(), event::frame());
            repeat(count, || {
                decoder.push(&frame);
                decoder.decode().expect("a frame").expect("a complete frame")
            });
        }
        Layer::Event => {
            let mut decoder = Decoder::new();
            decoder.push(&event::frame());
            let message = decoder.decode().expect("a frame").expect("a complete frame");
            repeat(count, || ResponseStream::parse(&message).expect("a message").expect("an event"));
        }
    }
}

fn repeat<T>(count: usize, mut work: impl FnMut() -> T) {
    for _ in 0..count {
        black_box(work());
    }
}

fn serialize() -> Request<Bytes> {
    let mut input = InvokeModelInput::new(black_box(SMALL));
    input.body = Some(Bytes::from_static(REQUEST));
    input.content_type = Some("application/json".to_owned());
    InvokeModel::serialize(input).expect("a request")
}

fn addressed(endpoint: &str) -> Request<Bytes> {
    let mut request = serialize();
    *request.uri_mut() = format!("{endpoint}{}", request.uri()).parse().expect("a target");
    request
}

/// Returns a response with the same headers as a response of the benchmark server.
fn response() -> Response<Bytes> {
    Response::builder()
        .header("date", "Tue, 24 Nov 2026 12:00:00 GMT")
        .header("connection", "keep-alive")
        .header("x-amzn-requestid", "5c3ab1e2-0d6f-4a38-9c7e-0f1d2b3a4c5d")
        .header("content-type", "application/json")
        .header("content-length", RESPONSE_LENGTH)
        .header("x-amzn-bedrock-invocation-latency", "417")
        .header("x-amzn-bedrock-input-token-count", "52")
        .header("x-amzn-bedrock-output-token-count", "9")
        .body(Bytes::from_static(&[b'a'; RESPONSE_LENGTH]))
        .expect("a response")
}
