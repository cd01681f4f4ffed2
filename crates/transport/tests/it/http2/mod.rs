//! HTTP/2: with a peer of the `h2` crate, and with one that writes its frames itself.

mod failures;
mod frames;
mod peer;
mod sharing;
mod streams;

use bytes::Bytes;
use http::Request;
use invoke_model_transport::{
    HttpVersionPolicy, HyperTransport, HyperTransportBuilder, RequestBody, Transport,
};

use crate::{server::Answer, tls::ROOT};

/// A transport that speaks HTTP/2 if the peer does.
fn negotiating() -> HyperTransportBuilder {
    HyperTransport::builder().root_certificates_pem(ROOT).versions(HttpVersionPolicy::Negotiated)
}

/// A transport that speaks HTTP/2 and nothing else.
fn only() -> HyperTransportBuilder {
    HyperTransport::builder().root_certificates_pem(ROOT).versions(HttpVersionPolicy::Http2)
}

fn post(uri: impl Into<String>) -> Request<RequestBody> {
    Request::post(uri.into()).body(Bytes::from_static(b"{\"a\":1}").into()).unwrap()
}

async fn send(transport: &HyperTransport, uri: impl Into<String>) -> Answer {
    transport.send(post(uri)).await
}

async fn call(transport: &HyperTransport, uri: impl Into<String>) {
    let response = send(transport, uri).await.unwrap();
    assert_eq!(response.version(), http::Version::HTTP_2);
    assert_eq!(response.into_body().collect().await.unwrap(), "{}");
}
