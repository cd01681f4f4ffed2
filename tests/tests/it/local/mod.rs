//! Tests of the local endpoint: comparisons with recorded responses of the service, and typed calls.

mod conversations;
mod differences;
mod shape;

use bytes::Bytes;
use http::{Request, Response};
use invoke_model_local::LocalEndpoint;
use invoke_model_transport::{HyperTransport, RequestBody, Transport};

/// Sends a request to an endpoint. Returns the complete response.
async fn send(transport: &HyperTransport, local: &LocalEndpoint, request: Request<Bytes>) -> Response<Bytes> {
    let (mut head, body) = request.into_parts();
    head.uri = format!("{}{}", local.url(), head.uri).parse().unwrap();
    let response = transport.send(Request::from_parts(head, RequestBody::from(body))).await.unwrap();
    let (head, body) = response.into_parts();
    Response::from_parts(head, body.collect().await.unwrap())
}
