//! Tests of the stages of a request, and of timeouts that expire at each stage.

use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use invoke_model_transport::{
    BoxFuture, Deadline, HyperTransport, Proxies, RequestBody, RequestProgress, RequestStage,
    RequestTimeouts, ResponseBody, TimeoutKind, Transport, TransportError, TransportErrorKind,
};

use crate::server::{Connection, Server};
use crate::tls::ROOT;

const LIMIT: Duration = Duration::from_secs(5);

fn post(uri: &str) -> Request<RequestBody> {
    Request::post(uri).body(Bytes::from_static(b"{}").into()).unwrap()
}

/// Sends a request whose timeout expires, once with each of the two timeouts. Checks the stage, and that the
/// error knows whether the request was sent. The message must contain `reason`.
pub(crate) async fn check(
    transport: &dyn Transport,
    request: impl Fn() -> Request<RequestBody>,
    expected: RequestStage,
    reason: &str,
) {
    let streamed = |request: Request<RequestBody>| request.map(|body| RequestBody::from_body(Unsized(body)));
    for (first_byte, operation, kind, mut request) in [
        (Some(LIMIT), None, TimeoutKind::FirstByte, request()),
        (None, Some(LIMIT), TimeoutKind::Operation, request()),
        (Some(9 * LIMIT), Some(LIMIT), TimeoutKind::Operation, streamed(request())),
    ] {
        let progress = RequestProgress::default();
        request.extensions_mut().insert(progress.clone());
        let deadline = operation.and_then(Deadline::after);
        let timeouts = RequestTimeouts { first_byte, deadline, ..RequestTimeouts::default() };
        let error = timeouts.send(transport, request).await.unwrap_err();
        assert_eq!(error.kind(), TransportErrorKind::Timeout(kind), "{error}");
        assert_eq!(progress.stage(), expected, "{error}");
        assert_eq!(error.may_have_been_sent(), expected.may_have_been_sent(), "{error}");
        assert!(error.to_string().contains(reason), "{error}");
    }
}

/// A body without a length.
struct Unsized(RequestBody);

impl http_body::Body for Unsized {
    type Data = Bytes;
    type Error = TransportError;

    fn poll_frame(
        mut self: std::pin::Pin<&mut Self>,
        cx: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<http_body::Frame<Bytes>, TransportError>>> {
        std::pin::Pin::new(&mut self.0).poll_frame(cx)
    }
}

#[tokio::test(start_paused = true)]
async fn a_request_that_waits_for_a_connection_was_not_sent() {
    let server = Server::start(|mut connection| async move {
        connection.request().await.unwrap();
        connection.write("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n").await;
        connection.closed().await;
    })
    .await;
    let transport = HyperTransport::builder().max_connections_per_host(1).build();
    let held = transport.send(post(&server.uri("/"))).await.unwrap();
    let reason = "not sent after 5s, because other requests used all connections";
    check(&transport, || post(&server.uri("/")), RequestStage::Queued, reason).await;
    assert_eq!(server.accepted(), 1);
    drop(held);
}

#[tokio::test(start_paused = true)]
async fn a_request_whose_connection_is_not_established_was_not_sent() {
    let silent = Server::start(Connection::closed).await;
    let transport = || HyperTransport::builder().root_certificates_pem(ROOT).connect_timeout(10 * LIMIT);
    let handshake = format!("https://{}/", silent.address);
    let reason = "because the TLS handshake was not completed";
    check(&transport().build(), || post(&handshake), RequestStage::TlsHandshake, reason).await;

    let reason = "because no connection was established";
    for (scheme, target) in [("http", "https://127.0.0.1/"), ("socks5", "http://127.0.0.1/")] {
        let proxy = format!("{scheme}://{}", silent.address);
        let proxies = Proxies::default().https(&proxy).unwrap().http(&proxy).unwrap();
        let transport = transport().proxies(proxies).build();
        check(&transport, || post(target), RequestStage::Connecting, reason).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_request_that_a_connection_has_accepted_may_have_been_sent() {
    let server = Server::start(Connection::closed).await;
    let reason = "after 5s; raise `TimeoutConfig::";
    let transport = HyperTransport::new();
    check(&transport, || post(&server.uri("/")), RequestStage::Sending, reason).await;
    let large = || post(&server.uri("/")).map(|_| Bytes::from(vec![0; 2 << 20]).into());
    check(&transport, large, RequestStage::Sending, reason).await;

    let (empty, progress) =
        (Request::get(server.uri("/")).body(RequestBody::default()), RequestProgress::default());
    let mut empty = empty.unwrap();
    empty.extensions_mut().insert(progress.clone());
    let timeouts = RequestTimeouts { first_byte: Some(LIMIT), ..RequestTimeouts::default() };
    assert!(timeouts.send(&transport, empty).await.unwrap_err().may_have_been_sent());
    assert_eq!(progress.stage(), RequestStage::Sending);
}

/// A transport that never responds and reports no stage.
#[derive(Debug)]
struct Silent;

impl Transport for Silent {
    fn send(&self, _: Request<RequestBody>) -> BoxFuture<Result<Response<ResponseBody>, TransportError>> {
        Box::pin(std::future::pending())
    }
}

#[tokio::test(start_paused = true)]
async fn a_request_of_a_transport_that_reports_no_stage_may_have_been_sent() {
    let reason = "after 5s; raise `TimeoutConfig::";
    check(&Silent, || post("http://127.0.0.1/"), RequestStage::Unknown, reason).await;
}

#[tokio::test(start_paused = true)]
async fn the_stage_of_a_request_that_is_dropped_remains_known() {
    let silent = Server::start(Connection::closed).await;
    let transport = HyperTransport::builder().root_certificates_pem(ROOT).build();
    let (mut request, progress) = (post(&format!("https://{}/", silent.address)), RequestProgress::default());
    request.extensions_mut().insert(progress.clone());
    let sending = RequestTimeouts::default().send(&transport, request);
    assert_eq!(progress.stage(), RequestStage::Unknown);
    assert!(tokio::time::timeout(LIMIT, sending).await.is_err());
    assert_eq!(progress.stage(), RequestStage::TlsHandshake);
}
