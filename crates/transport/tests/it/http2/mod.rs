//! Tests of HTTP/2 with two servers: one uses the crate `h2`, and one writes raw frames.

mod failures;
mod frames;
mod runtimes;
mod server;
mod sharing;
mod stages;
mod streams;

use bytes::Bytes;
use http::Request;
use invoke_model_transport::{
    HttpVersionPolicy, HyperTransport, HyperTransportBuilder, RequestBody, Transport,
};

use crate::server::CallResult;
use crate::tls::ROOT;

/// Returns the builder of a transport that prefers HTTP/2.
fn prefer_http2() -> HyperTransportBuilder {
    HyperTransport::builder().root_certificates_pem(ROOT).http_version_policy(HttpVersionPolicy::PreferHttp2)
}

/// Returns the builder of a transport that uses only HTTP/2.
fn http2_only() -> HyperTransportBuilder {
    HyperTransport::builder().root_certificates_pem(ROOT).http_version_policy(HttpVersionPolicy::Http2Only)
}

fn post(uri: impl Into<String>) -> Request<RequestBody> {
    Request::post(uri.into()).body(Bytes::from_static(b"{\"a\":1}").into()).unwrap()
}

async fn send(transport: &HyperTransport, uri: impl Into<String>) -> CallResult {
    transport.send(post(uri)).await
}

async fn call(transport: &HyperTransport, uri: impl Into<String>) {
    let response = send(transport, uri).await.unwrap();
    assert_eq!(response.version(), http::Version::HTTP_2);
    assert_eq!(response.into_body().collect().await.unwrap(), "{}");
}
