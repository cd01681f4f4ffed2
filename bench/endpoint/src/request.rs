//! Signed requests as bytes.

use std::time::SystemTime;

use bench_workload::REQUEST;
use bytes::Bytes;
use http::header::{CONTENT_LENGTH, HOST};
use http::{HeaderValue, Request};
use invoke_model_local::LocalEndpointBuilder;
use invoke_model_signing::{Credentials, PayloadHash, Signer};
use invoke_model_types::{
    InvokeModel, InvokeModelInput, InvokeModelWithResponseStream, InvokeModelWithResponseStreamInput,
    Operation,
};

pub(crate) const MODEL: &str = "anthropic.claude-sonnet-4-5-20250929-v1:0";

/// Time and secret of a signature.
#[derive(Clone, Debug)]
pub(crate) struct Signing {
    time: SystemTime,
    secret: &'static str,
}

impl Signing {
    /// Signs at this time, with the secret that the local endpoint accepts.
    pub(crate) fn at(time: SystemTime) -> Self {
        Self { time, secret: LocalEndpointBuilder::SECRET_ACCESS_KEY }
    }

    pub(crate) fn with_secret(&self, secret: &'static str) -> Self {
        Self { time: self.time, secret }
    }

    pub(crate) fn sign(&self, request: Request<Bytes>) -> Request<Bytes> {
        let (mut parts, body) = request.into_parts();
        parts.headers.insert(HOST, HeaderValue::from_static("127.0.0.1"));
        let credentials = Credentials::new(LocalEndpointBuilder::ACCESS_KEY_ID, self.secret, None);
        let signer = Signer::new("us-east-1", "bedrock");
        signer.sign(&mut parts, &credentials, &PayloadHash::of(&body), self.time).expect("a signature");
        Request::from_parts(parts, body)
    }
}

/// Returns a request of `InvokeModel`.
pub(crate) fn call(signing: &Signing) -> Bytes {
    let mut input = InvokeModelInput::new(MODEL);
    input.body = Some(Bytes::from_static(REQUEST));
    signed::<InvokeModel>(input, signing)
}

/// Returns a request of `InvokeModelWithResponseStream`.
pub(crate) fn stream(signing: &Signing) -> Bytes {
    let mut input = InvokeModelWithResponseStreamInput::new(MODEL);
    let body = str::from_utf8(REQUEST).expect("text").replace("512", "1000000");
    input.body = Some(body.into());
    signed::<InvokeModelWithResponseStream>(input, signing)
}

pub(crate) fn signed<O: Operation>(input: O::Input, signing: &Signing) -> Bytes {
    bytes(signing.sign(O::serialize(input).expect("a request")))
}

/// Returns the bytes of a request of HTTP/1.1.
pub(crate) fn bytes(request: Request<Bytes>) -> Bytes {
    let (mut parts, body) = request.into_parts();
    parts.headers.insert(HOST, HeaderValue::from_static("127.0.0.1"));
    parts.headers.insert(CONTENT_LENGTH, body.len().into());
    let mut bytes = format!("{} {} HTTP/1.1\r\n", parts.method, parts.uri).into_bytes();
    for (name, value) in &parts.headers {
        bytes.extend_from_slice(&[name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"].concat());
    }
    bytes.extend_from_slice(b"\r\n");
    bytes.extend_from_slice(&body);
    bytes.into()
}
