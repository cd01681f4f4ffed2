//! Measures the parts of a call that use no sockets.
//!
//! Run `cargo bench -p invoke-model-tests --bench call`. Criterion prints the throughput in payload bytes per
//! second. Ignore the throughput of serialization and parsing, because these steps do not read the payload.
#![allow(missing_docs, reason = "`criterion_group!` generates a public function")]

use std::time::{Duration, SystemTime};

use bytes::Bytes;
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use http::request::Parts;
use http::{Request, Response};
use invoke_model_signing::{Credentials, PayloadHash, Signer, Verifier};
use invoke_model_types::{InvokeModel, InvokeModelInput, Operation};

/// Payload sizes in bytes: a short prompt, and a document with an image.
const SIZES: [usize; 2] = [300, 1 << 20];

const NOW: Duration = Duration::from_secs(1_440_938_160);

fn credentials() -> Credentials {
    Credentials::new("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", None)
}

fn now() -> SystemTime {
    SystemTime::UNIX_EPOCH + NOW
}

fn input(payload: &Bytes) -> InvokeModelInput {
    let mut input = InvokeModelInput::new("us.amazon.nova-lite-v1:0");
    input.body = Some(payload.clone());
    input.content_type = Some("application/json".to_owned());
    input
}

fn request(payload: &Bytes) -> Request<Bytes> {
    let mut request = InvokeModel::serialize(input(payload)).expect("a request");
    let uri = format!("https://bedrock-runtime.us-east-1.amazonaws.com{}", request.uri());
    *request.uri_mut() = uri.parse().expect("a target");
    request
}

fn sign(signer: &Signer, parts: &Parts, payload: &[u8]) -> Parts {
    let mut parts = parts.clone();
    let hash = PayloadHash::of(payload);
    signer.sign(&mut parts, &credentials(), &hash, now()).expect("a signature");
    parts
}

fn response(payload: &Bytes) -> Response<Bytes> {
    Response::builder()
        .header("content-type", "application/json")
        .header("x-amzn-requestid", "5c3ab1e2-0d6f-4a38-9c7e-0f1d2b3a4c5d")
        .header("x-amzn-bedrock-invocation-latency", "417")
        .body(payload.clone())
        .expect("a response")
}

fn call(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("call");
    for size in SIZES {
        let payload = Bytes::from(vec![b'a'; size]);
        group.throughput(Throughput::Bytes(size as u64));
        let mut bench = |name: &str, work: &mut dyn FnMut()| {
            group.bench_function(BenchmarkId::new(name, size), |bencher| bencher.iter(&mut *work));
        };
        bench("serialize", &mut || {
            std::hint::black_box(InvokeModel::serialize(input(&payload)).expect("a request"));
        });
        let (parts, _) = request(&payload).into_parts();
        let signer = Signer::new("us-east-1", "bedrock");
        bench("hash and sign, key cached", &mut || {
            std::hint::black_box(sign(&signer, &parts, &payload));
        });
        bench("hash and sign, key derived", &mut || {
            std::hint::black_box(sign(&Signer::new("us-east-1", "bedrock"), &parts, &payload));
        });
        let (signed, verifier) = (sign(&signer, &parts, &payload), Verifier::new("bedrock"));
        bench("hash and verify, key cached", &mut || {
            let hash = PayloadHash::of(&payload);
            let verified = verifier.verify(&signed, &hash, |_| Some(credentials()), now());
            std::hint::black_box(verified.expect("our own signature"));
        });
        let response = response(&payload);
        bench("parse", &mut || {
            std::hint::black_box(InvokeModel::parse(&response).expect("an output"));
        });
    }
    group.finish();
}

criterion_group!(benches, call);
criterion_main!(benches);
