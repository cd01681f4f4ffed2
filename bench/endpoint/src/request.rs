//! Signed requests as bytes.

use bench_workload::REQUEST;
use bytes::Bytes;
use http::HeaderValue;
use http::header::{CONTENT_LENGTH, HOST};
use invoke_model_local::LocalEndpointBuilder;
use invoke_model_signing::{Credentials, PayloadHash, Signer};
use invoke_model_types::{
    InvokeModel, InvokeModelInput, InvokeModelWithResponseStream, InvokeModelWithResponseStreamInput,
    Operation,
};

use crate::now;

const MODEL: &str = "anthropic.claude-sonnet-4-5-20250929-v1:0";

/// Returns a request of `InvokeModel`.
pub(crate) fn call() -> Bytes {
    let mut input = InvokeModelInput::new(MODEL);
    input.body = Some(Bytes::from_static(REQUEST));
    signed::<InvokeModel>(input)
}

/// Returns a request of `InvokeModelWithResponseStream`.
pub(crate) fn stream() -> Bytes {
    let mut input = InvokeModelWithResponseStreamInput::new(MODEL);
    let body = str::from_utf8(REQUEST).expect("text").replace("512", "1000000");
    input.body = Some(body.into());
    signed::<InvokeModelWithResponseStream>(input)
}

fn signed<O: Operation>(input: O::Input) -> Bytes {
    let mut request = O::serialize(input).expect("a request");
    request.headers_mut().insert(HOST, HeaderValue::from_static("127.0.0.1"));
    let (mut parts, body) = request.into_parts();
    let credentials =
        Credentials::new(LocalEndpointBuilder::ACCESS_KEY_ID, LocalEndpointBuilder::SECRET_ACCESS_KEY, None);
    let signer = Signer::new("us-east-1", "bedrock");
    signer.sign(&mut parts, &credentials, &PayloadHash::of(&body), now()).expect("a signature");
    parts.headers.insert(CONTENT_LENGTH, body.len().into());
    let mut bytes = format!("{} {} HTTP/1.1\r\n", parts.method, parts.uri).into_bytes();
    for (name, value) in &parts.headers {
        bytes.extend_from_slice(&[name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"].concat());
    }
    bytes.extend_from_slice(b"\r\n");
    bytes.extend_from_slice(&body);
    bytes.into()
}
